import { memoryStore } from '@theater/event-chain'
import { defineHandler } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { messaging } from '@theater/handler-messaging'
import type { timer } from '@theater/handler-timer'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { cast, drive, jobs, lostOrDoubled, missing, records } from '@theater/crash'
import {
  add,
  ask,
  courierHost,
  get,
  mark,
  peek,
  send,
  Stage,
  trap,
  until,
  verdicts,
  World,
} from './support/courier.ts'
import { actors, live, wrong } from './support/parley.ts'
import { Hall, wrongWith } from './support/talkers.ts'
import { Watchtower } from './support/wakers.ts'

const ACTORS = Object.fromEntries(cast.map((id) => [id, {}]))

/** Who is in memory. */
function residents({ theater }: { readonly theater: Stage['theater'] }): string[] {
  return theater
    .actors()
    .filter(({ resident }) => resident)
    .map(({ id }) => id)
}

describe('an actor that has nothing to do', () => {
  it('leaves memory where others are in it, and comes back for its next turn', async () => {
    await using stage = await Stage.open({ resident: 1 }, { a: {}, b: {}, c: {} })
    expect(await stage.run('a', [add(1), get])).toEqual([1])
    await stage.idle()
    expect(residents(stage)).toEqual(['a'])
    expect(await stage.run('b', [send('a', [add(1)]), ...ask('a', [get])])).toEqual(['sent', [2]])
    await stage.idle()
    expect(residents(stage)).toHaveLength(1)
    await expect(stage.run('a', [add(5), trap])).rejects.toMatchObject({ code: 'trapped' })
    expect(await stage.run('c', ask('a', [get]))).toEqual([[2]])
    expect(stage.theater.actors()).toMatchObject([{ state: 'idle' }, { state: 'idle' }, { state: 'idle' }])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified', c: 'verified' })
  })

  it('leaves it after some time', async () => {
    await using stage = await Stage.open({ idleMs: 1 }, { a: {} })
    await expect.poll(() => residents(stage)).toEqual([])
    expect(await stage.run('a', [add(1), get])).toEqual([1])
    await expect.poll(() => residents(stage)).toEqual([])
    expect(await stage.run('a', [get])).toEqual([1])
  })

  it('is as it would be if it had stayed: sends, requests, effects, traps', async () => {
    const all = jobs(30)
    const store = memoryStore()
    const world = new World()
    await using stage = await Stage.open({ store, world, resident: 0 }, ACTORS)
    await drive(stage, all)
    const record = await records(store)
    expect(lostOrDoubled(record)).toEqual([])
    expect(missing(record, all)).toEqual([])
    expect(Object.values(await verdicts(store))).toEqual(cast.map(() => 'verified'))
  })

  it('keeps its channels and subscriptions', async () => {
    await using hall = await Hall.open({ resident: 0 }, actors)
    await live(hall)
    expect(await wrong(hall)).toEqual([])
    await hall.subscribe('b', 'news')
    await hall.idle()
    expect(residents(hall)).toEqual([])
    await hall.publish('a', 'news', 'hello')
    await hall.idle()
    expect((await hall.heard('b')).at(-1)).toBe('a: news: hello')
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('keeps its timers', async () => {
    await using tower = await Watchtower.open({ resident: 0 })
    await tower.spawn('a')
    await tower.every('a', 10)
    await tower.after('a', 25, 'once')
    await tower.pass(10)
    expect(residents(tower)).toEqual([])
    await tower.pass(20)
    expect((await tower.fired('a')).length).toBe(3)
  })

  it('stays where a handler does not let go of it', async () => {
    const listens: AnyHandler = { ...courierHost(new World()), rests: () => false }
    await using stage = await Stage.open({ handlers: [messaging(), listens], resident: 0 }, { a: {} })
    await stage.run('a', [add(1)])
    await stage.idle()
    expect(residents(stage)).toEqual(['a'])
  })

  it('leaves it once at a time, also where it had something to do while it left', async () => {
    const store = memoryStore()
    const courier = courierHost(new World())
    const letGo = Promise.withResolvers<void>()
    const did: string[] = []
    let bound = 0
    const slow = defineHandler({
      ...(courier as ReturnType<typeof timer>),
      bind: async (actor, grant) => {
        const n = ++bound
        did.push(`bound ${n}`)
        const binding = await (courier as ReturnType<typeof timer>).bind(actor, grant)
        return {
          ...binding,
          async [Symbol.asyncDispose]() {
            did.push(`letting go of ${n}`)
            if (n === 1) await letGo.promise
            did.push(`let go of ${n}`)
          },
        }
      },
    })
    const kept = Promise.withResolvers<void>()
    const keeping = Promise.withResolvers<void>()
    const keep = store.caches.keep.bind(store.caches)
    const spy = vi.spyOn(store.caches, 'keep').mockImplementation(async (things) => {
      if (things[0]?.kind === 'snapshot') {
        keeping.resolve()
        await kept.promise
      }
      await keep(things)
    })
    await using stage = await Stage.open({ store, handlers: [messaging(), slow], resident: 0 }, { a: {} })
    // So much that its state is kept when it leaves.
    await stage.run(
      'a',
      Array.from({ length: 80 }, () => peek(1)),
    )
    await keeping.promise
    // It has something to do before that is done.
    await stage.run('a', [add(1)])
    kept.resolve()
    await until(() => did.includes('letting go of 1'))
    for (let turns = 0; turns < 10; turns++) await setImmediate()
    const next = stage.run('a', [add(1), get])
    for (let turns = 0; turns < 10; turns++) await setImmediate()
    letGo.resolve()
    expect(await next).toEqual([2])
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([2])
    await stage.theater.close()
    expect(did.slice(0, 4)).toEqual(['bound 1', 'letting go of 1', 'let go of 1', 'bound 2'])
    for (let n = 1; n <= bound; n++) expect(did.filter((one) => one.endsWith(` ${n}`))).toHaveLength(3)
    spy.mockRestore()
  })

  it('that cannot come back is failed, and what was for it waits for another host', async () => {
    const store = memoryStore()
    let broken = false
    const courier = courierHost(new World())
    const breaking = defineHandler({
      ...(courier as ReturnType<typeof timer>),
      bind: (actor, grant) => {
        if (broken && actor.id === 'b') throw new Error('the world is closed')
        return (courier as ReturnType<typeof timer>).bind(actor, grant)
      },
    })
    {
      const handlers = [messaging(), breaking]
      await using stage = await Stage.open({ store, handlers, resident: 0 }, { a: {}, b: {} })
      await stage.run('b', [add(1)])
      await stage.idle()
      broken = true
      await stage.run('a', [send('b', [add(10)]), mark(1)])
      await stage.idle()
      await expect(stage.run('b', [get])).rejects.toMatchObject({
        code: 'cannot-resume',
        message: expect.stringContaining('the world is closed') as string,
      })
      expect(stage.letters).toEqual([])
      expect(await stage.run('a', [get])).toEqual([0])
    }
    await using again = await Stage.open({ store })
    expect(await again.run('b', [get])).toEqual([11])
    await again.idle()
    expect(lostOrDoubled(await records(store))).toEqual([])
  })
})

describe('a store that is opened', () => {
  it('has its actors there, and none of them in memory that has nothing to go on with', async () => {
    const store = memoryStore()
    {
      await using stage = await Stage.open({ store }, { a: {}, b: {} })
      await stage.run('a', [add(1), send('b', [add(2)])])
      await stage.idle()
    }
    const before = (await store.list()).map(({ size }) => size)
    {
      await using stage = await Stage.open({ store })
      expect(residents(stage)).toEqual([])
      expect(stage.theater.actors()).toMatchObject([
        { id: 'a', state: 'idle', recovery: undefined },
        { id: 'b', state: 'idle', recovery: undefined },
      ])
    }
    // Whoever has nothing to do leaves no trace of it.
    expect((await store.list()).map(({ size }) => size)).toEqual(before)
    await using stage = await Stage.open({ store })
    expect(await stage.run('b', [get])).toEqual([2])
    expect(residents(stage)).toEqual(['b'])
    expect(stage.theater.actors()[1]?.recovery).toMatchObject({ turns: 2, unfinished: false })
    await stage.theater.stop('a')
    expect(await verdicts(store)).toEqual({ a: 'verified', b: 'verified' })
  })
})
