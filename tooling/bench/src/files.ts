import { closeSync, mkdtempSync, openSync, readSync, realpathSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cGuest } from '@theater/guests'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'
import type { Budget, Subject } from './measure.ts'

/** One line of the outcome: MiB per second. */
export interface FilesRow {
  readonly name: string
  readonly baseline: number
  readonly ours: number
  readonly ratio: number
  readonly n: number
}

/** What is read and written in one operation, and how much of it at once. */
const BLOCK = 64 * 1024
const BLOCKS = 4
const MIB = (BLOCK * BLOCKS) / (1 << 20)
/** Operations of a round: what they move is in a record, and one of the records is in memory. */
const OPERATIONS = 32

/** A file written and read by a C program that is an actor, over the same by Node itself. */
export async function filesRows(
  { rounds, seconds }: Budget,
  show: (row: FilesRow) => void,
): Promise<Record<string, number>> {
  await using stack = new AsyncDisposableStack()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'theater-bench-')))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const stores: readonly (readonly [string, Store & AsyncDisposable])[] = [
    ['memory', memoryStore()],
    ['sqlite', sqliteStore(join(folder, 'chains.db'))],
  ]
  const summary: Record<string, number> = { rounds }
  for (const work of ['write', 'read'] as const) {
    const subjects: Subject[] = [plain(work, join(folder, 'plain'))]
    for (const [name, store] of stores) subjects.push(await actor(stack, work, name, store, folder))
    const [base, ...others] = await inTurns(subjects, rounds, seconds / 2)
    for (const { name, median, n } of others) {
      const [baseline, ours] = [MIB / (base?.median ?? NaN), MIB / median]
      const row = { name: `fs ${name}`, baseline, ours, ratio: ours / baseline, n }
      show(row)
      summary[row.name] = row.ratio
    }
  }
  return summary
}

/** Seconds of one operation of each, in turns, so that a slow moment of the machine falls on all of them; fewer rounds where time is up. */
async function inTurns(
  subjects: readonly Subject[],
  rounds: number,
  seconds: number,
): Promise<readonly { readonly name: string; readonly median: number; readonly n: number }[]> {
  const times = subjects.map((): number[] => [])
  const end = performance.now() + seconds * 1000
  for (let round = -1; round < rounds && (round < 1 || performance.now() < end); round++) {
    for (const [i, subject] of subjects.entries()) {
      const started = performance.now()
      await subject.run(OPERATIONS)
      if (round >= 0) times[i]?.push((performance.now() - started) / 1000 / OPERATIONS)
    }
  }
  return subjects.map(({ name }, i) => {
    const sorted = (times[i] ?? []).toSorted((a, b) => a - b)
    return { name, median: sorted[sorted.length >> 1] ?? NaN, n: sorted.length * OPERATIONS }
  })
}

/** Node, with blocks of the same size. */
function plain(work: 'read' | 'write', path: string): Subject {
  const block = new Uint8Array(BLOCK)
  const write = (): void => {
    const fd = openSync(path, 'w')
    for (let i = 0; i < BLOCKS; i++) writeSync(fd, block)
    closeSync(fd)
  }
  const read = (): void => {
    const fd = openSync(path, 'r')
    while (readSync(fd, block) > 0);
    closeSync(fd)
  }
  write()
  return {
    name: work,
    run(n) {
      for (let i = 0; i < n; i++) (work === 'read' ? read : write)()
    },
  }
}

/** An actor that does it, one turn each time, with its record in a store. */
async function actor(
  stack: AsyncDisposableStack,
  work: 'read' | 'write',
  name: string,
  store: Store,
  folder: string,
): Promise<Subject> {
  const theater = stack.use(await Theater.open({ store, handlers: [fs(), cli()] }))
  const id = `${work}-${name}`
  await theater.spawn({
    id,
    component: cGuest('mover'),
    grants: { fs: { mounts: { '/data': { host: folder, rights: 'rw' } } } },
  })
  const path = `/data/${name}`
  const write = () => theater.call(id, 'write-file', [path, BLOCKS, BLOCK])
  const read = () => theater.call(id, 'read-file', [path, BLOCK])
  await write()
  return {
    name: `${work}, record in ${name}`,
    async run(n) {
      for (let i = 0; i < n; i++) {
        const moved = await (work === 'read' ? read() : write())
        if (moved !== BigInt(BLOCK * BLOCKS)) throw new Error(`${id} moved ${String(moved)} bytes`)
      }
    },
  }
}
