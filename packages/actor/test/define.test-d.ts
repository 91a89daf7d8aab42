import { expectTypeOf } from 'vitest'
import {
  type ActorRef,
  defineActor,
  type Json,
  type MessagesOf,
  ref,
  type ReplyTo,
  type StandardSchema,
  t,
} from '@theater/actor'

interface Row {
  name: string
  note?: string
}

const counter = defineActor({
  uses: ['log', 'self'],
  state: { count: 0, rows: [] as Row[] },
  accepts: { checked: t.object({ a: t.string(), b: t.optional(t.integer()) }) },
  init(ctx, params: { start: number }) {
    ctx.state.count = params.start
  },
  messages: {
    add({ state, log }, { by }: { by: number }) {
      log.info('x', { by })
      state.count += by
      return state.count
    },
    get: (ctx) => ctx.state.count,
    async row(ctx, body: Row) {
      ctx.state.rows.push(body)
      expectTypeOf(ctx.id).toEqualTypeOf<string>()
      // @ts-expect-error 'store' is not in uses
      void ctx.store
    },
    checked(ctx, body) {
      expectTypeOf(body).toEqualTypeOf<{ a: string; b?: number }>()
      return ctx.state.rows
    },
    upload: (_ctx, body: Uint8Array) => body,
  },
})

type M = MessagesOf<typeof counter>
expectTypeOf<M['add']>().toEqualTypeOf<{ readonly body: { by: number }; readonly reply: number }>()
expectTypeOf<M['get']>().toEqualTypeOf<{ readonly body: undefined; readonly reply: number }>()
expectTypeOf<M['row']>().toEqualTypeOf<{ readonly body: Row; readonly reply: null }>()
expectTypeOf<M['checked']['body']>().toEqualTypeOf<{ a: string; b?: number }>()
expectTypeOf<M['upload']>().toEqualTypeOf<{ readonly body: Uint8Array; readonly reply: Uint8Array }>()
expectTypeOf<ReplyTo<typeof counter, 'checked'>>().toEqualTypeOf<Row[]>()

defineActor({
  messages: {
    // @ts-expect-error a bigint does not survive
    big: (_ctx, _body: { n: bigint }) => 1,
    // @ts-expect-error a Date does not survive
    date: () => ({ at: new Date() }),
    fine: () => 1,
  },
})
defineActor({
  // @ts-expect-error a Map does not survive
  state: { seen: new Map<string, number>() },
})

const to = ref<typeof counter>('counter')
defineActor({
  uses: ['messaging'],
  messages: {
    async go(ctx) {
      ctx.send(to, 'add', { by: 1 })
      // @ts-expect-error no such message
      ctx.send(to, 'sub', { by: 1 })
      // @ts-expect-error wrong body
      ctx.send(to, 'add', { by: '1' })
      // @ts-expect-error body missing
      ctx.send(to, 'add')
      ctx.send(to, 'get')
      ctx.send('anyone', 'what', { a: [1, null] })
      const row: Row = { name: 'x' }
      ctx.send('anyone', 'what', row)
      // @ts-expect-error a bigint does not survive
      ctx.send('anyone', 'what', { a: 1n })
      ctx.send('anyone', 'what', new Uint8Array(1))
      expectTypeOf(await ctx.request(to, 'add', { by: 1 })).toEqualTypeOf<number>()
      expectTypeOf(await ctx.request(to, 'add', { by: 1 }, { timeoutMs: 1 })).toEqualTypeOf<number>()
      expectTypeOf(await ctx.request(to, 'get')).toEqualTypeOf<number>()
      expectTypeOf(await ctx.request(to, 'get', undefined, { timeoutMs: 1 })).toEqualTypeOf<number>()
    },
  },
})

