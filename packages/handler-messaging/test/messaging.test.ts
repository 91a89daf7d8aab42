import { fakeActor } from '@theater/handler-conformance'
import { WitError } from '@theater/handler'
import type { ChannelFailure, DeliveryFailure, Reply, TopicFailure } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { messaging } from '../src/index.ts'
import type { MessagingGrant } from '../src/index.ts'

const CLIENT = 'theater:messaging/client@0.1'
const CHANNELS = 'theater:messaging/channels@0.1'
const TOPICS = 'theater:messaging/topics@0.1'
const PENDING = `${CLIENT}#pending`
const FINISH = '[static]pending.finish'
const hello = { format: 'text/plain', body: new Uint8Array([104, 105]) }
const all: MessagingGrant = { to: ['*'] }

async function bound(options: Parameters<typeof fakeActor>[0] = {}, grant = all, limits = {}) {
  const actor = fakeActor({ id: 'auditor', ...options })
  const binding = await messaging(limits).bind(actor, grant)
  return {
    actor,
    binding,
    client: binding.imports[CLIENT],
    topics: binding.imports[TOPICS],
    channels: binding.imports[CHANNELS],
  }
}

async function payload(promise: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof promise === 'function' ? promise() : promise)
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
  throw new Error('it answered')
}

describe('send', () => {
  test('calls handle-send of the receiver with the sender', async () => {
    const { actor, client } = await bound()
    expect(client.send('reporter', hello)).toBeUndefined()
    expect(actor.sent).toEqual([
      {
        kind: 'send',
        to: 'reporter',
        fn: 'theater:messaging/receiver@0.1#handle-send',
        args: [{ tag: 'actor', val: 'auditor' }, hello],
      },
    ])
  })

  test.each<[DeliveryFailure, unknown]>([
    [{ tag: 'unknown-actor' }, { tag: 'unknown-actor' }],
    [{ tag: 'not-served' }, { tag: 'not-served' }],
    [{ tag: 'stopped' }, { tag: 'not-served' }],
    [
      { tag: 'too-large', val: 3n },
      { tag: 'too-large', val: 3n },
    ],
    [
      { tag: 'outbox-full', val: 9 },
      { tag: 'outbox-full', val: 9 },
    ],
  ])('answers %o', async (failure, expected) => {
    const { client } = await bound({ onSend: () => failure })
    expect(await payload(() => client.send('reporter', hello))).toEqual(expected)
  })

  test('a failure that only a request can have is a fault', async () => {
    const { client } = await bound({ onSend: () => ({ tag: 'deadlock' }) })
    expect(() => client.send('reporter', hello)).toThrow('only a request')
  })

  test('a message over the limit does not leave', async () => {
    const { actor, client } = await bound({}, all, { maxMessageBytes: 12 })
    client.send('reporter', hello)
    const long = { ...hello, body: new Uint8Array(3) }
    expect(await payload(() => client.send('reporter', long))).toEqual({ tag: 'too-large', val: 12n })
    expect(actor.sent).toHaveLength(1)
  })
})

