import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { relayed, relayGuest } from '@theater/guests/relay'
import { openThread } from '@theater/runtime/thread'
import type { TheaterThread } from '@theater/runtime/thread'
import { expect, it, onTestFinished } from 'vitest'
import { text, wrongWith } from './support/talkers.ts'
import { storeIn } from './support/thread-wakers.ts'
import { firedIn } from './support/wakers.ts'

const module = new URL('support/thread-wakers.ts', import.meta.url)

function after(thread: TheaterThread, ms: number): Promise<unknown> {
  const when = { tag: 'after', val: BigInt(ms) }
  return thread.call('a', relayed('theater:timer/timers@0.1#once'), [when, text('now')])
}

it('timers fire in a thread of actors, and the next thread has those that are still to fire', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'theater-timers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  {
    await using thread = await openThread({ module, data: { folder } })
    await thread.spawn({
      id: 'a',
      component: relayGuest('timer'),
      grants: { timer: { shortestMs: 1 } },
    })
    await after(thread, 1)
    await thread.idle({ timers: true })
    expect(await thread.timers()).toEqual([])
    await after(thread, 1_000_000_000)
    await thread.idle()
  }
  {
    await using thread = await openThread({ module, data: { folder } })
    expect(await thread.timers()).toMatchObject([{ actor: 'a', interval: undefined }])
  }
  await using store = storeIn(folder)
  expect(await firedIn(store, 'a')).toHaveLength(1)
  expect(await wrongWith(store)).toEqual([])
})
