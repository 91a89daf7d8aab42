import { memoryStore, readEvents } from '@theater/event-chain'
import type { CacheStore, Event, LoggedStore } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordReader } from '../../../packages/runtime/src/record-reader.ts'
import { decodeSummary, encodeSummary } from '../../../packages/runtime/src/summary-bytes.ts'
import { cast, drive, jobs, lostOrDoubled, records } from '@theater/crash'
import { add, ask, get, send, Stage, verdicts } from './support/courier.ts'
import { actors, live } from './support/parley.ts'
import { Hall } from './support/talkers.ts'
import { Watchtower } from './support/wakers.ts'

const ENDS = ['return', 'trap', 'abort', 'stop', 'resume']

/** What a record says, in bytes, read from the start. */
function whole(events: readonly Event[]): Uint8Array {
  const reader = new RecordReader(events[0]!.chain)
  for (const event of events) reader.take(event)
  return encodeSummary(reader.summary)
}

/** The same, of a beginning that went through bytes, and of what came after it. */
function inTwo(events: readonly Event[], at: number): Uint8Array {
  const { chain } = events[0]!
  const reader = new RecordReader(chain, decodeSummary(whole(events.slice(0, at)), chain))
  for (const event of [...events.slice(0, 2), ...events.slice(at)]) reader.take(event)
  return encodeSummary(reader.summary)
}

/** Where a record is between two turns. */
function cuts(events: readonly Event[]): number[] {
  let turn = false
  const between: number[] = []
  for (const { seq, kind } of events) {
    if (kind === 'turn') turn = true
    else if (ENDS.includes(kind) && kind !== 'resume') turn = false
    if (!turn && ENDS.includes(kind)) between.push(seq + 1)
  }
  return between
}

async function eventsOf(store: LoggedStore): Promise<Event[][]> {
  const infos = await store.list()
  return Promise.all(infos.map(({ chain }) => Array.fromAsync(readEvents(store, chain))))
}

/** Every part of a summary but what left and may have arrived since. */
function butSends(bytes: Uint8Array): unknown[] {
  return (decodeData(bytes.subarray(32)) as unknown[]).toSpliced(2, 1)
}

/** The sequence numbers of what left and may not have arrived. */
function sends(bytes: Uint8Array): number[] {
  return ((decodeData(bytes.subarray(32)) as unknown[])[2] as [number][]).map(([seq]) => seq)
}

/** What is wrong with what a host that ended left beside its records. */
async function wrongBeside(store: LoggedStore): Promise<unknown[]> {
  const wrong: unknown[] = []
  for (const events of await eventsOf(store)) {
    const kept = await store.caches.kept(events[0]!.chain, 'summary')
    if (kept === undefined) {
      wrong.push('nothing was kept')
      continue
    }
    const said = whole(events.slice(0, kept.size))
    const [mine, theirs] = [butSends(kept.bytes), butSends(said)]
    try {
      expect(mine).toEqual(theirs)
      expect(sends(said)).toEqual(expect.arrayContaining(sends(kept.bytes)))
    } catch (error) {
      wrong.push(error)
    }
  }
  return wrong
}

/** Actors that send, ask, act and trap, in three hosts one after another. */
async function busy(which: readonly number[]): Promise<LoggedStore> {
  const store = memoryStore()
  for (const [host, todo] of [which.slice(0, 3), which.slice(3, 6), which.slice(6)].entries()) {
    const more = host === 0 ? Object.fromEntries(cast.map((id) => [id, {}])) : {}
    await using stage = await Stage.open({ store, summaryEvery: 1 }, more)
    const all = jobs(60)
    await drive(
      stage,
      todo.map((n) => all[n]!),
    )
  }
  return store
}

async function conversations(): Promise<LoggedStore> {
  const store = memoryStore()
  {
    await using hall = await Hall.open({ store, summaryEvery: 1 }, actors)
    await live(hall)
    await hall.subscribe('a', 'news')
    await hall.subscribe('b', 'news')
    await hall.publish('a', 'news', 'hello')
    await hall.idle()
    await hall.unsubscribe('b', 'news')
  }
  await using again = await Hall.open({ store, summaryEvery: 1 })
  await again.idle()
  return store
}

