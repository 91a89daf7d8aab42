// Actors that have nothing to do: how many a host holds, what each takes, how long the store takes to open and an actor to wake; and how
// long an actor with a long record takes to come back, with and without what is kept beside it, and what a snapshot takes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { assemble } from '@theater/guests/wat'
import { Theater } from '@theater/runtime'
import { longRecord } from './idle-long.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'
import { snapshotRows } from './snapshots.ts'

/** As many as are asked for where the time allows: a thousand for each second. */
const ACTORS = 100_000
/** Events of the long record, three for each turn of the count; a million where there are minutes for it. */
const LONG = { quick: 100_000, whole: 1_000_000 }
const host = fileURLToPath(new URL('./idle-host.ts', import.meta.url))

/** What opening a store with many actors takes, in a process that does nothing else. */
export interface Idle {
  readonly openMs: number
  /** Bytes of the heap for each. */
  readonly heap: number
  /** Bytes of the process for each. */
  readonly rss: number
  /** Bytes of the heap for each that has had a turn, and has left memory. */
  readonly leftHeap: number
}

/** How many are made at once. */
const TOGETHER = 256

const wat = `(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "count") (result i32)
      (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
      (i32.load (i32.const 8))))
  (core instance $i (instantiate $m))
  (func (export "count") (result u32) (canon lift (core func $i "count"))))`

type Opened = Theater & AsyncDisposable

/** Runs the benchmark. It throws where an actor does not come back as it was. */
export async function idleBench({ rounds, seconds }: Budget, report: Report): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  try {
    const component = await assemble(wat)
    const many = await crowd(join(folder, 'many.db'), component, { rounds, seconds }, report)
    const events = seconds < 90 ? LONG.quick : LONG.whole
    const long = await longRecord(join(folder, 'long.db'), { component, events, rounds }, report)
    const snapshots = await snapshotRows({ rounds, seconds: Math.min(seconds / 4, 10) }, report)
    return { ...many, ...long, ...snapshots }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function crowd(
  file: string,
  component: Uint8Array,
  { rounds, seconds }: Budget,
  report: Report,
): Promise<Summary> {
  const count = Math.min(ACTORS, Math.floor(seconds) * 1000)
  // What transpiling takes is another matter.
  const folder = `${file}.cache`
  const options = { cache: await diskCache(folder), maxActors: count, resident: 1000 }
  let us = 0
  let closeMs = 0
  {
    await using store = sqliteStore(file)
    const theater = await Theater.open({ store, ...options })
    us = await timed(count, async () => {
      for (let at = 0; at < count; at += TOGETHER) {
        const some = Array.from({ length: Math.min(TOGETHER, count - at) }, (_, i) => nameOf(at + i))
        await Promise.all(some.map((id) => theater.spawn({ id, component })))
      }
    })
    report.row(
      { name: 'make', count, us },
      `${count} actors made, with their records: ${us.toFixed(0)} µs each`,
    )
    closeMs = (await timed(1, () => theater.close())) / 1000
  }
  const { openMs, heap, rss, leftHeap } = opened(file, folder, count)
  report.row(
    { name: 'open', count, openMs, closeMs, heap, rss, leftHeap },
    `opened in ${openMs.toFixed(0)} ms (${((openMs * 1000) / count).toFixed(0)} µs each), closed in ${closeMs.toFixed(0)} ms; idle, each takes ${heap.toFixed(0)} bytes of heap, ${rss.toFixed(0)} of the process, and ${leftHeap.toFixed(0)} of heap once it has had a turn`,
  )
  await using store = sqliteStore(file)
  await using theater = await Theater.open({ store, ...options })
  const wakes: number[] = []
  const turns: number[] = []
  for (let i = 0; i < 300 * rounds; i++) {
    const id = nameOf((i * 7919) % count)
    wakes.push(await timed(1, () => called(theater, id, 1)))
    turns.push(await timed(1, () => called(theater, id, 2)))
    await theater.call(id, 'count', [])
    if (i >= count) break
  }
  const [wakeUs, turnUs] = [median(wakes), median(turns)]
  report.row(
    { name: 'wake', wakeUs, turnUs, ratio: wakeUs / turnUs },
    `first turn of one that was not in memory ${wakeUs.toFixed(0)} µs, the next ${turnUs.toFixed(0)} µs: ${(wakeUs / turnUs).toFixed(1)} times`,
  )
  return {
    actors: count,
    makeUs: us,
    openMs,
    heapBytes: heap,
    rssBytes: rss,
    leftHeapBytes: leftHeap,
    wakeUs,
  }
}

function opened(file: string, cache: string, count: number): Idle {
  const args = ['--conditions=theater-source', host, file, cache, String(count)]
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error('the store was not opened')
  return JSON.parse(stdout) as Idle
}

async function called(theater: Opened, id: string, wanted: number): Promise<void> {
  const found = await theater.call(id, 'count', [], { timeoutMs: 600_000 })
  if (found !== wanted && wanted > 2) throw new Error(`${id} counted ${String(found)}, not ${wanted}`)
}

const nameOf = (n: number): string => `idle-${n}`

/** Microseconds of each. */
async function timed(count: number, run: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await run()
  return ((performance.now() - from) * 1000) / count
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN
}
