import { describe, expect, test } from 'vitest'
import { defineActor, Failure, ref, RequestError, SendError, t } from '@theater/actor'
import { encodeMessage, encodeReply } from '@theater/actor/message'
import example from './example.ts'
import { FakeHost, outcome, Served } from './fake-host.ts'

const noDetail = undefined

function serve(actor: ConstructorParameters<typeof Served>[0]): { host: FakeHost; actor: Served } {
  const host = new FakeHost()
  return { host, actor: new Served(actor, host.all()) }
}

test('the example of the README', async () => {
  const { host, actor } = serve(example)
  expect(await actor.request('add', { by: 2 })).toBe(2)
  expect(await actor.request('add', { by: -1 })).toEqual({
    code: 'negative',
    message: 'this counter only counts up',
  })
  expect(await actor.request('get')).toBe(2)
  expect(host.calls).toEqual(['log info added by=2 count=2'])
})

describe('state', () => {
  const { actor } = serve(
    defineActor({
      state: { list: [1], name: 'x' },
      messages: {
        push: ({ state }, body: number) => void state.list.push(body),
        pushThenFail({ state }, body: number) {
          state.list.push(body)
          throw new Failure('no', 'no')
        },
        replace(ctx) {
          ctx.state = { list: [], name: 'y' }
        },
        replaceThenThrow(ctx) {
          ctx.state = { list: [], name: 'z' }
          throw new Error('no')
        },
        nan({ state }) {
          state.list.push(Number.NaN)
        },
        unreplyable({ state }) {
          state.list.push(9)
          return Number.NaN
        },
        get: ({ state }) => state,
      },
    }),
  )

  test('changes when the handler succeeds, and only then', async () => {
    await actor.request('push', 2)
    await actor.request('pushThenFail', 3)
    expect(await actor.request('get')).toEqual({ list: [1, 2], name: 'x' })
    await actor.request('replaceThenThrow')
    expect(await actor.state()).toEqual({ list: [1, 2], name: 'x' })
    await actor.request('replace')
    expect(await actor.state()).toEqual({ list: [], name: 'y' })
  })

  test('stays as it was when the reply cannot be encoded', async () => {
    const before = await actor.state()
    expect(await actor.request('unreplyable')).toMatchObject({
      code: 'exception',
      message: 'TypeError: the reply to unreplyable: NaN does not survive JSON',
    })
    expect(await actor.state()).toEqual(before)
  })

  test('of the definition is not the state of an instance', async () => {
    const state = { n: 0 }
    const definition = defineActor({ state, messages: { up: (ctx) => ++ctx.state.n } })
    await serve(definition).actor.request('up')
    expect(await serve(definition).actor.request('up')).toBe(1)
    expect(state).toEqual({ n: 0 })
  })

  test('is out of reach when the turn is over', async () => {
    let leaked: { state: number } | undefined
    const { actor: leaky } = serve(
      defineActor({
        state: 0,
        messages: {
          leak: (ctx) => void (leaked = ctx),
          use: () => void leaked!.state++,
        },
      }),
    )
    await leaky.request('leak')
    expect(await leaky.request('use')).toMatchObject({
      code: 'exception',
      message: expect.stringContaining('turn is over'),
    })
    expect(await leaky.state()).toBe(0)
  })
})

