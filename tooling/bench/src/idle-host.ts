// A host that opens a store with many actors that have nothing to do, and says what that takes; and what each takes that has had a turn and left
// memory again: `node idle-host.ts STORE CACHE ACTORS`.
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { Theater } from '@theater/runtime'
import type { Idle } from './idle-bench.ts'

/** So many have a turn at the most: each takes a millisecond. */
const TURNS = 5000

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const [file = '', cache = '', actors = ''] = process.argv.slice(2)
const count = Number(actors)
await using store = sqliteStore(file)
const options = { cache: await diskCache(cache), maxActors: count, resident: 0 }
const before = memory()
const from = performance.now()
await using theater = await Theater.open({ store, ...options })
const openMs = performance.now() - from
const opened = memory()
const turns = Math.min(TURNS, count)
for (let i = 0; i < turns; i++) await theater.call(`idle-${i}`, 'count', [])
await theater.idle()
while (theater.actors().some(({ resident }) => resident)) await setTimeout(10)
const left = memory()
const said: Idle = {
  openMs,
  heap: (opened.heap - before.heap) / count,
  rss: (opened.rss - before.rss) / count,
  leftHeap: (opened.heap - before.heap) / count + (left.heap - opened.heap) / turns,
}
process.stdout.write(JSON.stringify(said))
process.exit(0)

function memory(): { readonly heap: number; readonly rss: number } {
  gc()
  gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}
