// A host that ends itself with SIGKILL while an actor makes a request: `node crash-http.ts CHAINS.db AUTHORITY METHOD`.
// The intent is written, the request has reached its server, and nobody is left to write what came of it.
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { AnyHandler } from '@theater/handler'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { cache } from './actors.ts'
import { everything, HttpRelay, httpRelay } from './http-guest.ts'

const [chains, authority, method] = process.argv.slice(2) as [string, string, 'post' | 'put']
const handler = http()
const deadly: AnyHandler = {
  ...handler,
  async bind(...args: Parameters<typeof handler.bind>) {
    const binding = await handler.bind(...args)
    const outgoing = binding.imports['wasi:http/outgoing-handler@0.2']
    return {
      ...binding,
      imports: {
        ...binding.imports,
        'wasi:http/outgoing-handler@0.2': {
          async handle(request: object, options: object | undefined) {
            const future = await outgoing.handle(request, options)
            await future.subscribe().wait(new AbortController().signal)
            process.kill(process.pid, 'SIGKILL')
            return future
          },
        },
      },
    }
  },
}
const theater = await Theater.open({ store: sqliteStore(chains), handlers: [deadly], cache })
await theater.spawn({ id: 'client', component: httpRelay, grants: everything(`http://${authority}`) })
const relay = new HttpRelay(theater, 'client')
await relay.handle(await relay.request(authority, { method, path: '/once' }))
throw new Error('the host should have been killed before')