describe('what a handler throws', () => {
  const { host, actor } = serve(
    defineActor({
      uses: ['log'],
      messages: {
        declared: () => {
          throw new Failure('empty', 'nothing left', { left: 0 })
        },
        error: () => {
          throw new RangeError('too far')
        },
        async rejects() {
          await Promise.resolve()
          throw new Error('later')
        },
        odd: () => {
          throw Object.create(null)
        },
        circular: () => {
          const detail: { self?: object } = {}
          detail.self = detail
          throw new Failure('round', 'and round', detail as never)
        },
        badCode: () => {
          throw new Failure('Not A Code', 'x')
        },
      },
    }),
  )

  test.for([
    ['declared', { code: 'empty', message: 'nothing left', detail: { left: 0 } }],
    ['error', { code: 'exception', message: 'RangeError: too far' }],
    ['rejects', { code: 'exception', message: 'Error: later' }],
    ['odd', { code: 'exception', message: '{}' }],
    ['circular', { code: 'round', message: 'and round', detail: noDetail }],
    ['badCode', { code: 'exception', message: expect.stringContaining('is no failure code') }],
  ] as const)('%s', async ([type, failure]) => {
    expect(await actor.request(type)).toEqual(failure)
  })

  test('is logged when it is a bug, and not when it is an answer', async () => {
    host.calls.length = 0
    await actor.request('declared')
    await actor.request('error')
    expect(host.calls).toEqual(['log error error threw error=RangeError: too far'])
  })
})

describe('messages', () => {
  const { actor } = serve(
    defineActor({
      uses: ['self'],
      accepts: { checked: t.object({ n: t.integer() }) },
      messages: {
        checked: (_ctx, { n }) => n + 1,
        whole: (_ctx, body: Uint8Array) => body.toReversed(),
        who: ({ sender, id, parent }) => ({ sender, id, parent }),
        nothing: () => {},
      },
    }),
  )

  test('have a body that is checked where there is a schema', async () => {
    expect(await actor.request('checked', { n: 1 })).toBe(2)
    expect(await actor.request('checked', { n: '1' })).toEqual({
      code: 'bad-message',
      message: 'body.n: expected an integer, got string',
      detail: { issues: ['body.n: expected an integer, got string'] },
    })
    expect(await actor.request('checked')).toMatchObject({ code: 'bad-message' })
    expect(await actor.request('checked', new Uint8Array(1))).toMatchObject({ code: 'bad-message' })
  })

  test('can be bytes', async () => {
    expect(await actor.request('whole', new Uint8Array([1, 2]))).toEqual(new Uint8Array([2, 1]))
  })

  test('have a sender that the host vouches for', async () => {
    expect(await actor.request('who')).toEqual({ sender: null, id: 'me', parent: null })
    expect(await actor.request('who', undefined, 'bob')).toEqual({ sender: 'bob', id: 'me', parent: null })
  })

  test('without a reply are answered with null', async () => {
    expect(await actor.request('nothing')).toBe(null)
  })

  test.for(['nobody', 'constructor', 'toString', '__proto__'])('of the unknown type %s', async (type) => {
    expect(await actor.request(type)).toMatchObject({ code: 'unknown-message' })
  })

  test.for([
    'text/plain',
    'application/json;type=x',
    'application/octet-stream',
    '',
    'application/json;a=b;c=d',
  ])('in the format %s are refused', async (format) => {
    const { responder, receiver } = actor.exports
    const message = { ...encodeMessage('nothing'), format }
    const refused = { code: 'bad-message' }
    expect(await outcome(() => responder.handleRequest({ tag: 'host' }, message))).toMatchObject(refused)
    expect(await outcome(() => receiver.handleSend({ tag: 'host' }, message))).toMatchObject(refused)
  })

  test('that were sent have no reply', async () => {
    expect(
      await outcome(() => actor.exports.receiver.handleSend({ tag: 'host' }, encodeMessage('who'))),
    ).toBe(undefined)
  })
})

