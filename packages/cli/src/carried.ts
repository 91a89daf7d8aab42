import { readFile, stat } from 'node:fs/promises'
import { ChainError } from '@theater/event-chain'
import { readSnapshotFile } from '@theater/event-chain/node'
import type { CarriedSnapshot } from '@theater/event-chain/node'
import { carriedSnapshots } from '@theater/replay/node'
import { CliError } from './errors.ts'
import type { Subject } from './subjects.ts'

/** A larger file is not even read. */
const MAX_BYTES = 1024 * 1024 * 1024

/** What files of snapshots have, as `theater export --snapshot` wrote them. @throws CliError `usage` */
export async function readCarried(files: readonly string[]): Promise<readonly CarriedSnapshot[]> {
  const carried: CarriedSnapshot[] = []
  for (const file of files) {
    const found = await stat(file).catch(() => undefined)
    if (found?.isFile() !== true) throw new CliError('usage', `there is no file ${file}`)
    if (found.size > MAX_BYTES)
      throw new CliError('usage', `${file} has ${found.size} bytes, and at most ${MAX_BYTES} are read`)
    try {
      carried.push(...readSnapshotFile(await readFile(file)))
    } catch (cause) {
      if (!ChainError.is(cause)) throw cause
      throw new CliError(
        'usage',
        `${file}: ${cause.message}. Give one that \`theater export --snapshot\` wrote.`,
        { cause },
      )
    }
  }
  return carried
}

/** A subject with snapshots out of files, beside what its host kept. */
export function withCarried(subject: Subject, carried: readonly CarriedSnapshot[]): Subject {
  const { source } = subject
  if (source === undefined || carried.length === 0) return subject
  return { ...subject, source: { ...source, snapshots: carriedSnapshots(carried, source.snapshots) } }
}
