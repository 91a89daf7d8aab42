import { defineActor } from '@theater/actor'

export default defineActor({
  uses: ['timer'],
  state: [] as string[],
  timers: {
    ring({ state }, said: string, { missed }) {
      state.push(`${said} +${missed}`)
    },
    fail() {
      throw new Error('not now')
    },
    spin() {
      for (;;);
    },
  },
  messages: {
    set: (ctx, { timer, ms, said }: { timer: string; ms: number; said?: string }) =>
      ctx.timers.once(ms, timer, said).id,
    every: (ctx, { ms, said }: { ms: number; said: string }) => ctx.timers.every(ms, 'ring', said).id,
    regret(ctx) {
      ctx.timers.once(1000, 'ring', 'regretted')
      throw new Error('after all')
    },
    heard: ({ state }) => state,
  },
})
