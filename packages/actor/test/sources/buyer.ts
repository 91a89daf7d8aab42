import { defineActor } from '@theater/actor'

export default defineActor({
  uses: ['channels'],
  state: { heard: [] as (number | string)[] },
  messages: {
    buy: (ctx, budget: number) => ctx.open('desk', budget).id,
    heard: ({ state }) => state.heard,
  },
  channels: {
    accepted: (_ctx, channel) => channel.send(2),
    message({ state }, channel, amount: number) {
      state.heard.push(amount)
      if (state.heard.at(-2) !== undefined && amount > 10) channel.close()
    },
    closed({ state }, _channel, { how, failure }) {
      state.heard.push(`${how} ${failure?.code ?? ''}`)
    },
  },
})
