import { Failure, defineActor } from '@theater/actor'

/** Uses all that a kit actor can use, and runs what it is told, so that one build serves all tests. */
export default defineActor({
  uses: ['self', 'log', 'messaging', 'store', 'fs', 'clocks', 'random'],
  state: { runs: 0 },
  messages: {
    async run(ctx, code: string) {
      ctx.state.runs++
      // oxlint-disable-next-line no-eval -- one build serves all tests
      const run = (0, eval)(`(async (ctx, Failure) => (${code}))`) as (...args: unknown[]) => Promise<unknown>
      return String(await run(ctx, Failure))
    },
    instances: (_ctx, body: Uint8Array) => body instanceof Uint8Array,
  },
})
