import { ChannelError, defineActor, Failure, TopicError } from '@theater/actor'
import { encodeReply } from '@theater/actor/message'
import { describe, expect, test } from 'vitest'
import { analyse } from '../src/build/analyse.ts'
import { worldOf } from '../src/build/world.ts'
import { FakeHost, outcome, Served } from './fake-host.ts'

const nobody = { tag: 'host' } as const
const from = (id: string) => ({ tag: 'actor', val: id }) as const

function serve(actor: ConstructorParameters<typeof Served>[0]): { host: FakeHost; actor: Served } {
  const host = new FakeHost()
  return { host, actor: new Served(actor, host.all()) }
}

describe('topics', () => {
  const made = () =>
    serve(
      defineActor({
        uses: ['topics', 'messaging'],
        state: { heard: [] as string[] },
        init(ctx, fails: boolean | undefined) {
          ctx.subscribe('more')
          if (fails === true) throw new Failure('no', 'no')
        },
        messages: {
          publish(ctx, fails: boolean) {
            const body = { n: 1 }
            ctx.send('b', 'before')
            ctx.publish('news', body)
            ctx.unsubscribe('a')
            body.n = 2
            if (fails) throw new Failure('no', 'no')
          },
          now(ctx) {
            const to = ctx.publishNow('news', new Uint8Array([104, 105]))
            throw new Failure('no', to.join())
          },
          code(ctx) {
            try {
              ctx.publishNow('news', 1)
              return null
            } catch (error) {
              return TopicError.is(error) ? [error.code, error.topic, error.limit ?? null] : null
            }
          },
          subscribed: (ctx) => ctx.subscribed(),
          heard: ({ state }) => state.heard,
        },
        subscriptions: {
          a({ state, sender }, body: string, { topic }) {
            state.heard.push(`${sender} ${topic} ${body}`)
            if (body === 'bad') throw new Failure('bad', 'no')
          },
          '*': ({ state }, body: unknown, { topic }) => void state.heard.push(`${topic} ${typeof body}`),
        },
      }),
    )

  test('are subscribed to by a new actor, and by one that takes over a state', async () => {
    const { host, actor } = made()
    await actor.exports.lifecycle.init({ format: '', body: new Uint8Array() })
    expect(host.calls).toEqual(['subscribe a', 'subscribe more'])
    expect(await actor.request('subscribed')).toEqual(['a', 'more'])
    const next = made()
    await next.actor.exports.migration.load(encodeReply({ heard: [] }))
    expect(next.host.calls).toEqual(['subscribe a'])
  })

  test('an init that fails has subscribed to nothing, and one that may not subscribe fails', async () => {
    const { host, actor } = made()
    const failed = await outcome(() => actor.exports.lifecycle.init(encodeReply(true)))
    expect([failed, host.calls]).toEqual([{ code: 'no', message: 'no' }, []])
    host.untold.set('a', { tag: 'denied' })
    expect(await outcome(() => actor.exports.lifecycle.init(encodeReply(false)))).toMatchObject({
      code: 'send-failed',
      detail: { type: 'subscribe', to: 'a', error: 'denied' },
    })
    expect(await outcome(() => actor.exports.migration.load(encodeReply({ heard: [] })))).toMatchObject({
      code: 'send-failed',
    })
  })

  test('get what a handler that succeeds has queued, in its order among the sends', async () => {
    const { host, actor } = made()
    await actor.request('publish', true)
    expect(host.calls).toEqual([])
    await actor.request('publish', false)
    expect(host.calls).toEqual([
      'send b application/json {"type":"before"}',
      'publish news application/json {"n":1}',
      'unsubscribe a',
    ])
    host.untold.set('news', { tag: 'outbox-full', val: 3 })
    expect(await actor.request('publish', false)).toMatchObject({
      code: 'send-failed',
      detail: { type: 'publish', to: 'news', error: 'outbox-full', limit: 3 },
    })
    expect(await actor.request('code')).toEqual(['outbox-full', 'news', 3])
  })

  test('get at once what is published now', async () => {
    const { host, actor } = made()
    expect(await actor.request('now')).toEqual({ code: 'no', message: 'a,b' })
    expect(host.calls).toEqual(['publish news application/octet-stream hi'])
  })

  test('are heard by their handlers, whose failure leaves the state', async () => {
    const { actor } = made()
    const { subscriber } = actor.exports
    await subscriber.handlePublish(from('x'), 'a', encodeReply('one'))
    await subscriber.handlePublish(nobody, 'toString', encodeReply([1]))
    expect(await outcome(() => subscriber.handlePublish(nobody, 'a', encodeReply('bad')))).toMatchObject({
      code: 'bad',
    })
    const text = { format: 'text/plain', body: new Uint8Array() }
    expect(await outcome(() => subscriber.handlePublish(nobody, 'a', text))).toMatchObject({
      code: 'bad-message',
    })
    expect(await actor.request('heard')).toEqual(['x a one', 'toString object'])
    const deaf = serve(defineActor({ uses: ['topics'], subscriptions: { a: () => 1 } }))
    const said = () => deaf.actor.exports.subscriber.handlePublish(nobody, 'b', encodeReply(1))
    expect(await outcome(said)).toMatchObject({ code: 'unknown-message' })
  })
})

