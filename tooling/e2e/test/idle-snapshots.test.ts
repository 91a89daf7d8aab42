import { setImmediate } from 'node:timers/promises'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Keeping, LoggedStore } from '@theater/event-chain'
import { cast, drive, jobs, lostOrDoubled, missing, records } from '@theater/crash'
import type { ActorInfo } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { add, get, Stage, trap, verdicts, World } from './support/courier.ts'

const often = { everyEvents: 1 }

async function kept(store: LoggedStore): Promise<Keeping | undefined> {
  const { chain } = (await store.find('a'))!
  const found = await store.caches.kept(chain, 'snapshot')
  return found && { ...found, chain, kind: 'snapshot' }
}

/** Opens a store in which somebody may have meddled, and asks its actor what it has. */
async function asked(store: LoggedStore): Promise<unknown> {
  await using stage = await Stage.open({ store })
  const answer = await stage.run('a', [get])
  const { recovery } = stage.theater.actors()[0]!
  const warned = stage.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
  return { answer, events: recovery?.events, warned, verdicts: await verdicts(store) }
}

const verified = { verdicts: { a: 'verified' } }

describe('a snapshot', () => {
  it('is what an actor comes back from, and its record says the same', async () => {
    const store = memoryStore()
    {
      await using stage = await Stage.open({ store, snapshots: often, resident: 0 }, { a: {} })
      for (let n = 0; n < 20; n++) await stage.run('a', [add(1)])
      await expect(stage.run('a', [add(5), trap])).rejects.toMatchObject({ code: 'trapped' })
      expect(await stage.run('a', [add(1), get])).toEqual([21])
      await stage.idle()
      expect(stage.theater.actors()).toMatchObject([{ resident: false }])
    }
    // The takeover is all that came after it.
    expect(await asked(store)).toMatchObject({ answer: [21], events: 1, warned: [], ...verified })
  })

  it('is taken of an actor that rests, before it is due, with a summary of the same events: the next host re-runs little', async () => {
    const store = memoryStore()
    {
      await using stage = await Stage.open({ store, snapshots: false }, { a: {} })
      for (let n = 0; n < 100; n++) await stage.run('a', [add(1)])
    }
    expect(await kept(store)).toBeUndefined()
    const { chain } = (await store.find('a'))!
    await store.caches.discard(chain, 'summary')
    {
      await using stage = await Stage.open({ store })
      expect(await stage.run('a', [get])).toEqual([100])
      const [{ events, recovery }] = stage.theater.actors() as [ActorInfo]
      expect(recovery!.events).toBeGreaterThan(200)
      let summary: number | undefined
      while (summary === undefined) {
        await setImmediate()
        summary = (await store.caches.kept(chain, 'summary'))?.size
      }
      expect([summary, (await kept(store))?.size]).toEqual([events, events])
    }
    expect(await asked(store)).toMatchObject({ answer: [100], events: 1, ...verified })
  })

  it('does not put off the summary of what it was taken of: at the end of turns too, what the next host reads is little', async () => {
    const store = memoryStore()
    await using stage = await Stage.open({ store, snapshots: often }, { a: {} })
    for (let n = 0; n < 100; n++) await stage.run('a', [add(1)])
    const { chain } = (await store.find('a'))!
    let summary: number | undefined
    while (summary === undefined) {
      await setImmediate()
      summary = (await store.caches.kept(chain, 'summary'))?.size
    }
    expect(summary).toBeGreaterThan(64)
  })

  it('serves actors that send, ask, act and trap, each of which leaves memory after each turn', async () => {
    const all = jobs(30)
    const store = memoryStore()
    const actors = Object.fromEntries(cast.map((id) => [id, {}]))
    await using stage = await Stage.open({ store, world: new World(), resident: 0, snapshots: often }, actors)
    await drive(stage, all)
    const record = await records(store)
    expect(lostOrDoubled(record)).toEqual([])
    expect(missing(record, all)).toEqual([])
    expect(Object.values(await verdicts(store))).toEqual(cast.map(() => 'verified'))
    expect(stage.lines.filter(({ level }) => level === 'warn')).toEqual([])
  })

  it('is thrown away, loudly, where it is damaged, of another record, or does not lead to where that ends', async () => {
    const store = memoryStore()
    const counts: (Keeping | undefined)[] = []
    {
      await using stage = await Stage.open({ store, snapshots: often }, { a: {} })
      for (let n = 0; n < 3; n++) {
        await stage.run('a', [add(1), get])
        counts.push(await kept(store))
      }
    }
    const [one, two] = counts as [Keeping, Keeping]
    await store.caches.keep([{ ...two, bytes: two.bytes.with(30, two.bytes[30]! ^ 1) }])
    const whole = { answer: [3], ...verified }
    expect(await asked(store)).toMatchObject({ ...whole, warned: [expect.stringContaining('thrown away')] })
    expect(await kept(store)).toBeUndefined()
    await store.caches.keep([{ ...two, head: one.head }])
    expect(await asked(store)).toMatchObject({
      ...whole,
      warned: [expect.stringContaining('another record')],
    })
    // What it had after its first turn, said to be what it had after the second: the third counts on.
    await store.caches.keep([{ ...two, bytes: one.bytes }])
    expect(await asked(store)).toMatchObject({ ...whole, warned: [expect.stringContaining('thrown away')] })
  })

  it('is not taken, and not used, where nobody wants any', async () => {
    const store = memoryStore()
    {
      await using stage = await Stage.open({ store, snapshots: often }, { a: {} })
      await stage.run('a', [add(1)])
      expect(await kept(store)).toBeDefined()
    }
    await using stage = await Stage.open({ store, snapshots: false, resident: 0 })
    const before = await kept(store)
    for (let n = 0; n < 30; n++) await stage.run('a', [add(1)])
    await stage.idle()
    expect(await kept(store)).toEqual(before)
    const { recovery, events } = stage.theater.actors()[0]!
    expect(recovery!.events).toBeGreaterThan(before!.size - 1)
    expect(await Array.fromAsync(readEvents(store, before!.chain))).toHaveLength(events)
  })
})
