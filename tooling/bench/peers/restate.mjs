// The durable counter as a virtual object of Restate. Says its port in a line.
import { serve, object } from '@restatedev/restate-sdk'

const counter = object({
  name: 'counter',
  handlers: {
    add: async (ctx) => {
      const count = ((await ctx.get('count')) ?? 0) + 1
      ctx.set('count', count)
      return count
    },
  },
})
const port = await serve({ services: [counter], port: Number(process.argv[2]) })
process.stdout.write(`${port}\n`)
