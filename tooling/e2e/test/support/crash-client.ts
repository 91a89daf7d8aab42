// A host that ends itself with SIGKILL while an actor makes a request over theater:http/client:
// `node crash-client.ts CHAINS.db ORIGIN GRANT`. The intent is written, the server has answered, and nobody is left to
// write that the request was started.
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { AnyHandler } from '@theater/handler'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { cache } from './actors.ts'
import { everything, httpRelay, post, start } from './http-guest.ts'

const [chains, origin, grant] = process.argv.slice(2) as [string, string, string]
const CLIENT = 'theater:http/client@0.1'
const handler = http()
const deadly: AnyHandler = {
  ...handler,
  async bind(...args: Parameters<typeof handler.bind>) {
    const binding = await handler.bind(...args)
    const client = binding.imports[CLIENT]
    const started: typeof client.start = async (...call) => {
      const exchange = await client.start(...call)
      await exchange.finish()
      process.kill(process.pid, 'SIGKILL')
      return exchange
    }
    return { ...binding, imports: { ...binding.imports, [CLIENT]: { ...client, start: started } } }
  },
}
const theater = await Theater.open({ store: sqliteStore(chains), handlers: [deadly], cache })
const grants = everything(origin, JSON.parse(grant) as object)
await theater.spawn({ id: 'client', component: httpRelay, grants })
await start(theater, post(`${origin}/pay`))
throw new Error('the host should have been killed before')
