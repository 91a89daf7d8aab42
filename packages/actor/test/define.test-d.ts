import { expectTypeOf } from 'vitest'
import { defineActor, ref, t, type MessagesOf, type ReplyTo } from '@theater/actor'

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

// What works through the ambient parts of JavaScript adds nothing to ctx, and takes nothing away.
defineActor({
  uses: ['log', 'clocks', 'random', 'timers'],
  messages: { now: ({ log }) => log.info(`it is ${Date.now()}`) },
})