// Topics and channels: what is said survives its encoding, and handlers are typed by what they ask for.
defineActor({
  uses: ['topics', 'channels'],
  state: { n: 0 },
  subscriptions: {
    news(ctx, body: { n: number }, { topic }) {
      expectTypeOf(topic).toEqualTypeOf<string>()
      expectTypeOf(ctx.sender).toEqualTypeOf<string | null>()
      ctx.state.n = body.n
      ctx.publish('other', { n: 1 })
      // @ts-expect-error a bigint does not survive
      ctx.publish('other', { n: 1n })
      expectTypeOf(ctx.publishNow('other', new Uint8Array(1))).toEqualTypeOf<string[]>()
      // @ts-expect-error 'messaging' is not in uses
      void ctx.send
    },
  },
  channels: {
    open(ctx, channel, body: { price: number }) {
      channel.send({ n: body.price })
      ctx.channel<number>(channel.id).send(1)
      // @ts-expect-error this channel is told numbers
      ctx.channel<number>(channel.id).send('one')
      // @ts-expect-error a Date does not survive
      ctx.channel<{ at: Date }>(channel.id).send({ at: new Date() })
      return body.price > 1 ? 'later' : undefined
    },
    accepted(_ctx, channel) {
      expectTypeOf(channel.peer).toEqualTypeOf<string>()
    },
    closed(_ctx, _channel, { how, failure }) {
      expectTypeOf(how).toEqualTypeOf<'done' | 'failed' | 'stopped' | 'undelivered'>()
      expectTypeOf(failure?.code).toEqualTypeOf<string | undefined>()
    },
  },
  messages: {
    ask: (ctx) => ctx.channel<number>(ctx.open('b', { may: 'I' }).id).id,
    // @ts-expect-error a function does not survive
    wrong: (ctx) => ctx.open('b', () => 1).id,
  },
})
defineActor({
  uses: ['channels'],
  channels: {
    // @ts-expect-error it answers with nothing, or that it answers later
    open: () => 'never',
  },
})

// What works as it stands is nothing to ask for.
defineActor({
  // @ts-expect-error there is no such capability
  uses: ['clocks'],
  messages: { now: () => Date.now() },
})

// What survives JSON, and what does not.
interface Tree {
  name: string
  children: Tree[]
}
const shapes = defineActor({
  state: { tree: { name: 'root', children: [] } as Tree },
  messages: {
    tree: (_ctx, body: Tree) => body,
    json: (_ctx, body: Json) => body,
    tuple: (_ctx, body: readonly [string, number?]) => body,
    ref: (_ctx, body: { to: ActorRef<typeof counter> }) => body.to,
    optional: (_ctx, body: { a?: string }) => body,
    union: (_ctx, body: { kind: 'a'; n: number } | { kind: 'b' }) => body.kind,
    perhaps: (_ctx, _body?: number) => {},
    async later() {
      return await Promise.resolve([1])
    },
  },
})
defineActor({
  messages: {
    // @ts-expect-error undefined would come back as an absent key
    undefined: (_ctx, body: { a: string | undefined }) => body.a !== undefined,
    // @ts-expect-error nobody knows what it is
    unknown: (_ctx, body: { a: unknown }) => typeof body.a,
    // @ts-expect-error a function does not survive
    function: () => ({ f: () => 1 }),
    // @ts-expect-error bytes survive only as a whole body
    bytes: () => ({ data: new Uint8Array(1) }),
    // @ts-expect-error a class instance comes back without its class
    map: (_ctx, body: { map: Map<string, string> }) => body.map.size,
    // @ts-expect-error a symbol is not a key that survives
    symbol: () => ({ [Symbol.iterator]: 1 }),
  },
})
expectTypeOf<MessagesOf<typeof shapes>['tree']>().toEqualTypeOf<{
  readonly body: Tree
  readonly reply: Tree
}>()
expectTypeOf<MessagesOf<typeof shapes>['later']['reply']>().toEqualTypeOf<number[]>()
expectTypeOf<MessagesOf<typeof shapes>['perhaps']['body']>().toEqualTypeOf<number | undefined>()

