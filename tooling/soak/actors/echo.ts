import { defineActor } from '@theater/actor'

/** Strings in, strings out, and nothing else: its calls never wait. */
export default defineActor({
  state: { count: 0 },
  messages: {
    echo({ state }, { text }: { text: string }) {
      state.count += 1
      return { text, count: state.count }
    },
  },
})
