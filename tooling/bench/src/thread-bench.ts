// The same calls of an actor in the thread that makes them, and in one of its own that is watched.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assemble } from '@theater/guests/wat'
import { Theater } from '@theater/runtime'
import { openThread } from '@theater/runtime/thread'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'
import setUp from './thread-actors.ts'

const CALLS = 2000

const wat = `(component
  (core module $m (func (export "fine") (result i32) (i32.const 7)))
  (core instance $i (instantiate $m))
  (func (export "fine") (result u32) (canon lift (core func $i "fine"))))`

type Call = () => Promise<unknown>

/** Runs the benchmark. */
export async function threadBench({ rounds, seconds }: Budget, report: Report): Promise<Summary> {
  const component = await assemble(wat)
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  try {
    await using here = await Theater.open(setUp(join(folder, 'here.db')))
    await using there = await openThread({
      module: new URL('thread-actors.ts', import.meta.url),
      data: join(folder, 'there.db'),
    })
    for (const theater of [here, there]) await theater.spawn({ id: 'a', component })
    const calls = [here, there].map(
      (theater): Call =>
        () =>
          theater.call('a', 'fine', []),
    )
    const [mine = [], its = []] = await interleaved(calls, rounds, seconds)
    const row = {
      one_us: median(mine.map(({ one }) => one)),
      one_thread_us: median(its.map(({ one }) => one)),
      many_us: median(mine.map(({ many }) => many)),
      many_thread_us: median(its.map(({ many }) => many)),
    }
    report.row(
      row,
      `µs a call: one after another ${row.one_us.toFixed(0)} here, ${row.one_thread_us.toFixed(0)} in a thread · 64 at once ${row.many_us.toFixed(0)} here, ${row.many_thread_us.toFixed(0)} in a thread`,
    )
    return row
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Figures {
  readonly one: number
  readonly many: number
}

async function interleaved(
  calls: readonly Call[],
  rounds: number,
  seconds: number,
): Promise<readonly Figures[][]> {
  const until = performance.now() + seconds * 1000
  const figures: Figures[][] = calls.map(() => [])
  // The first round is not counted.
  for (let round = 0; round <= rounds && (round <= 1 || performance.now() < until); round++)
    for (const [i, call] of calls.entries()) {
      const found = { one: await timed(1, call), many: await timed(64, call) }
      if (round > 0) figures[i]?.push(found)
    }
  return figures
}

/** Microseconds a call, of so many under way at once. */
async function timed(atOnce: number, call: Call): Promise<number> {
  let left = CALLS
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  const from = performance.now()
  await Promise.all(Array.from({ length: atOnce }, caller))
  return ((performance.now() - from) * 1000) / CALLS
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