describe('channels', () => {
  const made = () =>
    serve(
      defineActor({
        uses: ['channels', 'log'],
        state: { heard: [] as string[] },
        messages: {
          ask(ctx, fails: boolean) {
            const { id, peer } = ctx.open('b', { may: 'I' })
            ctx.state.heard.push(`${id} ${peer}`)
            if (fails) throw new Failure('no', 'no')
            return id
          },
          say(ctx, id: string) {
            const channel = ctx.channel<number>(id)
            channel.send(1)
            channel.close(new Failure('enough', 'of it'))
            return channel.peer
          },
          code(ctx) {
            try {
              return ctx.open('b').id
            } catch (error) {
              return ChannelError.is(error) ? [error.code, error.channel, error.limit ?? null] : null
            }
          },
          channels: (ctx) => ctx.channels(),
          accept: (ctx, id: string) => ctx.channel(id).accept(),
          heard: ({ state }) => state.heard,
        },
        channels: {
          open({ state }, channel, body: string) {
            state.heard.push(body)
            channel.send('welcome')
            if (body === 'no') throw new Failure('busy', 'not now')
            if (body === 'bug') throw new TypeError('oops')
            if (body === 'close') return channel.close()
            return body === 'later' ? 'later' : undefined
          },
          accepted: ({ state }, { id, peer }) => void state.heard.push(`accepted ${id} ${peer}`),
          message({ state }, channel, body: string) {
            state.heard.push(body)
            channel.send(`${body} too`)
            if (body === 'bad') throw new Failure('bad', 'no')
          },
          closed: ({ state }, { id }, { how, failure }) =>
            void state.heard.push(`${id} ${how} ${failure?.code ?? ''}`),
        },
      }),
    )

  test('are asked for at once, and given up where the handler fails', async () => {
    const { host, actor } = made()
    expect(await actor.request('ask', false)).toBe('me/b/0')
    await actor.request('ask', true)
    expect(host.calls).toEqual(['open b {"may":"I"}', 'open b {"may":"I"}', 'close me/b/1'])
    expect(await actor.request('heard')).toEqual(['me/b/0 b'])
    expect(await actor.request('channels')).toEqual(['me/b/0', 'me/b/1'])
    host.untold.set('b', { tag: 'too-many', val: 7 })
    expect(await actor.request('code')).toEqual(['too-many', 'b', 7])
  })

  test('are used by their names, when the handler has succeeded', async () => {
    const { host, actor } = made()
    expect(await actor.request('say', 'b/me/x')).toBe('b')
    expect(host.calls).toEqual(['id', 'say b/me/x 1', 'close b/me/x enough of it'])
    host.untold.set('b/me/x', { tag: 'too-many', val: 1 })
    expect(await actor.request('say', 'b/me/x')).toMatchObject({
      code: 'send-failed',
      detail: { type: 'a message', to: 'b' },
    })
  })

  test.each([
    ['yes', ['accept b/me/x', 'say b/me/x "welcome"']],
    ['later', ['say b/me/x "welcome"']],
    ['close', ['say b/me/x "welcome"', 'close b/me/x']],
    ['no', ['close b/me/x busy not now']],
    ['bug', ['close b/me/x exception TypeError: oops']],
  ])('an actor that is asked for one with %s', async (body, calls) => {
    const { host, actor } = made()
    await actor.exports.channelPeer.handleOpen(from('b'), 'b/me/x', encodeReply(body))
    expect(host.calls.filter((call) => !call.startsWith('log'))).toEqual(calls)
    expect(await actor.request('heard')).toEqual(['no', 'bug'].includes(body) ? [] : [body])
    if (body === 'later') await actor.request('accept', 'b/me/x')
    expect(host.calls.filter((call) => call.startsWith('accept'))).toHaveLength(
      ['yes', 'later'].includes(body) ? 1 : 0,
    )
  })

  test('one of the program is named by its end of it', async () => {
    const { actor } = made()
    const { channelPeer } = actor.exports
    await channelPeer.handleOpen({ tag: 'host' }, '@desk/me/x', encodeReply('yes'))
    await channelPeer.handleAccept({ tag: 'host' }, 'me/@desk/y')
    expect(await actor.request('heard')).toEqual(['yes', 'accepted me/@desk/y @desk'])
  })

  test('one that takes none says so', async () => {
    const { host, actor } = serve(defineActor({ uses: ['channels'], channels: {} }))
    await actor.exports.channelPeer.handleOpen(from('b'), 'b/me/x', encodeReply(1))
    expect(host.calls).toEqual(['close b/me/x no-channels this actor takes no channels'])
  })

  test('what is said on them is heard, and a handler that fails leaves the state, and the channel', async () => {
    const { host, actor } = made()
    const { channelPeer } = actor.exports
    await channelPeer.handleAccept(from('b'), 'me/b/x')
    await channelPeer.handleMessage(from('b'), 'me/b/x', encodeReply('hello'))
    const failed = await outcome(() => channelPeer.handleMessage(from('b'), 'me/b/x', encodeReply('bad')))
    expect(failed).toMatchObject({ code: 'bad' })
    await channelPeer.handleClose(from('b'), 'me/b/x', { tag: 'failed', val: { code: 'c', message: 'm' } })
    await channelPeer.handleClose(from('b'), 'me/b/y', { tag: 'stopped' })
    expect(await actor.request('heard')).toEqual([
      'accepted me/b/x b',
      'hello',
      'me/b/x failed c',
      'me/b/y stopped ',
    ])
    expect(host.calls).toEqual(['say me/b/x "hello too"'])
  })
})

test('what hears of topics and channels needs the capability, and the world has what it exports', () => {
  const shape = (text: string) =>
    analyse('a.ts', `import { defineActor } from '@theater/actor'\nexport default defineActor({ ${text} })`)
  expect(() => shape('subscriptions: { a() {} }')).toThrow("subscriptions needs 'topics' in uses")
  expect(() => shape("uses: ['topics'], channels: {}")).toThrow("channels needs 'channels' in uses")
  const { wit } = worldOf(shape("uses: ['topics', 'channels'], subscriptions: {}, channels: {}"))
  const world = wit.slice(wit.indexOf('world actor'))
  expect(world.match(/theater:[a-z/-]+/g)).toEqual([
    'theater:actor/self',
    'theater:messaging/topics',
    'theater:messaging/channels',
    'theater:actor/lifecycle',
    'theater:messaging/subscriber',
    'theater:messaging/channel-peer',
  ])
})
