import { encodeReply } from '@theater/actor/message'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { Theater, TheaterError } from '@theater/runtime'
import type { Message, TheaterErrorCode } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { ask, cache, counter, handlers } from './support/actors.ts'
import { verdicts } from './support/courier.ts'
import { Journal } from './support/journal.ts'

const SAVE = 'theater:actor/migration@0.1#save'
const grants = { log: {}, messaging: { to: [] } }
const open = (store: Store) => Theater.open({ store, handlers: handlers(), cache })
const code =
  (expected: TheaterErrorCode) =>
  (error: unknown): boolean =>
    TheaterError.is(error) && error.code === expected

async function functions(store: Store, label: string): Promise<string[]> {
  const info = await store.find(label)
  const found: string[] = []
  for await (const { kind, content } of readEvents(store, info!.chain)) {
    if (kind === 'turn') found.push(content?.fn.replace(/^.*#/, '') ?? '')
    if (kind === 'stop') found.push('stop')
  }
  return found
}

describe('an actor that takes another’s place', () => {
  it('takes over the state in place of init, under the same name, and goes on after a restart', async () => {
    const store = memoryStore()
    {
      await using theater = await open(store)
      const params = encodeReply({ start: 7 })
      await theater.spawn({ id: 'a', component: counter, grants, params })
      const state = (await theater.call('a', SAVE, [])) as Message
      await expect(theater.release('a')).rejects.toSatisfy(code('exists'))
      await expect(theater.release('b')).rejects.toSatisfy(code('unknown-actor'))
      await theater.stop('a', 'replaced')
      await theater.release('a')
      await theater.spawn({ id: 'a', component: counter, grants, params, state })
      expect(await ask(theater, 'a', 'add', { by: 1 })).toBe(8)
    }
    await using again = await open(store)
    expect(await ask(again, 'a', 'get')).toBe(8)
    expect(await functions(store, 'a~1')).toEqual(['init', 'save', 'stop'])
    expect(await functions(store, 'a')).toEqual(['load', 'handle-request', 'handle-request'])
    expect(again.actors()).toMatchObject([
      { id: 'a', state: 'idle' },
      { id: 'a~1', state: 'stopped' },
    ])
    await again.close()
    expect(await verdicts(store)).toEqual({ a: 'verified', 'a~1': 'verified' })
  })

  it('does not come to be where it cannot take the state over, and its name is free', async () => {
    const store = memoryStore()
    await using theater = await open(store)
    const state = { format: 'text/plain', body: new Uint8Array(3) }
    const spawning = theater.spawn({ id: 'a', component: counter, grants, state })
    await expect(spawning).rejects.toSatisfy(code('failed-to-start'))
    await expect(spawning).rejects.toThrow('a: load failed (bad-state)')
    expect(await functions(store, 'a~1')).toEqual(['load', 'stop'])
    await theater.spawn({ id: 'a', component: counter, grants })
    expect(await ask(theater, 'a', 'get')).toBe(0)
  })

  it('needs a component that takes over states', async () => {
    const store = memoryStore()
    await using theater = await open(store)
    const state = encodeReply(1)
    await expect(theater.spawn({ id: 'a', component: guest('echo'), state })).rejects.toSatisfy(
      code('not-served'),
    )
    expect(await store.list()).toEqual([])
  })

  it('is there with the state or not at all, wherever the host ends while it takes it over', async () => {
    const journal = new Journal()
    const state = encodeReply({ count: 7 })
    {
      await using theater = await open(journal.store)
      await theater.spawn({ id: 'a', component: counter, grants, params: encodeReply({ start: 1 }), state })
    }
    const counts: unknown[] = []
    for (let at = 0; at <= journal.length; at++) {
      const left = await journal.at(at)
      await using theater = await open(left.store)
      const there = theater.actors().some(({ id }) => id === 'a')
      counts.push(there ? await ask(theater, 'a', 'get') : 'none')
    }
    expect(counts.at(-1)).toBe(7)
    expect(new Set(counts)).toEqual(new Set(['none', 7]))
  })
})