async function alarms(): Promise<LoggedStore> {
  const store = memoryStore()
  await using tower = await Watchtower.open({ store, summaryEvery: 1 })
  await tower.spawn('a')
  await tower.after('a', 10)
  await tower.every('a', 7)
  const third = await tower.every('a', 1000)
  await tower.pass(30)
  await tower.cancel('a', third)
  await tower.trap('a')
  await tower.after('a', 1_000_000)
  await tower.pass(30)
  return store
}

describe('what is kept beside a record', () => {
  it('goes on from any turn to what the whole record says', async () => {
    const stores = [await conversations(), await alarms()]
    for (const store of stores)
      for (const events of await eventsOf(store))
        for (const at of cuts(events)) expect(inTwo(events, at)).toEqual(whole(events))
    const run = fc.array(fc.nat(59), { minLength: 4, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(run, async (which) => {
        for (const events of await eventsOf(await busy(which)))
          for (const at of cuts(events)) expect(inTwo(events, at)).toEqual(whole(events))
      }),
      { numRuns: 5 },
    )
  })

  it('is what the record says, as its host kept it', async () => {
    const all = Array.from({ length: 12 }, (_, n) => n)
    for (const store of [await busy(all), await conversations(), await alarms()])
      expect(await wrongBeside(store)).toEqual([])
  })

  it('does not grow with what actors say to each other', async () => {
    const store = memoryStore()
    const sizes: number[] = []
    for (const host of [0, 1, 2]) {
      await using stage = await Stage.open({ store, summaryEvery: 1 }, host === 0 ? { a: {}, b: {} } : {})
      for (let n = 0; n < 100; n++) await stage.run('a', [send('b', [add(1)]), ...ask('b', [get])])
      await stage.idle()
      const info = await store.find('b')
      sizes.push((await store.caches.kept(info!.chain, 'summary'))!.bytes.length)
    }
    // The numbers get longer.
    expect(sizes[2]).toBeLessThan(sizes[0]! + 100)
  })

  /** A run of two hosts, between which somebody changes what is kept of every actor. */
  async function meddled(
    change: (caches: CacheStore, chain: Uint8Array, others: readonly Uint8Array[]) => Promise<void>,
  ): Promise<{ readonly lines: string[]; readonly wrong: unknown[]; readonly answer: unknown }> {
    const store = memoryStore()
    {
      await using stage = await Stage.open({ store, summaryEvery: 1 }, { a: {}, b: {} })
      for (let n = 0; n < 5; n++) await stage.run('a', [send('b', [add(1)]), ...ask('b', [get])])
    }
    const chains = (await store.list()).map(({ chain }) => chain)
    for (const chain of chains) await change(store.caches, chain, chains)
    await using stage = await Stage.open({ store })
    const answer = await stage.run('b', [get])
    await stage.idle()
    const wrong = [...lostOrDoubled(await records(store)), ...Object.values(await verdicts(store))]
    return {
      lines: stage.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
      wrong: wrong.filter((one) => one !== 'verified'),
      answer,
    }
  }

  it('is used where it fits', async () => {
    expect(await meddled(async () => undefined)).toEqual({ lines: [], wrong: [], answer: [5] })
  })

  it('is thrown away where it does not, loudly, and the record is read', async () => {
    const damaged = await meddled(async (caches, chain) => {
      const kept = (await caches.kept(chain, 'summary'))!
      const bytes = kept.bytes.with(40, kept.bytes[40]! ^ 1)
      await caches.keep([{ ...kept, chain, kind: 'summary', bytes }])
    })
    expect(damaged.lines).toEqual(Array(2).fill(expect.stringContaining('damaged')))
    const another = await meddled(async (caches, chain, [one, other]) => {
      const kept = (await caches.kept(chain === one ? other! : one!, 'summary'))!
      await caches.keep([{ ...kept, chain, kind: 'summary', size: Math.min(kept.size, 10) }])
    })
    expect(another.lines).toEqual(Array(2).fill(expect.stringContaining('another record')))
    for (const { wrong, answer } of [damaged, another]) {
      expect(wrong).toEqual([])
      expect(answer).toEqual([5])
    }
  })
})
