import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { Store } from '@theater/event-chain'
import { Theater } from '@theater/runtime'
import type { TheaterOptions } from '@theater/runtime'
import type { Report, Summary } from './report.ts'

const host = fileURLToPath(new URL('./long-host.ts', import.meta.url))

/** MiB of heap that a host has to read all of a long record, and re-run it. */
const HEAP = 64

/** How its record is opened: what is kept beside it, and whether states are. */
const ways = [
  ['with both', ['summary', 'snapshot'], {}],
  ['without the snapshot', ['summary'], { snapshots: false }],
  ['without either', [], { snapshots: false }],
] as const

type Kind = 'summary' | 'snapshot'

/** Opens a store with one long record, with and without what is kept beside it, and has its actor answer; the last in a heap that is small. */
export async function longRecord(
  file: string,
  {
    component,
    events,
    rounds,
  }: { readonly component: Uint8Array; readonly events: number; readonly rounds: number },
  report: Report,
): Promise<Summary> {
  await using store = sqliteStore(file)
  // What transpiling takes is another matter.
  const folder = `${file}.cache`
  const cache = await diskCache(folder)
  let turns = await lived({ store, cache }, component, events)
  const info = (await store.find('long'))!
  const kept = {
    summary: await store.caches.kept(info.chain, 'summary'),
    snapshot: await store.caches.kept(info.chain, 'snapshot'),
  }
  const lay = async (kinds: readonly Kind[]): Promise<void> => {
    for (const kind of ['summary', 'snapshot'] as const) {
      const known = kept[kind]
      if (known !== undefined && kinds.includes(kind))
        await store.caches.keep([{ ...known, chain: info.chain, kind }])
      else await store.caches.discard(info.chain, kind)
    }
  }
  const figures: Record<string, { readonly openMs: number; readonly wakeMs: number }> = {}
  for (const [name, kinds, options] of ways) {
    const opens: number[] = []
    const wakes: number[] = []
    // One that is re-run from the start takes a minute for a million events.
    const times = kinds.length === 2 ? Math.min(rounds, 3) : 1
    for (let round = 0; round < times; round++) {
      await lay(kinds)
      const from = performance.now()
      await using theater = await Theater.open({ store, cache, ...(options as Partial<TheaterOptions>) })
      opens.push(performance.now() - from)
      const then = performance.now()
      const found = await theater.call('long', 'count', [], { timeoutMs: 600_000 })
      wakes.push(performance.now() - then)
      if (found !== ++turns) throw new Error(`long counted ${String(found)}, not ${turns}`)
    }
    const [openMs, wakeMs] = [median(opens), median(wakes)]
    figures[name] = { openMs, wakeMs }
    report.row(
      { name: `a record of ${info.size} events, ${name}`, openMs, wakeMs },
      `a record of ${info.size} events, ${name}: opened in ${openMs.toFixed(1)} ms, first answer ${wakeMs.toFixed(1)} ms later`,
    )
  }
  await lay([])
  const { status, stdout } = spawnSync(
    process.execPath,
    [`--max-old-space-size=${HEAP}`, '--conditions=theater-source', host, file, folder, String(turns + 1)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (status !== 0) throw new Error(`a host with a heap of ${HEAP} MiB did not answer`)
  const rss = Number(stdout)
  report.row(
    { name: `a record of ${info.size} events in a heap of ${HEAP} MiB`, rss },
    `a record of ${info.size} events, all of it read and re-run in a heap of at most ${HEAP} MiB: the process had ${(rss / 1024).toFixed(0)} MiB at the most`,
  )
  const [both, summary, neither] = ways.map(([name]) => figures[name]!)
  return {
    longEvents: info.size,
    longMs: sum(both!),
    longOpenMs: summary!.openMs,
    longRatio: sum(neither!) / sum(both!),
  }
}

/** Has an actor live for so many events. @returns how many turns it had */
async function lived(
  options: { readonly store: Store; readonly cache: TheaterOptions['cache'] & object },
  component: Uint8Array,
  events: number,
): Promise<number> {
  await using theater = await Theater.open(options)
  await theater.spawn({ id: 'long', component })
  let turns = 0
  while ((theater.actors()[0]?.events ?? events) < events) {
    await Promise.all(Array.from({ length: 500 }, () => theater.call('long', 'count', [])))
    turns += 500
  }
  return turns
}

function sum({ openMs, wakeMs }: { readonly openMs: number; readonly wakeMs: number }): number {
  return openMs + wakeMs
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}
