import { describe, expect, it } from 'vitest'
import {
  add,
  ask,
  chainOf,
  fail,
  finish,
  get,
  heard,
  kinds,
  mark,
  once,
  peek,
  quit,
  request,
  send,
  Stage,
  trap,
  verdicts,
} from './support/courier.ts'
import type { Step, Steps } from './support/courier.ts'

const tell = (n: number): Steps => [add(n)]

describe('what leaves a turn', () => {
  it('leaves at its end, in order, and nothing before', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    const turn = stage.run('a', [send('b', tell(1)), send('b', tell(2)), peek(1), send('b', tell(3))])
    await gate.reached
    expect(kinds(await stage.chain('b'))).toBe('')
    gate.open()
    expect(await turn).toEqual(['sent', 'sent', 1, 'sent'])
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([1, 2, 3])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  for (const [what, effect] of [
    ['an idempotent effect', mark(1)],
    ['a once effect', once(1)],
    ['a request', request('c', [get])],
  ] as const) {
    it(`leaves before ${what}, when the intent of that is durable`, async () => {
      await using stage = await Stage.open({}, { a: {}, b: {}, c: {} })
      stage.world.before = () => expect(stage.theater.actors()[1]?.events).toBeGreaterThan(4)
      const gate = stage.world.gate(2)
      const turn = stage.run('a', [send('b', tell(1)), effect, send('b', tell(2)), peek(2)])
      await gate.reached
      await stage.theater.call('b', 'theater:messaging/responder@0.1#handle-request', [
        { tag: 'host' },
        { format: 'x/y', body: new Uint8Array() },
      ])
      expect(await heard(stage, 'b')).toEqual([1])
      gate.open()
      await turn
      await stage.idle()
      expect(await heard(stage, 'b')).toEqual([1, 2])
      expect(kinds(await stage.chain('a'))).toMatch(/^turn call send call result call (call )?send return$/)
    })
  }

  it('is seen by nobody before what caused it is durable', async () => {
    await using stage = await Stage.open({}, { a: {} })
    const durable: number[] = []
    stage.world.before = () => {
      durable.push(stage.theater.actors()[0]?.events ?? 0)
    }
    const { chain } = stage.theater.actors()[0]!
    let size = 0
    stage.world.after = () => void stage.store.info(chain).then((info) => (size = info?.size ?? 0))
    await stage.run('a', [mark(1)])
    // At the effect the store had everything up to its intent.
    expect(durable).toEqual([6])
    expect(size).toBe(6)
  })

  it('arrives in the order in which one sender said it, sends and requests alike', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    await stage.run('a', [
      send('b', tell(1)),
      request('b', tell(2)),
      send('b', tell(3)),
      send('b', tell(4)),
      request('b', tell(5)),
      send('b', tell(6)),
      finish(1),
      finish(0),
      send('b', tell(7)),
    ])
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([1, 2, 3, 4, 5, 6, 7])
  })
})

describe('a full mailbox', () => {
  it('holds messages in their order, and a request does not overtake them', async () => {
    await using stage = await Stage.open({}, { a: {}, b: { limits: { mailbox: 2 } } })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    const many = [1, 2, 3, 4, 5].map((n) => send('b', tell(n)))
    expect(await stage.run('a', [...many, ...ask('b', tell(6))])).toEqual([
      ...many.map(() => 'sent'),
      'mailbox-full',
    ])
    await expect(stage.run('b', [])).rejects.toMatchObject({ code: 'mailbox-full' })
    await expect(stage.send('b', [])).rejects.toMatchObject({ code: 'mailbox-full' })
    gate.open()
    await busy
    await stage.idle()
    expect(await stage.run('a', ask('b', tell(7)))).toEqual([[]])
    expect(await heard(stage, 'b')).toEqual([1, 2, 3, 4, 5, 7])
  })

  it('lets in what it held when anything leaves it, not only messages', async () => {
    await using stage = await Stage.open({}, { a: {}, b: { limits: { mailbox: 1 } } })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    const next = stage.run('b', [get])
    expect(await stage.run('a', [send('b', tell(1)), send('b', tell(2))])).toEqual(['sent', 'sent'])
    gate.open()
    await Promise.all([busy, next])
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([1, 2])
  })

  it('of an actor that sends to itself neither blocks it nor loses anything', async () => {
    await using stage = await Stage.open({}, { a: { limits: { mailbox: 1 } } })
    const gate = stage.world.gate(1)
    const turn = stage.run('a', [send('a', tell(1)), peek(1), send('a', tell(2)), send('a', tell(3))])
    await gate.reached
    const waiting = stage.run('a', [get])
    await expect(stage.run('a', [get])).rejects.toMatchObject({ code: 'mailbox-full' })
    gate.open()
    expect(await turn).toEqual(['sent', 1, 'sent', 'sent'])
    expect(await waiting).toEqual([0])
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([6])
  })
})

