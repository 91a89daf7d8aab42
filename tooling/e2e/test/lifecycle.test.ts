import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { memoryStore } from '@theater/event-chain'
import { defineHandler } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { messaging } from '@theater/handler-messaging'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import {
  add,
  ask,
  cache,
  chainOf,
  count,
  courier,
  courierHost,
  fail,
  finish,
  get,
  grants,
  kinds,
  mark,
  message,
  peek,
  quit,
  request,
  send,
  sleep,
  Stage,
  trap,
  until,
  verdicts,
  World,
} from './support/courier.ts'
import type { Steps } from './support/courier.ts'
import { Journal } from './support/journal.ts'

const params = (steps: Steps): { params: ReturnType<typeof message> } => ({ params: message(steps) })

describe('init', () => {
  it('comes before any other turn, and once in the life of an actor', async () => {
    await using stage = await Stage.open({}, { b: {} })
    const gate = stage.world.gate(1)
    const spawning = stage.spawn('a', params([add(1), peek(1), add(1), get]))
    await gate.reached
    expect(stage.theater.actors()).toMatchObject([{ id: 'a', state: 'starting' }, { id: 'b' }])
    // Messages may come already; they wait.
    const asked = stage.run('a', [get])
    expect(await stage.run('b', [send('a', [add(10)])])).toEqual(['sent'])
    gate.open()
    await spawning
    expect(await asked).toEqual([2])
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([12])
    await stage.theater.close()
    await using again = await Stage.open({ store: stage.store })
    expect(await again.run('a', [get])).toEqual([12])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('may talk to others, who may answer it with messages', async () => {
    await using stage = await Stage.open({}, { b: {} })
    await stage.spawn('a', params([request('b', [send('a', [add(5)])]), finish(0), send('b', [add(1)])]))
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([5])
    expect(await stage.run('b', [get])).toEqual([1])
  })

  it('gets params of any size, and an empty message without', async () => {
    await using stage = await Stage.open()
    const many: Steps = Array.from({ length: 10_000 }, () => add(1))
    await stage.spawn('a', params(many))
    await stage.spawn('b')
    expect(await stage.run('a', [get])).toEqual([10_000])
    await stage.theater.close()
    await using again = await Stage.open({ store: stage.store })
    expect(await again.run('a', [get])).toEqual([10_000])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('that is not a message is refused, and leaves nothing behind', async () => {
    await using stage = await Stage.open()
    const bad = { format: 'x/y', body: 'text' } as never
    await expect(stage.spawn('a', { params: bad })).rejects.toMatchObject({ code: 'bad-arguments' })
    expect(await stage.store.list()).toEqual([])
    await stage.spawn('a')
  })

  const failures: readonly (readonly [string, Steps, object])[] = [
    ['answers with a failure', [mark(1), fail], { detail: { code: 'as-told' } }],
    ['traps', [mark(1), trap], { detail: 'trapped' }],
    ['ends itself', [mark(1), quit(2)], { detail: 'aborted' }],
  ]
  for (const [what, steps, error] of failures) {
    it(`that ${what} leaves the name free and its record in the store`, async () => {
      await using stage = await Stage.open()
      for (const label of ['a~1', 'a~2']) {
        await expect(stage.spawn('a', params(steps))).rejects.toMatchObject({
          code: 'failed-to-start',
          ...error,
        })
        expect((await stage.store.find(label))?.size).toBeGreaterThan(5)
        expect(await stage.store.find('a')).toBeUndefined()
        expect(stage.theater.actors()).toMatchObject([
          { id: 'a', state: 'failed', failure: { code: 'failed-to-start', ...error } },
        ])
        await expect(stage.run('a', [])).rejects.toMatchObject({ code: 'failed-to-start' })
      }
      await stage.spawn('b')
      expect(await stage.run('b', [send('a', []), ...ask('a', [])])).toEqual([
        'unknown-actor',
        'unknown-actor',
      ])
      await stage.spawn('a', params([add(3)]))
      expect(await stage.run('b', ask('a', [get]))).toEqual([[3]])
      await stage.theater.close()
      await using again = await Stage.open({ store: stage.store })
      expect(again.theater.actors()).toMatchObject([
        { id: 'a', state: 'idle' },
        { id: 'b', state: 'idle' },
      ])
      expect(await verdicts(stage.store)).toEqual({
        a: 'verified',
        b: 'verified',
        'a~1': 'verified',
        'a~2': 'verified',
      })
    })
  }

  it('that fails makes dead letters of what waited for it', async () => {
    await using stage = await Stage.open({}, { b: {} })
    const gate = stage.world.gate(1)
    const spawning = stage.spawn('a', params([peek(1), fail]))
    await gate.reached
    await stage.run('b', [send('a', [add(1)])])
    gate.open()
    await expect(spawning).rejects.toMatchObject({ code: 'failed-to-start' })
    expect(stage.letters).toMatchObject([{ from: 'b', to: 'a', reason: 'stopped' }])
  })

  it('that a host did not come to is run by the next, and one that it was in the middle of goes on', async () => {
    const journal = new Journal()
    const world = new World()
    const did: [number, string][] = []
    world.after = (what) => void did.push([journal.length, what])
    const steps = [add(1), mark(1), add(1), mark(2)]
    {
      await using stage = await Stage.open({ store: journal.store, world })
      await stage.spawn('a', params(steps))
    }
    for (let at = 0; at <= journal.length; at++) {
      const left = await journal.at(at)
      const next = new World()
      await using stage = await Stage.open({ store: left.store, world: next })
      await stage.idle()
      const states = stage.theater.actors().map(({ state }) => state)
      // The component, its types, and the record; nobody but the host is there to be told.
      expect(states).toEqual(at < 3 ? [] : ['idle'])
      const outside = did.filter(([n]) => n <= at).map(([, what]) => what)
      if (at < 3) await stage.spawn('a', params(steps))
      expect(new Set([...outside, ...next.did])).toEqual(new Set(['a marks 1', 'a marks 2']))
      expect(await stage.run('a', [get])).toEqual([2])
      expect(count(await stage.chain('a'), 'turn')).toBe(1)
      expect(await verdicts(left.store)).toEqual({ a: 'verified' })
    }
  })

  it('that fails after a restart, or had failed just before it, frees the name too', async () => {
    const journal = new Journal()
    const steps = [mark(1), fail]
    {
      await using stage = await Stage.open({ store: journal.store })
      await expect(stage.spawn('a', params(steps))).rejects.toMatchObject({ code: 'failed-to-start' })
    }
    for (let at = 3; at <= journal.length; at++) {
      const left = await journal.at(at)
      await using stage = await Stage.open({ store: left.store })
      await stage.idle()
      expect(await left.store.find('a~1')).toBeDefined()
      // Once its name is free, another host knows nothing of it.
      const states = stage.theater.actors().map(({ state }) => state)
      expect(states).toEqual(at < journal.length ? ['failed'] : [])
      await stage.spawn('a', params([add(4)]))
      expect(await stage.run('a', [get])).toEqual([4])
      expect(await verdicts(left.store)).toEqual({ a: 'verified', 'a~1': 'verified' })
    }
  })
})

describe('a spawn', () => {
  /** A handler that is bound when the test says so, or not at all. */
  function slowly(bound: Promise<void>): AnyHandler {
    const host = courierHost(new World())
    return defineHandler({
      ...host,
      async bind(...args: readonly never[]) {
        await bound
        return (host.bind as (...all: readonly never[]) => unknown)(...args)
      },
    } as never) as AnyHandler
  }

  it('whose handler cannot serve it says what the handler says, and leaves nothing behind', async () => {
    const bound = Promise.reject(new Error('no such folder'))
    await using stage = await Stage.open({ handlers: [messaging(), slowly(bound)] })
    await expect(stage.spawn('a')).rejects.toThrow('no such folder')
    await expect(stage.spawn('a')).rejects.toThrow('no such folder')
    expect(stage.theater.actors()).toEqual([])
    expect(await stage.store.list()).toEqual([])
  })

  it('is stopped while its handlers are bound, or its init runs', async () => {
    const bound = Promise.withResolvers<void>()
    await using stage = await Stage.open({ handlers: [messaging(), slowly(bound.promise)] })
    const spawning = stage.spawn('a')
    await until(() => stage.theater.actors().length === 1)
    const stopped = stage.theater.stop('a')
    bound.resolve()
    await expect(spawning).rejects.toMatchObject({ code: 'stopped' })
    await stopped
    expect(await stage.store.list()).toEqual([])
    await stage.theater.close()

    await using second = await Stage.open()
    const gate = second.world.gate(1)
    const again = second.spawn('a', params([mark(5), peek(1)]))
    await gate.reached
    const waiting = second.run('a', [get])
    const ended = second.theater.stop('a')
    await expect(again).rejects.toMatchObject({ code: 'stopped' })
    await expect(waiting).rejects.toMatchObject({ code: 'stopped' })
    await ended
    // It never came to be.
    expect((await second.store.list()).map(({ label }) => label)).toEqual(['a~1'])
    expect(kinds(await chainOf(second.store, 'a~1'))).toBe('result abort stop')
    await second.spawn('a')
    expect(await verdicts(second.store)).toEqual({ a: 'verified', 'a~1': 'verified' })
  })

  it('is cut off by a close; what its init had begun goes on when the store is opened again', async () => {
    const bound = Promise.withResolvers<void>()
    const stage = await Stage.open({ handlers: [messaging(), slowly(bound.promise)] })
    const binding = stage.spawn('a')
    const loading = stage.theater.spawn({ id: 'b', component: courier.bytes, grants })
    await until(() => stage.theater.actors().length > 0)
    const closed = stage.theater.close()
    bound.resolve()
    await expect(binding).rejects.toMatchObject({ code: 'closed' })
    await expect(loading).rejects.toMatchObject({ code: 'closed' })
    await closed
    expect(await stage.store.list()).toEqual([])

    const world = new World()
    const gate = world.gate(1)
    const second = await Stage.open({ world })
    const spawning = second.spawn('a', params([add(1), mark(1), add(1)]))
    await gate.reached
    const ending = second.theater.close()
    await expect(spawning).rejects.toMatchObject({ code: 'closed' })
    await ending
    gate.open()
    await using third = await Stage.open({ store: second.store })
    await third.idle()
    expect(await third.run('a', [get])).toEqual([2])
    expect(third.world.did).toEqual(['a marks 1'])
  })

  it('of a name that another host has taken in the same store is refused', async () => {
    const store = memoryStore()
    await using first = await Stage.open({ store })
    await using second = await Stage.open({ store }, { a: {} })
    await expect(first.spawn('a')).rejects.toMatchObject({ code: 'exists' })
    expect(await second.run('a', [get])).toEqual([0])
  })

  it('is one of many at once', async () => {
    await using stage = await Stage.open()
    const ids = Array.from({ length: 20 }, (_, n) => `a${n}`)
    await Promise.all(ids.map((id) => stage.spawn(id, params([add(1), send('a0', [add(1)])]))))
    await stage.idle()
    expect(await stage.run('a0', [get])).toEqual([21])
  })
})

describe('stop', () => {
  it('ends a turn that waits on a timer, for the world, or for another actor', async () => {
    for (const steps of [[sleep(1_000_000)], [peek(1)], ask('b', [peek(2)])] as const) {
      await using stage = await Stage.open({}, { a: {}, b: {} })
      stage.world.gate(1)
      stage.world.gate(2)
      const turn = stage.run('a', [mark(3), ...steps])
      await until(() => stage.world.did.length === 1)
      const stopped = stage.theater.stop('a')
      await expect(turn).rejects.toMatchObject({ code: 'aborted', detail: 'stopped' })
      await stopped
      expect(kinds(await stage.chain('a'))).toMatch(/abort stop$/)
      stage.world.openAll()
      await stage.idle()
      expect(await verdicts(stage.store)).toMatchObject({ a: 'verified', b: 'verified' })
    }
  })

  it('ends an actor that is being brought back after a trap', async () => {
    await using stage = await Stage.open({}, { a: {} })
    for (let n = 0; n < 20; n++) await stage.run('a', [add(1), mark(n)])
    const trapped = stage.run('a', [trap])
    const next = stage.run('a', [mark(99)])
    await expect(trapped).rejects.toMatchObject({ code: 'trapped' })
    await stage.theater.stop('a')
    await expect(next).rejects.toMatchObject({ code: 'stopped' })
    expect(stage.world.did).not.toContain('a marks 99')
    expect(kinds(await stage.chain('a'))).toMatch(/turn trap stop$/)
    expect(await verdicts(stage.store)).toEqual({ a: 'verified' })
  })

  it('twice, or of a stopped actor, ends it once', async () => {
    await using stage = await Stage.open({}, { a: {} })
    await Promise.all([stage.theater.stop('a'), stage.theater.stop('a')])
    await expect(stage.theater.stop('a')).rejects.toMatchObject({ code: 'stopped' })
    expect(kinds(await stage.chain('a'))).toBe('stop')
    await stage.theater.close()
    await using again = await Stage.open({ store: stage.store })
    expect(again.theater.actors()).toMatchObject([{ id: 'a', state: 'stopped' }])
    await expect(again.run('a', [])).rejects.toMatchObject({ code: 'stopped' })
    await expect(again.spawn('a')).rejects.toMatchObject({ code: 'exists' })
  })

  it('of an actor that another host has taken over says that its record does not say so', async () => {
    const store = memoryStore()
    await using first = await Stage.open({ store }, { a: {} })
    await using second = await Stage.open({ store })
    await expect(first.theater.stop('a')).rejects.toMatchObject({ code: 'store-failed' })
    expect(await second.run('a', [get])).toEqual([0])
  })
})

describe('close', () => {
  it('leaves a turn that waits for another actor as it is: nobody is told what nobody knows', async () => {
    const stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    // One request waits in the mailbox of b, and a for it.
    const asking = stage.run('a', [...ask('b', [add(1), get]), add(1)])
    await until(async () => count(await stage.chain('a'), 'call') === 1)
    const closing = stage.theater.close()
    await expect(asking).rejects.toMatchObject({ code: 'closed' })
    gate.open()
    await closing
    // b had its second to end well.
    expect(await busy).toEqual([1])
    await using again = await Stage.open({ store: stage.store })
    await again.idle()
    expect(await again.run('a', [get])).toEqual([1])
    expect(await again.run('b', [get])).toEqual([1])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('while an actor is brought back after a trap neither waits for it nor breaks its record', async () => {
    const stage = await Stage.open({}, { a: {} })
    for (let n = 0; n < 20; n++) await stage.run('a', [add(1)])
    await expect(stage.run('a', [trap])).rejects.toMatchObject({ code: 'trapped' })
    const next = stage.run('a', [add(1)])
    await stage.theater.close()
    await expect(next).rejects.toMatchObject({ code: 'closed' })
    await using again = await Stage.open({ store: stage.store })
    expect(await again.run('a', [get])).toEqual([20])
  })

  it('twice is one, and nothing goes after it', async () => {
    const stage = await Stage.open({}, { a: {} })
    await Promise.all([stage.theater.close(), stage.theater.close()])
    await stage.theater.close()
    for (const call of [stage.run('a', []), stage.spawn('b'), stage.theater.stop('a')])
      await expect(call).rejects.toMatchObject({ code: 'closed' })
  })

  it('lets the process end by itself, whatever was under way', async () => {
    const host = new URL('support/ends.ts', import.meta.url).pathname
    for (const how of ['close', 'stop']) {
      const child = spawn(process.execPath, ['--conditions=theater-source', host, how], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      expect(await once(child, 'exit')).toEqual([0, null])
    }
  })
})

describe('open', () => {
  it('twice on one store leaves every actor with the host that came last, and the other one closes', async () => {
    const store = memoryStore()
    await using first = await Stage.open({ store }, { a: {}, b: {} })
    await using second = await Stage.open({ store })
    expect(await second.run('a', [add(1), get])).toEqual([1])
    await expect(first.run('b', [mark(1)])).rejects.toMatchObject({ code: 'store-failed' })
    // Its intent could not be made durable, so nothing happened. A host that is refused once has nothing to say any more.
    expect(first.world.did).toEqual([])
    await expect(first.run('a', [add(1)])).rejects.toMatchObject({ code: 'closed' })
    expect(first.theater.actors()).toMatchObject([{ id: 'a' }, { id: 'b', state: 'failed' }])
    expect(await second.run('b', [get])).toEqual([0])
    expect(await verdicts(store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('that cannot read its store lets go of everything', async () => {
    const store = memoryStore()
    await store.close()
    await expect(Theater.open({ store, cache })).rejects.toMatchObject({ code: 'closed' })
  })

  it('brings back actors whose turns were under way, and they find each other', async () => {
    const journal = new Journal()
    const world = new World()
    const [one, two] = [world.gate(1), world.gate(2)]
    await using first = await Stage.open({ store: journal.store, world }, { a: {}, b: {} })
    const turns = [
      first.run('a', [mark(1), ...ask('b', [get])]),
      first.run('b', [mark(2), ...ask('a', [get])]),
    ]
    await Promise.all([one.reached, two.reached])
    const left = await journal.at(journal.length)
    world.openAll()
    await Promise.allSettled(turns)
    await using second = await Stage.open({ store: left.store })
    await second.idle()
    expect(second.theater.actors()).toMatchObject([
      { state: 'idle', recovery: { unfinished: true } },
      { state: 'idle', recovery: { unfinished: true } },
    ])
    expect(await verdicts(left.store)).toEqual({ a: 'verified', b: 'verified' })
  })
})
