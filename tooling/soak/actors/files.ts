import { defineActor } from '@theater/actor'

/** Reads a file in each call. */
export default defineActor({
  uses: ['fs'],
  state: { bytes: 0 },
  messages: {
    read({ state, fs }, { path }: { path: string }) {
      const text = fs.readText(path)
      state.bytes += text.length
      return text.length
    },
  },
})
