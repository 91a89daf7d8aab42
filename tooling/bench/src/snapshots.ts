// What a snapshot of an actor takes: to be taken and kept, and to go on from in another instance.
import { createHash } from 'node:crypto'
import { decodeSnapshot, snapshotPieces } from '@theater/boundary'
import { ImageRoom } from '@theater/component'
import type { CacheStore, Kept } from '@theater/event-chain'
import { keepSnapshot, keptSnapshot, sha256 } from '@theater/event-chain/node'
import { resumable } from './boundary.ts'
import type { Workload } from './boundary.ts'
import { interleaved } from './measure.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'
import { compiledThree, typescriptThree } from './workloads.ts'

/** Turns before the snapshot is taken: the memories are no longer what they were at first. */
const TURNS = 100

/** Takes and restores snapshots of a compiled guest and of a TypeScript actor, against making an instance that starts anew. */
export async function snapshotRows(budget: Budget, report: Report): Promise<Summary> {
  const summary: Record<string, number> = {}
  report.text(
    `\n${'snapshots, against an instance that starts anew'.padEnd(58)} made µs  taken µs  restored µs      bytes`,
  )
  for (const { workload } of [compiledThree(), await typescriptThree()]) {
    const row = await snapshots(workload, budget)
    const cells = [row.madeUs, row.takenUs].map((us) => us.toFixed(0).padStart(10)).join('')
    report.row(
      { ...row },
      `${row.name.padEnd(56)}${cells}${row.restoredUs.toFixed(0).padStart(13)}${String(row.bytes).padStart(11)}`,
    )
    summary[`${row.name}: taken, µs`] = row.takenUs
    summary[`${row.name}: restored, µs`] = row.restoredUs
  }
  return summary
}

async function snapshots(
  workload: Workload,
  { rounds, seconds }: Budget,
): Promise<{
  readonly name: string
  readonly madeUs: number
  readonly takenUs: number
  readonly restoredUs: number
  readonly bytes: number
  readonly n: number
}> {
  const { boundary, component, prepared, first, again } = await resumable(workload, TURNS)
  const room = new ImageRoom()
  const caches = cachesOfOne()
  const chain = new Uint8Array(32)
  const take = async (): Promise<void> => {
    room.clear()
    const snapshot = boundary.snapshot(first, room)
    if ('none' in snapshot) throw new Error(`${workload.name}: ${snapshot.message}`)
    const { pieces, digested, digest } = snapshotPieces(snapshot)
    const hash = createHash('sha256')
    for (const piece of digested) hash.update(piece)
    digest.set(hash.digest())
    await keepSnapshot(caches, chain, { size: 1, head: chain, bytes: pieces })
  }
  const read = async (): Promise<{ readonly kept: number; readonly raw: Uint8Array }> => {
    const found = await keptSnapshot(caches, chain)
    if (found === undefined) throw new Error('it was kept')
    return { kept: found.kept, raw: await found.read(2 ** 30) }
  }
  await take()
  const subjects = [
    {
      name: 'made',
      run: (n: number) => {
        for (let i = 0; i < n; i++) again().dispose()
      },
    },
    {
      name: 'taken',
      run: async (n: number) => {
        for (let i = 0; i < n; i++) await take()
      },
    },
    {
      name: 'restored',
      run: async (n: number) => {
        for (let i = 0; i < n; i++) {
          const { raw } = await read()
          const snapshot = decodeSnapshot(raw, { component, prepared, hash: sha256 })
          const made = again()
          const refused = 'none' in snapshot ? snapshot : made.restore(snapshot)
          made.dispose()
          if (refused !== undefined) throw new Error(`${workload.name}: ${refused.message}`)
        }
      },
    },
  ]
  const { figures, n } = await interleaved(subjects, { rounds, seconds, least: 5 })
  const [madeUs = NaN, takenUs = NaN, restoredUs = NaN] = figures.map(({ median }) => median)
  const { kept } = await read()
  return { name: workload.name, madeUs, takenUs, restoredUs, bytes: kept, n }
}

/** What a store keeps of one chain, without the store. */
function cachesOfOne(): CacheStore {
  const all = new Map<string, Kept>()
  return {
    kept: async (_chain, kind) => all.get(kind),
    keep: async (things) => {
      for (const thing of things) all.set(thing.kind, thing)
    },
    discard: async (_chain, kind) => void all.delete(kind),
  }
}
