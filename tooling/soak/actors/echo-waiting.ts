import { defineActor } from '@theater/actor'

/** Like `echo`, made for calls that can wait: it may ask another actor, so the host suspends it with JSPI. */
export default defineActor({
  uses: ['messaging'],
  state: { count: 0 },
  messages: {
    echo({ state }, { text }: { text: string }) {
      state.count += 1
      return { text, count: state.count }
    },
    async ask(ctx, { to }: { to: string }) {
      return ctx.request(to, 'echo', { text: 'asked' })
    },
  },
})