describe('other actors', () => {
  const peer = defineActor({
    state: 0,
    messages: { get: ({ state }) => state, set: (_ctx, _n: number) => {} },
  })
  const to = ref<typeof peer>('peer')
  const caller = defineActor({
    uses: ['messaging', 'log'],
    state: { n: 0 },
    messages: {
      queue(ctx, fail: boolean) {
        ctx.state.n++
        ctx.send(to, 'set', 1)
        ctx.log.info('queued')
        ctx.send('other', 'hello')
        if (fail) throw new Failure('no', 'no')
      },
      now(ctx) {
        ctx.sendNow(to, 'set', 1)
        throw new Failure('no', 'no')
      },
      bytes(ctx) {
        const data = new Uint8Array([1])
        ctx.send('other', 'data', data)
        data[0] = 9
      },
      async caught(ctx) {
        try {
          ctx.sendNow('other', 'x')
        } catch (error) {
          return SendError.is(error) ? `${error.code} ${error.limit}` : 'other'
        }
        return 'sent'
      },
      async together(ctx) {
        const first = ctx.request(to, 'get', undefined, { timeoutMs: 5 })
        const second = ctx.request('other', 'x', { a: 1 })
        ctx.log.info('both run')
        const later = await second
        return [await first, later instanceof Uint8Array ? 'bytes' : later, await first]
      },
      async forgotten(ctx) {
        ctx.request(to, 'get')
        using _cancelled = ctx.request('other', 'get')
      },
      async fails(ctx) {
        try {
          return await ctx.request(to, 'get')
        } catch (error) {
          if (!RequestError.is(error)) throw error
          return { code: error.code, message: error.message, failure: error.failure ?? null }
        }
      },
      uncaught: (ctx) => ctx.request(to, 'get'),
    },
  })

  test('get what was queued when the handler has succeeded, in order', async () => {
    const { host, actor } = serve(caller)
    await actor.request('queue', false)
    expect(host.calls).toEqual([
      'log info queued',
      'send peer application/json {"type":"set","body":1}',
      'send other application/json {"type":"hello"}',
    ])
    host.calls.length = 0
    await actor.request('queue', true)
    expect(host.calls).toEqual(['log info queued'])
    expect(await actor.state()).toEqual({ n: 1 })
  })

  test('get what was sent at once, whatever follows', async () => {
    const { host, actor } = serve(caller)
    await actor.request('now')
    expect(host.calls).toEqual(['send peer application/json {"type":"set","body":1}'])
  })

  test('get the bytes as they were when they were sent', async () => {
    const { host, actor } = serve(caller)
    await actor.request('bytes')
    expect(host.calls).toEqual(['send other application/octet-stream;type=data \u0001'])
  })

  test('that refuse a queued send fail the turn', async () => {
    const { host, actor } = serve(caller)
    host.refuse.set('peer', { tag: 'denied' })
    expect(await actor.request('queue', false)).toEqual({
      code: 'send-failed',
      message: 'set to peer: denied',
      detail: { to: 'peer', type: 'set', error: 'denied', limit: null },
    })
    expect(host.calls).toHaveLength(2)
    expect(await actor.state()).toEqual({ n: 0 })
  })

  test('that refuse a send at once throw', async () => {
    const { host, actor } = serve(caller)
    host.refuse.set('other', { tag: 'too-large', val: 12n })
    expect(await actor.request('caught')).toBe('too-large 12')
  })

  test('answer requests that run side by side', async () => {
    const { host, actor } = serve(caller)
    host.answers.set('peer', { reply: 7 }).set('other', { reply: [1] })
    expect(await actor.request('together')).toEqual([7, [1], 7])
    expect(host.calls).toEqual([
      'request peer {"type":"get"} 5',
      'request other {"type":"x","body":{"a":1}} 0',
      'log info both run',
      'finish other',
      'finish peer',
    ])
  })

  test('do not keep requests that nobody awaited', async () => {
    const { host, actor } = serve(caller)
    await actor.request('forgotten')
    expect(host.calls).toEqual([
      'request peer {"type":"get"} 0',
      'request other {"type":"get"} 0',
      'cancel other',
      'cancel peer',
    ])
  })

  test('say why there is no reply', async () => {
    const { host, actor } = serve(caller)
    host.answers.set('peer', { error: { tag: 'timeout' } })
    expect(await actor.request('fails')).toMatchObject({ code: 'timeout', failure: null })
    const detail = encodeReply({ left: 1 })
    host.answers.set('peer', { error: { tag: 'failed', val: { code: 'empty', message: 'none', detail } } })
    expect(await actor.request('fails')).toMatchObject({
      code: 'failed',
      failure: { code: 'empty', message: 'none', detail: { left: 1 } },
    })
    expect(await actor.request('uncaught')).toEqual({
      code: 'exception',
      message: 'RequestError: the request to peer got no reply: failed with empty: none',
    })
  })
})