describe('an outbox', () => {
  it('that is full is an error to its sender, and held messages are in it', async () => {
    await using stage = await Stage.open({}, { a: { limits: { outbox: 3 } }, b: { limits: { mailbox: 1 } } })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    const two = [send('b', tell(1)), send('b', tell(2))]
    expect(await stage.run('a', two)).toEqual(['sent', 'sent'])
    expect(await stage.run('a', two)).toEqual(['sent', 'outbox-full'])
    expect(await stage.run('a', two)).toEqual(['outbox-full', 'outbox-full'])
    gate.open()
    await busy
    await stage.idle()
    expect(await stage.run('a', two)).toEqual(['sent', 'sent'])
  })

  it('counts what left in the middle of a turn once', async () => {
    await using stage = await Stage.open({}, { a: { limits: { outbox: 3 } }, b: {} })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    const say: Step = send('b', tell(1))
    expect(await stage.run('a', [say, say, mark(9), say, say])).toEqual([
      'sent',
      'sent',
      9,
      'sent',
      'outbox-full',
    ])
    gate.open()
    await busy
  })

  it('of an actor that passes itself on from turn to turn holds one message', async () => {
    await using stage = await Stage.open({}, { a: { limits: { outbox: 1, mailbox: 1 } } })
    const chain = (left: number): Steps => (left === 0 ? [add(1)] : [add(1), send('a', chain(left - 1))])
    expect(await stage.run('a', chain(5))).toEqual(['sent'])
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([6])
  })

  it('is as it was before a turn that trapped or was aborted', async () => {
    await using stage = await Stage.open({}, { a: { limits: { outbox: 2 } }, b: {} })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    const two = [send('b', tell(1)), send('b', tell(1))]
    await expect(stage.run('a', [...two, trap])).rejects.toMatchObject({ code: 'trapped' })
    await expect(stage.run('a', [...two, trap])).rejects.toMatchObject({ code: 'trapped' })
    stage.world.answer = () => -1
    await expect(stage.run('a', [...two, peek(9)])).rejects.toMatchObject({ code: 'aborted' })
    stage.world.answer = undefined
    expect(await stage.run('a', two)).toEqual(['sent', 'sent'])
    gate.open()
    await busy
  })
})