describe('topics', () => {
  test('a publish answers who gets it', async () => {
    const { topics } = await bound({ onPublish: (topic) => [`${topic}-listener`] })
    expect(topics.publish('news', hello)).toEqual(['news-listener'])
  })

  test.each<[TopicFailure, unknown]>([
    [{ tag: 'bad-topic' }, { tag: 'bad-topic' }],
    [
      { tag: 'outbox-full', val: 9 },
      { tag: 'outbox-full', val: 9 },
    ],
  ])('a publish answers %o', async (failure, expected) => {
    const { topics } = await bound({ onPublish: () => failure })
    expect(await payload(() => topics.publish('news', hello))).toEqual(expected)
  })

  test('a message over the limit is not published', async () => {
    const { topics } = await bound({ onPublish: () => ['a'] }, all, { maxMessageBytes: 11 })
    expect(await payload(() => topics.publish('news', hello))).toEqual({ tag: 'too-large', val: 11n })
  })

  test('subscriptions begin and end, and are listed', async () => {
    const { actor, topics } = await bound()
    topics.subscribe('b')
    topics.subscribe('a')
    expect(topics.subscriptions()).toEqual(['a', 'b'])
    topics.unsubscribe('a')
    expect(actor.subscribed).toEqual(['b'])
  })

  test.each<[TopicFailure, unknown]>([
    [{ tag: 'bad-topic' }, { tag: 'bad-topic' }],
    [{ tag: 'not-served' }, { tag: 'not-served' }],
    [
      { tag: 'too-many', val: 3 },
      { tag: 'too-many', val: 3 },
    ],
  ])('a subscription answers %o', async (failure, expected) => {
    const { topics } = await bound({ onSubscribe: () => failure })
    expect(await payload(() => topics.subscribe('news'))).toEqual(expected)
    expect(await payload(() => topics.unsubscribe('news'))).toEqual(expected)
  })

  test('what only a message to one actor can be answered with is a fault', async () => {
    const { topics } = await bound({
      onPublish: () => ({ tag: 'stopped' }),
      onSubscribe: () => ({ tag: 'stopped' }),
    })
    expect(() => topics.publish('news', hello)).toThrow('which it cannot be')
    expect(() => topics.subscribe('news')).toThrow('which it cannot be')
  })
})

describe('channels', () => {
  test('are opened, used and closed by their names', async () => {
    const steps: string[] = []
    const { channels } = await bound({
      onChannel: (step, name) => void steps.push(`${step} ${name}`),
    })
    const channel = channels.open('peer', hello)
    channels.accept(channel)
    channels.send(channel, hello)
    expect(channels.list()).toEqual([channel])
    channels.close(channel, { code: 'busy', message: 'so' })
    expect(channels.list()).toEqual([])
    expect(steps).toEqual(['open peer', `accept ${channel}`, `send ${channel}`, `close ${channel}`])
  })

  test.each<[ChannelFailure, unknown]>([
    [{ tag: 'unknown-actor' }, { tag: 'unknown-actor' }],
    [{ tag: 'not-served' }, { tag: 'not-served' }],
    [{ tag: 'stopped' }, { tag: 'not-served' }],
    [
      { tag: 'too-large', val: 3n },
      { tag: 'too-large', val: 3n },
    ],
    [
      { tag: 'outbox-full', val: 9 },
      { tag: 'outbox-full', val: 9 },
    ],
    [
      { tag: 'too-many', val: 9 },
      { tag: 'too-many', val: 9 },
    ],
  ])('an open answers %o', async (failure, expected) => {
    const { channels } = await bound({ onChannel: () => failure })
    expect(await payload(() => channels.open('peer', hello))).toEqual(expected)
  })

  test.each<[ChannelFailure, unknown]>([
    [{ tag: 'not-open' }, { tag: 'not-open' }],
    [{ tag: 'stopped' }, { tag: 'not-open' }],
    [
      { tag: 'too-large', val: 3n },
      { tag: 'too-large', val: 3n },
    ],
    [
      { tag: 'outbox-full', val: 9 },
      { tag: 'outbox-full', val: 9 },
    ],
  ])('what is done with one answers %o', async (failure, expected) => {
    const { channels } = await bound({ onChannel: () => failure })
    expect(await payload(() => channels.send('x', hello))).toEqual(expected)
    expect(await payload(() => channels.accept('x'))).toEqual(expected)
    expect(await payload(() => channels.close('x', undefined))).toEqual(expected)
  })

  test('what is over the limit is not said', async () => {
    const { channels } = await bound({}, all, { maxMessageBytes: 11 })
    const why = { code: 'a', message: 'long enough', detail: hello }
    const large = { tag: 'too-large', val: 11n }
    expect(await payload(() => channels.open('peer', hello))).toEqual(large)
    expect(await payload(() => channels.send('x', hello))).toEqual(large)
    expect(await payload(() => channels.close('x', why))).toEqual(large)
  })

  test('what only a request can be answered with is a fault', async () => {
    const { channels } = await bound({ onChannel: () => ({ tag: 'deadlock' }) })
    expect(() => channels.open('peer', hello)).toThrow('which it cannot be')
    expect(() => channels.accept('x')).toThrow('which it cannot be')
  })
})

