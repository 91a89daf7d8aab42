import { defineHandler } from '@theater/handler'
import type { ActorContext, AnyHandler, Cause } from '@theater/handler'
import { messaging } from '@theater/handler-messaging'
import { describe, expect, it } from 'vitest'
import {
  add,
  ask,
  count,
  courierHost,
  drop,
  finish,
  get,
  mark,
  message,
  peek,
  request,
  send,
  Stage,
  trap,
  until,
  verdicts,
  World,
} from './support/courier.ts'

const HANDLE_SEND = 'theater:messaging/receiver@0.1#handle-send'

describe('a request that would close a cycle of waiting actors', () => {
  it('fails at once, and nothing happened', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {}, c: {} })
    expect(await stage.run('a', ask('a', [add(1)]))).toEqual(['deadlock'])
    expect(await stage.run('a', ask('b', ask('a', [add(1)])))).toEqual([['deadlock']])
    expect(await stage.run('a', ask('b', ask('c', ask('a', [add(1)]))))).toEqual([[['deadlock']]])
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([0])
    // Not even a turn: four of the host's calls, and nothing else.
    expect(count(await stage.chain('a'), 'turn')).toBe(4)
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified', c: 'verified' })
  })

  it('is the one that nobody has begun, whoever waits first', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(2)
    const before = stage.events('b')
    // b takes up the request of a, and waits for a, before a waits for it.
    const turn = stage.run('a', [
      request('b', [peek(1), add(1), ...ask('a', [add(1)]), get]),
      peek(2),
      finish(0),
    ])
    await gate.reached
    // Its turn, its look, its request and the handle of that.
    await until(() => stage.events('b') === before + 4)
    gate.open()
    expect(await turn).toEqual([2, [1, 'deadlock', 1]])
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([0])
  })

  it('does not fail where the answer is there already', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const [answered, asks] = [stage.world.gate(1), stage.world.gate(2)]
    const a = stage.run('a', [request('b', [add(1), get]), peek(1), finish(0)])
    await answered.reached
    // b has answered a and now waits for it.
    const b = stage.run('b', [peek(2), ...ask('a', [get])])
    await asks.reached
    asks.open()
    const before = stage.events('b')
    await until(() => stage.events('b') === before + 3)
    answered.open()
    expect(await a).toEqual([1, [1]])
    expect(await b).toEqual([2, [0]])
  })

  it('does not come of requests that nobody waits for', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    expect(await stage.run('a', [request('b', [request('a', [add(1)]), add(1)]), finish(0)])).toEqual([[]])
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([1])
    expect(await stage.run('b', [get])).toEqual([1])
  })
})

describe('a deadline', () => {
  it('counts from the request, ends what is no cycle of requests, and undoes nothing', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    // b waits for the world, which waits for a.
    expect(await stage.run('a', ask('b', [add(1), peek(1), get], 5))).toEqual(['timeout'])
    gate.open()
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([1])
  })

  it('that has passed does not hide an answer that came in time', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    const turn = stage.run('a', [request('b', [add(1), get], 1), peek(1), finish(0)])
    await gate.reached
    await until(() => stage.theater.actors()[1]?.state === 'idle')
    gate.open()
    expect(await turn).toEqual([1, [1]])
  })

  it('leaves nobody waiting', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    expect(await stage.run('a', ask('b', [peek(1)], 1))).toEqual(['timeout'])
    await expect(stage.theater.request('b', message([]), { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'timeout',
    })
    gate.open()
    await stage.idle()
    // Were a still thought to wait for b, this would be a deadlock.
    expect(await stage.run('b', ask('a', [get]))).toEqual([[0]])
  })
})

describe('a request that is dropped', () => {
  it('is waited for no more, and may still be handled', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    expect(await stage.run('a', [request('b', [add(1)]), drop(0), request('b', [get]), finish(1)])).toEqual([
      [1],
    ])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('does not outlive its turn: what a later turn holds of it says so', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    await expect(stage.run('a', [request('b', [add(1)]), trap])).rejects.toMatchObject({ code: 'trapped' })
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([1])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })
})

/** A handler that lets a test act as one: it has the contexts of actors. */
function inside(contexts: Map<string, ActorContext>): AnyHandler {
  const host = courierHost(new World())
  return defineHandler({
    ...host,
    async bind(actor: ActorContext, grant: never) {
      contexts.set(actor.id, actor)
      return host.bind(actor, grant)
    },
  } as never) as AnyHandler
}

describe('a handler that calls its actor', () => {
  const cause = (seq: number): Cause => ({
    chain: new Uint8Array(32).fill(7),
    seq,
    hash: new Uint8Array(32).fill(seq),
  })
  const args = (n: number): readonly unknown[] => [{ tag: 'host' }, message([add(n)])]

  it('with a cause has it run once, however often it says so', async () => {
    const contexts = new Map<string, ActorContext>()
    const handlers = [messaging(), inside(contexts)]
    await using stage = await Stage.open({ handlers }, { a: {} })
    const invoke = (seq: number): Promise<unknown> =>
      contexts.get('a')!.invoke(HANDLE_SEND, args(1), { deadline: 60_000, cause: cause(seq) })
    // At once, after it, and causes of one chain in any order.
    expect(await Promise.all([invoke(5), invoke(5), invoke(3)])).toEqual([
      { tag: 'ok' },
      { tag: 'ok' },
      { tag: 'ok' },
    ])
    expect(await invoke(5)).toMatchObject({ tag: 'ok' })
    expect(await invoke(4)).toMatchObject({ tag: 'ok' })
    expect(await stage.run('a', [get])).toEqual([3])
    await stage.theater.close()
    await using again = await Stage.open({ handlers, store: stage.store })
    for (const seq of [3, 4, 5]) expect(await invoke(seq)).toMatchObject({ tag: 'ok' })
    expect(await again.run('a', [get])).toEqual([3])
  })

  it('finds a full mailbox, no such export, a deadline, an end', async () => {
    const contexts = new Map<string, ActorContext>()
    const handlers = [messaging(), inside(contexts)]
    await using stage = await Stage.open({ handlers }, { a: { limits: { mailbox: 1 } } })
    const context = contexts.get('a')!
    const invoke = (fn = HANDLE_SEND): Promise<unknown> => context.invoke(fn, args(1), { deadline: 60_000 })
    await expect(invoke('nothing')).rejects.toMatchObject({ code: 'not-served' })
    const first = invoke()
    await expect(invoke()).rejects.toMatchObject({ code: 'mailbox-full' })
    await first
    await expect(context.invoke(HANDLE_SEND, [1], { deadline: 60_000 })).rejects.toMatchObject({
      code: 'bad-arguments',
    })
    expect(context.signal.aborted).toBe(false)
    await stage.theater.stop('a')
    expect(context.signal.aborted).toBe(true)
    await expect(invoke()).rejects.toMatchObject({ code: 'stopped' })
  })

  it('can start a request only within an effect', async () => {
    const contexts = new Map<string, ActorContext>()
    await using stage = await Stage.open({ handlers: [messaging(), inside(contexts)] }, { a: {} })
    expect(() => contexts.get('a')!.request('a', HANDLE_SEND, [], { timeoutMs: 1 })).toThrow(/idempotent/)
    expect(contexts.get('a')!.pending({ to: 'a', seq: 1, deadline: 0 })).toBeUndefined()
    expect(contexts.get('a')!.pending({ to: 'a', seq: '1' })).toBeUndefined()
    expect(await stage.run('a', [send('a', [mark(1)])])).toEqual(['sent'])
  })
})
