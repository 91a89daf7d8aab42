// Actors that loop for ever, spawned one after another beside one that behaves: each is ended by its fuel, memory comes
// back, and how long the neighbour waits meanwhile.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { assemble } from '@theater/guests/wat'
import { Theater, TheaterError } from '@theater/runtime'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'

/** As many as are asked for where the time allows. */
const LOOPERS = 10_000

/** Some milliseconds each: what one keeps its neighbour waiting for is a matter of this figure. */
const FUEL = 5_000_000

const wat = `(component
  (core module $m
    (func (export "loop") (loop $l (br $l)))
    (func (export "fine") (result i32) (i32.const 7)))
  (core instance $i (instantiate $m))
  (func (export "loop") (canon lift (core func $i "loop")))
  (func (export "fine") (result u32) (canon lift (core func $i "fine"))))`

/** Runs the benchmark. It throws where a looper ends by anything but its fuel. */
export async function loopersBench({ seconds }: Budget, report: Report): Promise<Summary> {
  const component = await assemble(wat)
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  try {
    // Records are in a file, so that what memory holds at the end is the host's.
    await using store = sqliteStore(join(folder, 'bench.db'))
    await using theater = await Theater.open({ store })
    return await measured(theater, component, seconds, report)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measured(
  theater: Theater,
  component: Uint8Array,
  seconds: number,
  report: Report,
): Promise<Summary> {
  await theater.spawn({ id: 'neighbour', component })
  const fine = async (): Promise<number> => {
    const from = performance.now()
    await theater.call('neighbour', 'fine', [])
    return performance.now() - from
  }
  for (let i = 0; i < 2000; i++) await fine()
  const idle: number[] = []
  for (let i = 0; i < 5000; i++) idle.push(await fine())
  const before = memory()
  const busy: number[] = []
  const until = performance.now() + seconds * 1000
  let stopped = 0
  while (stopped < LOOPERS && performance.now() < until) {
    const id = `looper-${stopped}`
    await theater.spawn({ id, component, limits: { fuel: FUEL } })
    const looping = theater.call(id, 'loop', []).then(
      () => 'returned',
      (error: unknown) => (TheaterError.is(error) ? error.detail : error),
    )
    busy.push(await fine())
    const how = await looping
    if (how !== 'out-of-fuel') throw new Error(`${id} was not ended by its fuel: ${String(how)}`)
    await theater.stop(id)
    await theater.release(id)
    stopped++
  }
  const after = memory()
  const row = {
    loopers: stopped,
    fuel: FUEL,
    idle_p99_ms: p99(idle),
    busy_p99_ms: p99(busy),
    ratio: p99(busy) / p99(idle),
    held_before_mb: before.held,
    held_after_mb: after.held,
    resident_before_mb: before.resident,
    resident_after_mb: after.resident,
  }
  report.row(
    row,
    `${stopped} loopers of ${FUEL} fuel, each ended by it · neighbour p99 ${row.idle_p99_ms.toFixed(2)} ms idle, ${row.busy_p99_ms.toFixed(2)} ms beside them (×${row.ratio.toFixed(1)}) · JavaScript holds ${before.held} MB before, ${after.held} MB after, resident are ${before.resident} and ${after.resident}`,
  )
  return row
}

function p99(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0
}

/** Collects garbage. Not a flag of the process: the other benchmarks are to run as programs do. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
}

/** Megabytes, after a collection: what JavaScript holds, buffers and memories included, and what the process has. */
function memory(): { readonly held: number; readonly resident: number } {
  collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  const mega = (bytes: number): number => Math.round(bytes / 2 ** 20)
  return { held: mega(heapUsed + external), resident: mega(rss) }
}
