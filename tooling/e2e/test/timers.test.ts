import { memoryStore } from '@theater/event-chain'
import { relayGuest } from '@theater/guests/relay'
import { describe, expect, it } from 'vitest'
import { Gate } from './support/gate.ts'
import { chainOf, wrongWith } from './support/talkers.ts'
import { Watchtower } from './support/wakers.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

async function open(): Promise<Watchtower> {
  const tower = await Watchtower.open()
  await tower.spawn('a')
  return tower
}

describe('a timer that fires once', () => {
  it('is a turn without a sender at its time, whose cause is the event with which it left', async () => {
    await using tower = await open()
    expect(await tower.after('a', 5000, 'now')).toBe(3n)
    await tower.pass(4999)
    expect(await tower.fired('a')).toEqual([])
    await tower.pass(1)
    expect(await tower.fired('a')).toEqual(['3 5000 +0 now'])
    await tower.pass(1_000_000)
    const chain = await chainOf(tower.store, 'a')
    expect(chain.map(({ kind }) => kind).join(' ')).toBe('genesis seed turn call send return turn return')
    const [turn, left] = [chain[6], chain[4]]
    const info = await tower.store.find('a')
    expect(turn?.content).toMatchObject({
      sender: null,
      cause: { chain: info?.chain, seq: 4, hash: left?.hash },
    })
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('fires at an instant, and at once where that has passed', async () => {
    await using tower = await open()
    const { time } = tower.clock
    await tower.at('a', time + 5000)
    await tower.at('a', time - DAY)
    expect(await tower.list('a')).toEqual([
      { id: 3n, due: BigInt(time + 5000), interval: undefined },
      { id: 7n, due: BigInt(time + 1), interval: undefined },
    ])
    await tower.pass(1)
    await tower.pass(4999)
    expect(await tower.fired('a')).toEqual(['7 1 +0 tick', '3 5000 +0 tick'])
  })

  it('may be further away than a timer of Node takes', async () => {
    await using tower = await open()
    await tower.after('a', 60 * DAY)
    await tower.pass(60 * DAY - 1)
    expect(await tower.fired('a')).toEqual([])
    await tower.pass(1)
    expect(await tower.fired('a')).toEqual([`3 ${60 * DAY} +0 tick`])
    expect(Math.max(...tower.clock.slept)).toBe(MINUTE)
  })
})

describe('a timer that fires again and again', () => {
  it('fires whenever its interval has passed since it was due', async () => {
    await using tower = await open()
    await tower.every('a', 100)
    await tower.pass(100)
    await tower.pass(130)
    await tower.pass(70)
    expect(await tower.fired('a')).toEqual(['3 100 +0 tick', '3 200 +0 tick', '3 300 +0 tick'])
    expect(await tower.list('a')).toMatchObject([{ id: 3n, interval: 100n }])
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('fires once for all that it missed while the actor was busy, and says how many', async () => {
    const store = memoryStore()
    const gate = new Gate(store)
    await using tower = await Watchtower.open({ store: gate.store })
    await tower.spawn('a')
    await tower.every('a', 100)
    const reached = gate.close(tower.theater.actors()[0]!.chain)
    const listing = tower.list('a')
    await reached
    tower.clock.pass(250)
    tower.clock.pass(300)
    gate.open()
    await listing
    await tower.theater.idle()
    expect(await tower.fired('a')).toEqual(['3 500 +4 tick'])
    await tower.pass(50)
    expect(await tower.fired('a')).toEqual(['3 500 +4 tick', '3 600 +0 tick'])
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('fires once for all that it missed while there was no host', async () => {
    const before = await open()
    await before.every('a', 100)
    await before.after('a', 250, 'once')
    await before.pass(100)
    await before.theater.close()
    before.clock.pass(1000)
    expect(before.clock.set).toBe(0)
    await using tower = await Watchtower.open(before)
    await tower.theater.idle()
    expect(await tower.fired('a')).toEqual(['3 100 +0 tick', '3 1100 +9 tick', '7 250 +0 once'])
    await tower.pass(100)
    expect((await tower.fired('a')).at(-1)).toBe('3 1200 +0 tick')
    expect(await wrongWith(tower.store)).toEqual([])
  })
})

describe('timers that are due', () => {
  it('fire in the order of their times, and at one time in the order in which they were set', async () => {
    await using tower = await open()
    const { time } = tower.clock
    for (const [ms, said] of [
      [300, 'd'],
      [100, 'a'],
      [200, 'b'],
      [200, 'c'],
    ] as const)
      await tower.at('a', time + ms, said)
    await tower.pass(1000)
    expect((await tower.fired('a')).map((one) => one.at(-1))).toEqual(['a', 'b', 'c', 'd'])
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('wait behind what came before them', async () => {
    const store = memoryStore()
    const gate = new Gate(store)
    await using tower = await Watchtower.open({ store: gate.store })
    await tower.spawn('a')
    await tower.after('a', 100)
    const reached = gate.close(tower.theater.actors()[0]!.chain)
    const first = tower.list('a')
    await reached
    const second = tower.list('a')
    tower.clock.pass(100)
    const third = tower.list('a')
    gate.open()
    await Promise.all([first, second, third])
    const turns = (await chainOf(store, 'a')).flatMap((event) =>
      event.kind === 'turn' ? [event.content?.fn.replace(/.*#/, '')] : [],
    )
    expect(turns).toEqual(['once', 'list', 'list', 'fired', 'list'])
    expect(await wrongWith(store)).toEqual([])
  })
})

describe('a timer that is cancelled', () => {
  it('does not fire', async () => {
    await using tower = await open()
    const [once, again] = [await tower.after('a', 100), await tower.every('a', 100)]
    expect(await tower.cancel('a', once)).toBeUndefined()
    await tower.pass(100)
    expect(await tower.cancel('a', again)).toBeUndefined()
    expect(await tower.list('a')).toEqual([])
    expect(await tower.cancel('a', once)).toBe('! not-set')
    expect(await tower.cancel('a', 99n)).toBe('! not-set')
    await tower.pass(10_000)
    expect(await tower.fired('a')).toEqual(['7 100 +0 tick'])
    expect(tower.clock.set).toBe(0)
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('does not fire where it was due already and waited for its turn', async () => {
    const store = memoryStore()
    const gate = new Gate(store)
    await using tower = await Watchtower.open({ store: gate.store })
    await tower.spawn('a')
    const id = await tower.after('a', 100)
    const reached = gate.close(tower.theater.actors()[0]!.chain)
    const listing = tower.list('a')
    await reached
    const cancelled = tower.cancel('a', id)
    tower.clock.pass(100)
    gate.open()
    await listing
    expect(await cancelled).toBeUndefined()
    await tower.theater.idle()
    expect(await tower.fired('a')).toEqual([])
    expect(await wrongWith(store)).toEqual([])
  })

  it('costs nothing any more', async () => {
    await using tower = await open()
    for (let n = 0; n < 50; n++) await tower.cancel('a', await tower.after('a', DAY))
    expect(tower.clock.set).toBe(0)
    expect(await tower.list('a')).toEqual([])
  })
})

describe('a turn that does not end well', () => {
  it('sets no timer', async () => {
    await using tower = await open()
    await tower.after('a', 100)
    const call = (await chainOf(tower.store, 'a')).find(({ kind }) => kind === 'call')
    const fuel = call?.kind === 'call' ? (call.content?.fuel ?? 0) : 0
    // As far as the call, and no further.
    await tower.spawn('b', { limits: { fuel: fuel + 1 } })
    await expect(tower.after('b', 100)).rejects.toMatchObject({ code: 'trapped' })
    await tower.spawn('c', { limits: { turnEvents: 1 } })
    await expect(tower.after('c', 100)).rejects.toMatchObject({ code: 'aborted' })
    await tower.pass(1000)
    for (const id of ['b', 'c']) expect(await tower.fired(id)).toEqual([])
    expect(await tower.fired('a')).toHaveLength(1)
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('leaves the timers of other turns', async () => {
    await using tower = await open()
    await tower.every('a', 100)
    await tower.trap('a')
    await tower.pass(100)
    await tower.trap('a')
    await tower.pass(100)
    expect(await tower.fired('a')).toEqual(['3 100 +0 tick', '3 200 +0 tick'])
    expect(await wrongWith(tower.store)).toEqual([])
  })
})

describe('a clock that is set', () => {
  it('back: a timer fires later by so much, and each time once', async () => {
    await using tower = await open()
    await tower.every('a', 1000)
    await tower.pass(1000)
    tower.clock.time -= 5000
    await tower.pass(5000)
    expect(await tower.fired('a')).toHaveLength(1)
    await tower.pass(1000)
    expect(await tower.fired('a')).toEqual(['3 1000 +0 tick', '3 2000 +0 tick'])
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('back, while a firing waits: it waits on', async () => {
    const store = memoryStore()
    const gate = new Gate(store)
    await using tower = await Watchtower.open({ store: gate.store })
    await tower.spawn('a')
    await tower.after('a', 1000)
    const reached = gate.close(tower.theater.actors()[0]!.chain)
    const listing = tower.list('a')
    await reached
    tower.clock.pass(1000)
    tower.clock.time -= 500
    gate.open()
    await listing
    await tower.theater.idle()
    expect(await tower.fired('a')).toEqual([])
    await tower.pass(500)
    expect(await tower.fired('a')).toEqual(['3 1000 +0 tick'])
    expect(await wrongWith(store)).toEqual([])
  })

  it('forward: what has come due fires within a minute, once', async () => {
    await using tower = await open()
    await tower.every('a', 10 * MINUTE)
    tower.clock.time += DAY
    await tower.pass(MINUTE)
    expect(await tower.fired('a')).toEqual([`3 ${DAY} +143 tick`])
    expect(await wrongWith(tower.store)).toEqual([])
  })
})

describe('an actor that has ended', () => {
  it('has no timers, and its name inherits none', async () => {
    await using tower = await open()
    await tower.every('a', 100)
    await tower.theater.stop('a')
    expect(tower.clock.set).toBe(0)
    await tower.pass(1000)
    expect(await tower.fired('a')).toEqual([])
    await tower.theater.release('a')
    await tower.spawn('a')
    await tower.pass(1000)
    expect(await tower.list('a')).toEqual([])
    expect(await tower.fired('a')).toEqual([])
  })
})

describe('what cannot be', () => {
  it('is an error to who asked for it', async () => {
    await using tower = await Watchtower.open()
    const timer = { timers: 2, shortestMs: 1000, longestMs: 100_000 }
    await tower.spawn('a', { grants: { timer } })
    expect(await tower.every('a', 999)).toBe('! too-short 1000')
    expect(await tower.every('a', 0)).toBe('! too-short 1000')
    expect(await tower.every('a', 100_001)).toBe('! too-long 100000')
    expect(await tower.after('a', 100_001)).toBe('! too-long 100000')
    expect(
      await tower.call(
        'a',
        'once',
        { tag: 'after', val: (1n << 64n) - 1n },
        { format: 'a', body: new Uint8Array() },
      ),
    ).toBe('! too-long 100000')
    expect(await tower.at('a', tower.clock.time + 100_001)).toBe('! too-long 100000')
    expect(await tower.after('a', 0)).toBeTypeOf('bigint')
    expect(await tower.every('a', 1000)).toBeTypeOf('bigint')
    expect(await tower.after('a', 2000)).toBe('! too-many 2')
    // Sooner than it may be: later than was asked.
    await tower.pass(999)
    expect(await tower.fired('a')).toEqual([])
    await tower.pass(1)
    expect(await tower.fired('a')).toHaveLength(2)
    expect(await wrongWith(tower.store)).toEqual([])
  })

  it('is an error where the actor has no target', async () => {
    await using tower = await Watchtower.open()
    await tower.spawn('a', { component: relayGuest('timers'), grants: { timer: {} } })
    expect(await tower.after('a', 0)).toBe('! not-served')
  })

  it('is bounded by the limits of the actor, whatever it was granted', async () => {
    await using tower = await Watchtower.open()
    await tower.spawn('a', { limits: { timers: 3, timerBytes: 100 } })
    expect(await tower.after('a', 0, 'x'.repeat(80))).toBeTypeOf('bigint')
    expect(await tower.after('a', 0, 'x'.repeat(20))).toBe('! too-large 10')
    expect(await tower.after('a', 0, '')).toBeTypeOf('bigint')
    await tower.pass(1)
    for (let n = 0; n < 3; n++) expect(await tower.after('a', 0, 'x')).toBeTypeOf('bigint')
    expect(await tower.after('a', 0, 'x')).toBe('! too-many 3')
    expect(await wrongWith(tower.store)).toEqual([])
  })
})
