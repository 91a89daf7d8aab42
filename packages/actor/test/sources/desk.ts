import { defineActor, Failure } from '@theater/actor'

export default defineActor({
  uses: ['topics', 'channels'],
  state: { price: 0, buyers: [] as string[] },
  subscriptions: {
    // Subscribed when the actor is made.
    'prices/gold': ({ state }, price: number) => {
      state.price = price
    },
  },
  channels: {
    // Another actor asks for a channel: accepted when this returns, refused when it throws a Failure.
    open({ state }, channel, budget: number) {
      if (budget < state.price) throw new Failure('too-poor', `gold is at ${state.price}`)
      state.buyers.push(channel.id)
      channel.send(state.price)
    },
    message(ctx, channel, amount: number) {
      ctx.publish('sales', { to: channel.peer, amount })
      channel.send(amount * ctx.state.price)
    },
    closed({ state }, channel) {
      state.buyers = state.buyers.filter((id) => id !== channel.id)
    },
  },
  messages: {
    buyers: ({ state }) => state.buyers,
  },
})
