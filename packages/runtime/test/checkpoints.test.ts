import { memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { decodeEntry, HostLog, latestCheckpoint, SigningKey } from '@theater/event-chain/log'
import { guest } from '@theater/guests'
import { Theater } from '@theater/runtime'
import type { CheckpointOptions, LogLine } from '@theater/runtime'
import { describe, expect, it, vi } from 'vitest'
import { spineHandler } from './support/spine-handler.ts'
import { cache } from './support/kept.ts'

const key = await SigningKey.generate('host.example/theater')

async function open(
  store: LoggedStore,
  options: Partial<CheckpointOptions> = {},
  log: (line: LogLine) => void = () => undefined,
): Promise<Theater> {
  const checkpoints = { log: await HostLog.open({ store, key }), ...options }
  return Theater.open({ cache, store, handlers: [spineHandler({ calls: [] })], checkpoints, log })
}

const plain = { component: guest('spine'), grants: { spine: {} } }
const sizes = async (store: LoggedStore) =>
  (await store.hostLog.entries(0, 99)).map((bytes) => {
    const entry = decodeEntry(bytes)
    return entry.kind === 'chain' ? entry.size : entry.kind
  })

/** Waits until something is so, which waits for nothing but the event loop. */
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await new Promise((resolve) => setImmediate(resolve))
}

describe('a host signs', () => {
  it('when it ends, all that there is, and once', async () => {
    const store = memoryStore()
    const theater = await open(store)
    const a = await theater.spawn({ id: 'a', ...plain })
    await theater.spawn({ id: 'b', ...plain })
    await theater.call('a', 'run', [1])
    expect(await sizes(store)).toEqual([])
    await theater.close()
    const events = (await store.find('a'))?.size
    expect(await sizes(store)).toEqual([events, a.events])
    const again = await open(store)
    await again.close()
    // Nobody had anything to do, so nothing is new.
    expect((await latestCheckpoint(store))?.size).toBe(2)
    const third = await open(store)
    await third.call('b', 'run', [1])
    await third.close()
    expect((await latestCheckpoint(store))?.size).toBe(3)
  })

  it('after so many turns, while they go on', async () => {
    const store = memoryStore()
    await using theater = await open(store, { everyTurns: 5 })
    await theater.spawn({ id: 'a', ...plain })
    for (let i = 0; i < 4; i++) await theater.call('a', 'run', [1])
    expect(await sizes(store)).toEqual([])
    await theater.call('a', 'run', [1])
    await vi.waitFor(async () => expect(await sizes(store)).toHaveLength(1))
  })

  it('also those that come while it signs, when no other comes after them', async () => {
    const store = memoryStore()
    const gates: PromiseWithResolvers<void>[] = []
    const extendLog = store.hostLog.extendLog.bind(store.hostLog)
    vi.spyOn(store.hostLog, 'extendLog').mockImplementation(async (update) => {
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return extendLog(update)
    })
    const theater = await open(store, { everyTurns: 2, everyMs: 1 })
    await theater.spawn({ id: 'a', ...plain })
    await theater.call('a', 'run', [1])
    await until(() => gates.length === 1)
    // The first of these starts the clock, and with the second there are enough.
    for (let i = 0; i < 3; i++) await theater.call('a', 'run', [1])
    gates[0]?.resolve()
    await until(() => gates.length === 2)
    gates[1]?.resolve()
    const events = theater.actors()[0]?.events
    await until(async () => (await sizes(store)).length === 2)
    expect((await sizes(store)).at(-1)).toBe(events)
    await theater.close()
  })

  it('after so long', async () => {
    const store = memoryStore()
    await using theater = await open(store, { everyMs: 1 })
    await theater.spawn({ id: 'a', ...plain })
    await theater.call('a', 'run', [1])
    await vi.waitFor(async () => expect(await sizes(store)).not.toHaveLength(0))
  })

  it('or says once that it cannot, and goes on', async () => {
    const store = memoryStore()
    const lines: LogLine[] = []
    const extendLog = vi.spyOn(store.hostLog, 'extendLog').mockRejectedValue(new Error('no room'))
    await using theater = await open(store, { everyTurns: 1 }, (line) => lines.push(line))
    await theater.spawn({ id: 'a', ...plain })
    for (let i = 0; i < 3; i++) {
      await theater.call('a', 'run', [1])
      await vi.waitFor(() => expect(extendLog.mock.calls.length).toBeGreaterThan(i))
    }
    const said = { actor: '', level: 'error', message: 'the host could not sign a checkpoint: no room' }
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([said])
    extendLog.mockRestore()
    await theater.call('a', 'run', [1])
    await theater.close()
    expect(await sizes(store)).toContain((await store.find('a'))?.size)
  })

  it('never, where it is not told to; and only by what can be', async () => {
    const store = memoryStore()
    const theater = await Theater.open({ cache, store, handlers: [spineHandler({ calls: [] })] })
    await theater.spawn({ id: 'a', ...plain })
    await theater.close()
    expect(await latestCheckpoint(store)).toBeUndefined()
    for (const wrong of [{ everyTurns: 0 }, { everyMs: 0.5 }, { everyMs: 2 ** 31 }]) {
      await expect(open(store, wrong)).rejects.toMatchObject({ code: 'bad-limit' })
    }
  })
})