describe('request', () => {
  const answers = (reply: Reply) => bound({ onRequest: () => reply })

  test('starts at once, two run together, and finish answers', async () => {
    const replies = [Promise.withResolvers<Reply>(), Promise.withResolvers<Reply>()]
    let n = 0
    const { actor, client } = await bound({ onRequest: () => replies[n++]!.promise })
    const first = await client.request('a', hello, 500)
    const second = await client.request('b', hello, 600)
    expect(actor.sent).toEqual([
      {
        kind: 'request',
        to: 'a',
        fn: 'theater:messaging/responder@0.1#handle-request',
        args: [{ tag: 'actor', val: 'auditor' }, hello],
        timeoutMs: 500,
      },
      expect.objectContaining({ to: 'b', timeoutMs: 600 }),
    ])
    const finished = client[FINISH](second)
    replies[1]!.resolve({ tag: 'answered', val: { tag: 'ok', val: hello } })
    expect(await finished).toEqual(hello)
    replies[0]!.resolve({ tag: 'timeout' })
    expect(await payload(client[FINISH](first))).toEqual({ tag: 'timeout' })
  })

  test('the time is lowered to the limit; 0 asks for the limit', async () => {
    const { actor, client } = await bound({}, all, { maxTimeoutMs: 1000 })
    for (const timeoutMs of [0, 1, 1000, 1001, 2 ** 32 - 1]) await client.request('a', hello, timeoutMs)
    expect(actor.sent.map((sent) => sent.timeoutMs)).toEqual([1000, 1, 1000, 1000, 1000])
  })

  test('a failure of the receiver is `failed`', async () => {
    const failure = { code: 'no', message: 'not today', detail: hello }
    const { client } = await answers({ tag: 'answered', val: { tag: 'err', val: failure } })
    const pending = await client.request('a', hello, 1)
    expect(await payload(client[FINISH](pending))).toEqual({ tag: 'failed', val: failure })
  })

  test.each([
    'unknown-actor',
    'not-served',
    'mailbox-full',
    'stopped',
    'timeout',
    'deadlock',
    'trapped',
    'outcome-unknown',
  ] as const)('answers %s', async (tag) => {
    const { client } = await answers({ tag })
    const pending = await client.request('a', hello, 1)
    expect(await payload(client[FINISH](pending))).toEqual({ tag })
  })

  test.each<unknown>([
    undefined,
    null,
    7,
    'ok',
    { tag: 'ok' },
    { tag: 'ok', val: { format: 1, body: new Uint8Array() } },
    { tag: 'ok', val: { format: 'x', body: [1] } },
    { tag: 'err', val: { code: 'x' } },
    { tag: 'err', val: { code: 'x', message: 'y', detail: { format: 'z' } } },
    { tag: 'else', val: hello },
  ])('an answer of another type, %o, is never handed on', async (val) => {
    const { client } = await answers({ tag: 'answered', val })
    const pending = await client.request('a', hello, 1)
    expect(await payload(client[FINISH](pending))).toEqual({ tag: 'outcome-unknown' })
  })

  test('an answer over the limit is not handed on', async () => {
    const big = { format: 'x', body: new Uint8Array(100) }
    const { client } = await bound(
      { onRequest: () => ({ tag: 'answered', val: { tag: 'ok', val: big } }) },
      all,
      {
        maxMessageBytes: 50,
      },
    )
    const pending = await client.request('a', hello, 1)
    expect(await payload(client[FINISH](pending))).toEqual({ tag: 'outcome-unknown' })
  })

  test('a refused request does not leave; its answer is `denied`', async () => {
    const { actor, binding, client } = await bound({}, { to: ['reporter'] })
    const pending = await client.request('auditor', hello, 1)
    expect(actor.sent).toEqual([])
    expect(binding.describe?.(PENDING, pending)).toEqual({ to: 'auditor', refused: 'denied' })
    expect(await payload(client[FINISH](pending))).toEqual({ tag: 'denied' })
  })

  test('a request over the limit does not leave', async () => {
    const { actor, binding, client } = await bound({}, all, { maxMessageBytes: 3 })
    const pending = await client.request('a', hello, 1)
    expect(actor.sent).toEqual([])
    const resumed = binding.resume?.(PENDING, binding.describe?.(PENDING, pending) ?? null)
    expect(await payload(client[FINISH](pending))).toEqual({ tag: 'too-large', val: 3n })
    expect(await payload(client[FINISH](resumed!))).toEqual({ tag: 'too-large', val: 3n })
  })

  test('dropping cancels, finishing does not', async () => {
    const { actor, client } = await answers({ tag: 'timeout' })
    const first = await client.request('a', hello, 1)
    const second = await client.request('a', hello, 1)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(actor.cancelled).toEqual([1])
    await payload(client[FINISH](second))
    second[Symbol.dispose]()
    expect(actor.cancelled).toEqual([1])
  })

  test('a pending is finished once, and only by its own actor', async () => {
    const one = await answers({ tag: 'timeout' })
    const other = await answers({ tag: 'timeout' })
    const pending = await one.client.request('a', hello, 1)
    await expect(other.client[FINISH](pending)).rejects.toThrow('not of this actor')
    await payload(one.client[FINISH](pending))
    await expect(one.client[FINISH](pending)).rejects.toThrow('was finished')
  })

  test('the end of the actor rejects a finish and gives up the request', async () => {
    const { actor, client } = await bound({ onRequest: () => new Promise<Reply>(() => {}) })
    const pending = await client.request('a', hello, 1)
    const finished = client[FINISH](pending)
    const reason = new Error('stopped')
    actor.end(reason)
    await expect(finished).rejects.toBe(reason)
    expect(actor.cancelled).toEqual([1])
    await expect(client.request('a', hello, 1)).rejects.toBe(reason)
  })
})

