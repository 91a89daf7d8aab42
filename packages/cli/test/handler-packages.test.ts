import { liveHandler } from '@theater/boundary'
import { memoryStore } from '@theater/event-chain'
import { relayGuest } from '@theater/guests/relay'
import type { RelayName } from '@theater/guests/relay'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { makeHandlers } from '../src/handlers.ts'

it('says for each import that no handler of a host serves which package does, and whether that wants a grant', async () => {
  await using theater = await Theater.open({ store: memoryStore(), handlers: [] })
  for (const handler of await makeHandlers({ store: 'unused.db' })) {
    const { name } = handler
    // What is derived without a grant needs no handler.
    if (handler.interfaces.some((track) => liveHandler(track) !== undefined)) continue
    const error: unknown = await theater
      .spawn({ id: 'a', component: relayGuest(name as RelayName) })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unmet-import' })
    const { message } = error as Error
    expect(message.split('\n')).toHaveLength(1)
    expect(message).toContain(`Add \`${name}()\` of @theater/handler-${name} to the handlers`)
    expect(message).toMatch(handler.inert === undefined ? `grant "${name}" to the actor.` : 'needs no grant')
  }
})
