import { defineActor } from '@theater/actor'

/** Asks a server in each call. */
export default defineActor({
  uses: ['http'],
  state: { bytes: 0 },
  messages: {
    async get({ state }, { url }: { url: string }) {
      const response = await fetch(url)
      const text = await response.text()
      state.bytes += text.length
      return { status: response.status, length: text.length }
    },
  },
})
