// What a snapshot of an actor takes: to be taken and kept, and to go on from in another instance.
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { decodeSnapshot, encodeSnapshot } from '@theater/boundary'
import { sha256 } from '@theater/event-chain/node'
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
  const take = async (): Promise<Uint8Array> => {
    const snapshot = boundary.snapshot(first)
    if ('none' in snapshot) throw new Error(`${workload.name}: ${snapshot.message}`)
    return promisify(zstdCompress)(encodeSnapshot(snapshot, sha256))
  }
  const kept = await take()
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
          const snapshot = decodeSnapshot(await promisify(zstdDecompress)(kept), {
            component,
            prepared,
            hash: sha256,
          })
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
  return { name: workload.name, madeUs, takenUs, restoredUs, bytes: kept.length, n }
}
