// A host that opens a store with many actors that have nothing to do, and says what that takes; and what each takes that has had a turn and left
// memory again: `node idle-host.ts STORE CACHE ACTORS`.
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { Theater } from '@theater/runtime'
import type { Idle } from './idle-bench.ts'

/** So many have a turn at the most, twice: each takes a millisecond. */
const TURNS = 2500

interface Memory {
  readonly heap: number
  readonly rss: number
}

setFlagsFromString('--expose-gc')
// Code of opening would be thrown away between two measurements.
setFlagsFromString('--no-flush-bytecode')
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
const turns = Math.min(TURNS, count >> 1)
// Code and tables that come with the first turns are no actor's.
const warm = await turned(0, turns)
const left = await turned(turns, turns)
const said: Idle = {
  openMs,
  heap: (opened.heap - before.heap) / count,
  rss: (opened.rss - before.rss) / count,
  leftHeap: (opened.heap - before.heap) / count + (left.heap - warm.heap) / turns,
}
process.stdout.write(JSON.stringify(said))
process.exit(0)

/** Has so many have a turn each, and leave memory. @returns what there is then */
async function turned(from: number, turns: number): Promise<Memory> {
  for (let i = from; i < from + turns; i++) await theater.call(`idle-${i}`, 'count', [])
  await theater.idle()
  while (someResident()) await setTimeout(10)
  return memory()
}

/** On its own, because a module that waits keeps what its last expression made: here a list of all actors. */
function someResident(): boolean {
  return theater.actors().some(({ resident }) => resident)
}

function memory(): Memory {
  gc()
  gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}
