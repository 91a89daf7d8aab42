import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { diskCache } from '@theater/component/node'
import type { Durability } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { builtActor } from './actors.ts'

/** Durable counters behind HTTP, each asked at an address of its own: a GET adds one and answers the count, once it is stored. */
export interface Counters {
  readonly name: string
  readonly url: (i: number) => string
}

/** The most counters that are asked for. */
const MOST = 100

/** Counters in plain Node: one transaction a request, on the disk before it is answered. */
export async function plainCounters(stack: AsyncDisposableStack, folder: string): Promise<Counters> {
  const db = new DatabaseSync(join(folder, 'plain.db'))
  stack.defer(() => db.close())
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT')
  const add = db.prepare(
    'INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count',
  )
  const server = createServer((request, response) => {
    const row = add.get(request.url ?? '/')
    response.writeHead(200, { 'content-type': 'text/plain' }).end(String(row?.['count']))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { name: 'node:http and node:sqlite', url: (i) => `http://127.0.0.1:${port}/${i}` }
}

/** TypeScript actors whose state is the count, as durable as is asked for. */
export async function theaterCounters(
  stack: AsyncDisposableStack,
  folder: string,
  durability: Durability,
): Promise<Counters> {
  const component = await builtActor('counter')
  const handler = stack.use(http())
  const store = stack.use(sqliteStore(join(folder, `theater-${durability}.db`)))
  const cache = await diskCache(join(folder, 'cache'))
  const theater = stack.use(await Theater.open({ store, cache, durability, handlers: [handler] }))
  for (let i = 0; i < MOST; i++) {
    const grants = { http: { serve: [{ path: `/${i}` }] } }
    await theater.spawn({ id: `counter-${i}`, component, grants })
  }
  const { port } = handler.address ?? { port: 0 }
  return { name: `Theater, ${durability}`, url: (i) => `http://127.0.0.1:${port}/${i}` }
}
