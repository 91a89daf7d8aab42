import { defineActor } from '@theater/actor'

/** Reads a file in each call. */
export default defineActor({
  uses: ['fs'],
  state: { bytes: 0 },
  messages: {
    async read({ state, fs }, { path }: { path: string }) {
      const text = await fs.readText(path)
      state.bytes += text.length
      return text.length
    },
  },
})
