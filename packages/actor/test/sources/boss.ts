import { defineActor } from '@theater/actor'
import type counter from './counter.ts'

export default defineActor({
  uses: ['messaging', 'supervisor'],
  state: { ended: [] as string[] },
  messages: {
    async count(ctx, texts: string[]) {
      const child = ctx.spawn<typeof counter>('counter') // a component of the grant, with no authority at all
      for (const text of texts) ctx.sendNow(child, 'count', text)
      const words = await ctx.request(child, 'count', '')
      ctx.stop(child)
      return words
    },
    ended: ({ state }) => state.ended,
  },
  onChildEnded(ctx, { id }) {
    ctx.state.ended.push(id)
  },
})
