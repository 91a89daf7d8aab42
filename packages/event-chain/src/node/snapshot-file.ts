import { decodeData, encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { ChainError } from '../errors.ts'
import type { CacheStore } from '../store.ts'
import { openSnapshot, storedSnapshot } from './snapshots.ts'
import type { KeptSnapshot } from './snapshots.ts'

/** What a file of snapshots begins with, and the version of its form. */
const NAME = 'theater snapshots'
const VERSION = 1

/** A snapshot that left its store. Nobody proved it, and it is not part of a record. */
export interface CarriedSnapshot extends KeptSnapshot {
  readonly chain: Uint8Array
}

/**
 * Writes the snapshots that are kept beside chains as one file, for whoever re-runs their records elsewhere. Those of which there is none are left out.
 *
 * @returns the file, and of each chain how many events its snapshot stands for; null where there is none
 */
export async function snapshotFile(
  caches: CacheStore,
  chains: readonly Uint8Array[],
): Promise<{ readonly bytes: Uint8Array; readonly sizes: readonly (number | null)[] }> {
  const found: Data[] = []
  const sizes: (number | null)[] = []
  for (const chain of chains) {
    const kept = await storedSnapshot(caches, chain)
    sizes.push(kept?.size ?? null)
    if (kept !== undefined) found.push([chain, kept.size, kept.head, kept.bytes])
  }
  return { bytes: encodeData([NAME, VERSION, found]), sizes }
}

/**
 * Reads what {@link snapshotFile} wrote. Faces hostile files.
 *
 * @throws ChainError `unsupported` for a file that is none, or of another version; `damaged`
 */
export function readSnapshotFile(bytes: Uint8Array): readonly CarriedSnapshot[] {
  let data: Data
  try {
    data = decodeData(bytes)
  } catch (cause) {
    throw new ChainError('unsupported', 'this is not a file of snapshots', { cause })
  }
  const [name, version, all] = Array.isArray(data) ? (data as readonly Data[]) : []
  if (name !== NAME) throw new ChainError('unsupported', 'this is not a file of snapshots')
  if (version !== VERSION)
    throw new ChainError('unsupported', `the file of snapshots is of a version other than ${VERSION}`)
  if (!Array.isArray(all)) throw damaged()
  return all.map((one: Data) => {
    const [chain, size, head, small] = Array.isArray(one) ? (one as readonly Data[]) : []
    if (!isHash(chain) || !isHash(head) || !(small instanceof Uint8Array)) throw damaged()
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1) throw damaged()
    return { chain, ...openSnapshot({ size, head, bytes: small }) }
  })
}

function isHash(data: Data | undefined): data is Uint8Array {
  return data instanceof Uint8Array && data.length === 32
}

function damaged(): ChainError {
  return new ChainError('damaged', 'the file of snapshots is damaged')
}
