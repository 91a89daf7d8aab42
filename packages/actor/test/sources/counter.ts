import { defineActor } from '@theater/actor'

export default defineActor({
  state: { words: 0 },
  messages: {
    count(ctx, text: string) {
      ctx.state.words += text.split(/\s+/).filter(Boolean).length
      return ctx.state.words
    },
  },
})