describe('a trap', () => {
  it('undoes what the turn kept and had queued; what had left before it stays', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    await stage.run('a', [add(1)])
    const turn = stage.run('a', [add(10), send('b', tell(1)), mark(1), send('b', tell(2)), trap])
    await expect(turn).rejects.toMatchObject({ code: 'trapped', detail: 'guest' })
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([1])
    expect(await stage.run('a', [get])).toEqual([1])
    expect(stage.world.did).toEqual(['a marks 1'])
    expect(stage.letters).toEqual([])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('is told to a requester; of a message it makes a dead letter; neither comes again', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    expect(await stage.run('a', ask('b', [trap]))).toEqual(['trapped'])
    await stage.run('a', [send('b', [trap])])
    await stage.idle()
    expect(stage.letters).toMatchObject([{ from: 'a', to: 'b', reason: 'trapped' }])
    expect(kinds(await stage.chain('b'))).toBe('turn trap turn trap')
    await stage.theater.close()
    await using again = await Stage.open({ store: stage.store })
    await again.idle()
    // Nothing is left to do, so no actor is woken.
    expect(kinds(await again.chain('b'))).toBe('turn trap turn trap')
    expect(again.letters).toEqual([])
  })

  it('over a request leaves the requester as it was', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    expect(await stage.run('a', [add(1), ...ask('b', [add(5), trap]), get])).toEqual(['trapped', 1])
    expect(await stage.run('b', [get])).toEqual([0])
  })
})

describe('a WIT err', () => {
  it('is an answer: the turn commits, what it queued leaves, nobody dies', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    expect(await stage.run('a', [add(1), send('b', tell(1)), fail])).toBe('as-told')
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([1])
    expect(await stage.run('a', [get])).toEqual([1])
    expect(await stage.run('a', ask('b', [fail]))).toEqual(['failed'])
    await stage.run('a', [send('b', [fail])])
    await stage.idle()
    expect(stage.letters).toMatchObject([{ from: 'a', to: 'b', reason: 'failed' }])
    await expect(stage.send('b', [fail])).rejects.toMatchObject({ code: 'refused' })
  })
})

describe('a receiver that is gone', () => {
  it('is an error to whoever sends later; what waited for it is a dead letter', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {}, c: {} })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    await stage.run('a', [send('b', tell(1))])
    const asking = stage.run('c', ask('b', tell(2)))
    // Its mailbox holds both.
    await stage.run('a', [])
    const stopped = stage.theater.stop('b')
    await expect(busy).rejects.toMatchObject({ code: 'aborted', detail: 'stopped' })
    await stopped
    expect(await asking).toEqual(['stopped'])
    expect(stage.letters).toMatchObject([{ from: 'a', to: 'b', reason: 'stopped' }])
    expect(await stage.run('a', [send('b', []), ...ask('b', [])])).toEqual(['not-served', 'stopped'])
    expect(await stage.run('a', [send('x', []), ...ask('x', [])])).toEqual(['unknown-actor', 'unknown-actor'])
    await stage.theater.close()
    // What the last host said of it is not said again, nor is the message forgotten where somebody may still take it.
    await using again = await Stage.open({ store: stage.store })
    await again.theater.close()
    await using third = await Stage.open({ store: stage.store })
    expect(third.letters).toEqual([])
    expect(await verdicts(stage.store)).toMatchObject({ a: 'verified', b: 'verified', c: 'verified' })
  })

  it('over a request that it had begun leaves the outcome unknown', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    const asking = stage.run('a', ask('b', [mark(1), peek(1)]))
    await gate.reached
    await stage.theater.stop('b')
    expect(await asking).toEqual(['outcome-unknown'])
    await stage.spawn('c')
    expect(await stage.run('a', ask('c', [quit(3)]))).toEqual(['outcome-unknown'])
    expect(stage.theater.actors()).toMatchObject([
      { id: 'a', state: 'idle' },
      { id: 'b', state: 'stopped' },
      { id: 'c', state: 'stopped', exitStatus: 3 },
    ])
  })
})

describe('an actor that ended', () => {
  it('still has its messages delivered, also by the next host', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    await stage.run('a', [send('b', tell(1)), send('b', tell(2))])
    await stage.theater.stop('a')
    busy.catch(() => undefined)
    await stage.theater.close()
    const world = stage.world
    await using again = await Stage.open({ store: stage.store, world })
    gate.open()
    await again.idle()
    expect(await heard(again, 'b')).toEqual([1, 2])
    expect(await again.run('b', [get])).toEqual([3])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
    expect(kinds(await chainOf(stage.store, 'a'))).toMatch(/stop$/)
  })
})