describe('after a restart', () => {
  test('a described pending resumes', async () => {
    const before = await bound()
    const description = before.binding.describe?.(PENDING, await before.client.request('a', hello, 1))
    expect(description).toEqual({ to: 'a', id: { n: 1 } })

    const reply: Reply = { tag: 'answered', val: { tag: 'ok', val: hello } }
    const after = await bound({ known: new Map([[1, Promise.resolve(reply)]]) })
    const resumed = after.binding.resume?.(PENDING, JSON.parse(JSON.stringify(description)))
    expect(await after.client[FINISH](resumed!)).toEqual(hello)
  })

  test.each([
    null,
    7,
    'x',
    [],
    {},
    { to: 1 },
    { to: 'a' },
    { to: 'a', id: 3 },
    { to: 'a', id: { n: {} } },
    { to: 'a', id: { n: 5 } },
  ])('what is not known any more, %o, is closed, and finish answers outcome-unknown', async (description) => {
    const { binding } = await bound()
    expect(binding.resume?.(PENDING, description)).toBeUndefined()
    expect(binding.closed?.(`${CLIENT}#${FINISH}`)?.payload).toEqual({ tag: 'outcome-unknown' })
  })
})

describe('asks', () => {
  const handler = messaging()
  const send = handler.functions[`${CLIENT}#send`]!
  const finish = handler.functions[`${CLIENT}#${FINISH}`]!

  test('a send asks for its receiver', () => {
    expect(send.ask?.({ fn: 'send', args: ['reporter', hello] })).toEqual({ send: 'reporter' })
    expect(send.deny?.({ fn: 'send', ask: { send: 'x' }, refusal: { refused: '' } }).payload).toEqual({
      tag: 'denied',
    })
  })

  test('finish asks for the receiver of its pending; a narrowed grant cannot claim that nothing ran', () => {
    const started = finish.ask?.({ fn: 'finish', args: [{ to: 'a', id: { n: 1 } }] })
    const refused = finish.ask?.({ fn: 'finish', args: [{ to: 'a', refused: 'denied' }] })
    expect(started).toEqual({ request: 'a', started: true })
    expect(refused).toEqual({ request: 'a', started: false })
    expect(handler.authorize({ to: ['a'] }, started!)).toBe(true)
    const refusal = { refused: '' }
    expect(finish.deny?.({ fn: 'finish', ask: started!, refusal }).payload).toEqual({
      tag: 'outcome-unknown',
    })
    expect(finish.deny?.({ fn: 'finish', ask: refused!, refusal }).payload).toEqual({ tag: 'denied' })
  })
})
