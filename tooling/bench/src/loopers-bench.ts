// Actors that loop for ever, spawned one after another beside one that behaves: each is ended by its fuel, memory comes
// back, and how long the neighbour waits meanwhile.
import { memoryStore } from '@theater/event-chain'
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
  await using theater = await Theater.open({ store: memoryStore() })
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
    stopped++
  }
  const after = memory()
  const row = {
    loopers: stopped,
    fuel: FUEL,
    idle_p99_ms: p99(idle),
    busy_p99_ms: p99(busy),
    ratio: p99(busy) / p99(idle),
    resident_before_mb: before,
    resident_after_mb: after,
  }
  report.row(
    row,
    `${stopped} loopers of ${FUEL} fuel, each ended by it · neighbour p99 ${row.idle_p99_ms.toFixed(2)} ms idle, ${row.busy_p99_ms.toFixed(2)} ms beside them (×${row.ratio.toFixed(1)}) · resident ${before} MB before, ${after} MB after`,
  )
  return row
}

function p99(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0
}

function memory(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20)
}