describe('init', () => {
  const actor = defineActor({
    state: { start: -1 },
    params: t.union(t.nothing(), t.object({ start: t.integer() })),
    init(ctx, params) {
      ctx.state.start = params?.start ?? 0
    },
  })
  const init = (served: Served, body?: unknown): Promise<unknown> =>
    outcome(() =>
      served.exports.lifecycle.init(
        body === undefined ? { format: 'x', body: new Uint8Array() } : encodeReply(body),
      ),
    )

  test('takes parameters, or none', async () => {
    const { actor: given } = serve(actor)
    expect(await init(given, { start: 3 })).toBe(undefined)
    expect(await given.state()).toEqual({ start: 3 })
    const { actor: none } = serve(actor)
    await init(none)
    expect(await none.state()).toEqual({ start: 0 })
  })

  test('refuses parameters that do not fit', async () => {
    const { actor: served } = serve(actor)
    expect(await init(served, { start: 'x' })).toMatchObject({ code: 'bad-message' })
    expect(await served.state()).toEqual({ start: -1 })
  })
})

describe('migration', () => {
  const actor = defineActor({
    state: { total: 1 },
    load: (saved) => {
      const { count } = saved as { count?: number }
      if (count === undefined) throw new Failure('too-old', 'no count')
      return { total: count }
    },
  })

  test('takes over what an earlier version saved', async () => {
    const { actor: served } = serve(actor)
    expect(await outcome(() => served.exports.migration.load(encodeReply({ count: 5 })))).toBe(undefined)
    expect(await served.state()).toEqual({ total: 5 })
  })

  test('leaves the state alone where it cannot', async () => {
    const { actor: served } = serve(actor)
    const load = (message: { format: string; body: Uint8Array }): Promise<unknown> =>
      outcome(() => served.exports.migration.load(message))
    expect(await load(encodeReply({}))).toEqual({ code: 'too-old', message: 'no count' })
    expect(await load(encodeReply(new Uint8Array(1)))).toMatchObject({ code: 'bad-state' })
    expect(await load({ format: 'application/json', body: new Uint8Array([0xff]) })).toMatchObject({
      code: 'bad-state',
    })
    expect(await served.state()).toEqual({ total: 1 })
  })
})

describe('where a handler threw', () => {
  const boom = defineActor({
    state: { odd: null as null | string },
    messages: {
      boom: () => {
        throw new TypeError('boom')
      },
    },
  })

  test('is in the log where there is one, and in no answer', async () => {
    const { host, actor } = serve(boom)
    expect(await actor.request('boom')).toEqual({ code: 'exception', message: 'TypeError: boom' })
    expect(host.calls).toEqual(['log error boom threw error=TypeError: boom'])
  })

  test('is told to the host, and to no actor, where there is no log', async () => {
    const actor = new Served(boom, {})
    expect(await actor.request('boom')).toEqual({
      code: 'exception',
      message: 'TypeError: boom',
      detail: { stack: expect.stringContaining('serve.test.ts') },
    })
    expect(await actor.request('boom', undefined, 'other')).toEqual({
      code: 'exception',
      message: 'TypeError: boom',
    })
  })

  test('is all that is known of a state that cannot be saved', async () => {
    const host = new FakeHost()
    const unsound = defineActor({
      state: { n: 0 },
      messages: {
        spoil(ctx) {
          ctx.state = { n: Number.NaN }
        },
      },
    })
    const actor = new Served(unsound, host.all())
    await actor.request('spoil')
    await expect(actor.state()).rejects.toThrow('the state')
    expect(host.calls.at(-1)).toMatch(/^log error save threw error=TypeError: the state/)
  })
})