// Capabilities: only those that are named, and only those that exist.
defineActor({
  uses: ['store', 'fs'],
  messages: {
    go({ store, fs, ...rest }) {
      expectTypeOf(store.put('x')).toEqualTypeOf<string>()
      expectTypeOf(fs.readBytes('/x')).toEqualTypeOf<Uint8Array>()
      // @ts-expect-error 'log' is not in uses
      rest.log.info('x')
      // @ts-expect-error 'messaging' is not in uses
      rest.send('x', 'y')
    },
  },
})
defineActor({
  // @ts-expect-error there is no such capability
  uses: ['network'],
})
defineActor({
  messages: {
    // @ts-expect-error without uses there is only the state and the sender
    go: (ctx) => ctx.id,
    fine: (ctx) => ctx.sender,
  },
})

// Schemas.
defineActor({
  accepts: { one: t.object({ n: t.integer() }) },
  params: t.object({ start: t.integer() }),
  state: 0,
  init(ctx, params) {
    expectTypeOf(params).toEqualTypeOf<{ start: number }>()
    ctx.state = params.start
  },
  messages: {
    one: (_ctx, body) => {
      expectTypeOf(body).toEqualTypeOf<{ n: number }>()
    },
    other: (_ctx, _body: { free: string }) => {},
  },
})
defineActor({
  accepts: { missing: t.string() },
  // @ts-expect-error a schema without a handler
  messages: { other: () => {} },
})
defineActor({
  accepts: { one: t.string() },
  messages: {
    // @ts-expect-error the schema gives a string
    one: (_ctx, body: number) => body,
  },
})

// A schema of another library may take something else than it gives.
declare const trimmed: StandardSchema<{ text: string }, { text: string; words: Map<string, number> }>
const transformed = defineActor({
  accepts: { text: trimmed },
  messages: { text: (_ctx, { words }) => words.size },
})
expectTypeOf<MessagesOf<typeof transformed>['text']['body']>().toEqualTypeOf<{ text: string }>()

// HTTP: alone or beside messages, with the state and the capabilities of the actor.
const web = defineActor({
  uses: ['http', 'log'],
  state: { visits: 0 },
  messages: { visits: ({ state }) => state.visits },
  async fetch(ctx, request) {
    expectTypeOf(request).toEqualTypeOf<Request>()
    expectTypeOf(ctx.state).toEqualTypeOf<{ visits: number }>()
    ctx.log.info(request.url)
    // @ts-expect-error 'store' is not in uses
    void ctx.store
    return await fetch('https://example.org/')
  },
})
expectTypeOf<keyof MessagesOf<typeof web>>().toEqualTypeOf<'visits'>()
defineActor({ fetch: () => new Response('ok') })
defineActor({
  // @ts-expect-error a handler of HTTP gives a Response
  fetch: () => 'ok',
})

// Children: typed by their definition, or plain ids.
const boss = defineActor({
  uses: ['supervisor', 'messaging'],
  state: { ended: 0 },
  messages: {
    async make(ctx) {
      const child = ctx.spawn<typeof counter>('counter', { params: { start: 1 }, limits: { descendants: 1 } })
      expectTypeOf(child).toEqualTypeOf<ActorRef<typeof counter>>()
      ctx.send(child, 'add', { by: 1 })
      // @ts-expect-error counter has no such message
      ctx.send(child, 'sub', { by: 1 })
      expectTypeOf(ctx.spawn('counter')).toEqualTypeOf<string>()
      // @ts-expect-error grants are data
      ctx.spawn('counter', { grants: { log: () => undefined } })
      return await ctx.request(child, 'add', { by: 2 })
    },
  },
  onChildEnded(ctx, { id, how }) {
    expectTypeOf(id).toEqualTypeOf<string>()
    expectTypeOf(how).toEqualTypeOf<'stopped' | 'trapped' | 'init-failed' | 'limit'>()
    ctx.state.ended += 1
  },
})
expectTypeOf<ReplyTo<typeof boss, 'make'>>().toEqualTypeOf<number>()
