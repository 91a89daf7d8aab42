import { type Actor, defineActor, Failure, ref, RequestError, t } from '@theater/actor'

/** What this counter asks of other counters. Written out: an actor's type cannot be taken from inside it. */
type Counter = Actor<{
  add: { body: { by: number }; reply: number }
  get: { body: undefined; reply: number }
}>

/** A counter, for tests that want a real actor of the TypeScript kit. README.md says what each message does. */
export default defineActor({
  uses: ['self', 'log', 'messaging'],
  state: { count: 0 },
  params: t.union(t.nothing(), t.object({ start: t.integer() })),
  init(ctx, params) {
    if (params === undefined) return
    if (params.start < 0) throw new Failure('negative', 'this counter starts at 0 or above')
    ctx.state.count = params.start
  },
  accepts: {
    add: t.object({ by: t.integer() }),
    fail: t.object({ how: t.literal('failure', 'exception', 'trap', 'after-change') }),
    forward: t.object({ to: t.string(), by: t.integer() }),
    ask: t.object({ to: t.string(), timeoutMs: t.optional(t.integer()) }),
    both: t.object({ first: t.string(), second: t.string() }),
  },
  messages: {
    add({ state, log }, { by }) {
      state.count += by
      log.info('added', { by, count: state.count })
      return state.count
    },
    get: ({ state }) => state.count,
    who: ({ id, parent, sender }) => ({ id, parent, sender }),
    echo: (_ctx, body: Uint8Array) => body,
    fail({ state }, { how }) {
      switch (how) {
        case 'failure':
          throw new Failure('asked-to', 'as asked', { count: state.count })
        case 'exception':
          throw new TypeError('as asked')
        case 'after-change':
          state.count += 1000
          throw new Failure('asked-to', 'the change must not stay')
        case 'trap':
          // The engine ends a turn whose promise can never settle.
          return new Promise<null>(() => {})
      }
    },
    forward(ctx, { to, by }) {
      ctx.send(ref<Counter>(to), 'add', { by })
    },
    async ask(ctx, { to, timeoutMs = 1000 }) {
      try {
        return { reply: await ctx.request(ref<Counter>(to), 'get', undefined, { timeoutMs }) }
      } catch (error) {
        if (!RequestError.is(error)) throw error
        return { error: error.code, failure: error.failure?.code ?? null }
      }
    },
    async both(ctx, { first, second }) {
      const one = ctx.request(ref<Counter>(first), 'get')
      const two = ctx.request(ref<Counter>(second), 'get')
      return [await one, await two]
    },
  },
})
