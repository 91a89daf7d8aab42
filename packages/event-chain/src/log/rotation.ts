import { sha256 } from '@theater/values'
import type { Data, Hash } from '@theater/values'
import { ChainError } from '../errors.ts'
import { parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { decodeEntry, isCounter, isDigest } from './entry.ts'
import { VerifierKey } from './key.ts'
import { parseNote, verifyNote } from './note.ts'
import { inclusionPath } from './prover.ts'
import type { LogStore } from './store.ts'
import { logSubtrees } from './subtrees.ts'
import { includes, leafHash } from './tree.ts'

/** That a log went over to another key: the entry that names it, under a checkpoint that the key before signed. */
export interface Rotation {
  /** The place of the entry in the log. */
  readonly index: number
  readonly entry: Uint8Array
  /** From the entry to the root of the checkpoint. */
  readonly path: readonly Uint8Array[]
  /** The checkpoint, signed by both keys. */
  readonly note: string
}

/** The most keys that a verifier follows a log through. */
const MAX_ROTATIONS = 1000

/** The rotations that a log has in its store, oldest first. */
export async function rotationsOf(log: LogStore, hash: Hash): Promise<Rotation[]> {
  const subtree = logSubtrees(log, hash)
  const out: Rotation[] = []
  for (const note of await log.rotations()) {
    const { size } = parseCheckpoint(parseNote(note).text)
    // The entry is the last one that its checkpoint is over.
    const index = size - 1
    const entry = await log.entry(index)
    if (entry === undefined) throw new ChainError('damaged', 'the log has lost the entry of a key')
    out.push({ index, entry, path: await inclusionPath(subtree, index, size, hash), note })
  }
  return out
}

/**
 * Who signed a checkpoint: a trusted key, or one that the log went over to from a trusted key.
 *
 * @returns The checkpoint, and the key
 * @throws ChainError `bad-note`; `bad-signature` where no such key did; `bad-proof` for a rotation that proves nothing
 */
export async function verifyCheckpoint(
  note: string,
  rotations: readonly Rotation[],
  keys: readonly VerifierKey[],
  hash: Hash = sha256,
): Promise<{ readonly checkpoint: Checkpoint; readonly by: VerifierKey }> {
  const checkpoint = parseCheckpoint(parseNote(note).text)
  const trusted = keys.filter(({ type, name }) => type === 'note' && name === checkpoint.origin)
  for (const rotation of rotations) await follow(rotation, trusted, hash)
  const [by] = await verifyNote(parseNote(note), trusted.toReversed())
  if (by === undefined) {
    throw new ChainError(
      'bad-signature',
      `the checkpoint of ${checkpoint.origin} is not signed by a key that is trusted here`,
    )
  }
  return { checkpoint, by }
}

/** Adds the key that a trusted one handed over to. */
async function follow(
  { index, entry, path, note }: Rotation,
  trusted: VerifierKey[],
  hash: Hash,
): Promise<void> {
  const parsed = parseNote(note)
  const { origin, size, root } = parseCheckpoint(parsed.text)
  const [by] = await verifyNote(parsed, trusted)
  // Of keys before the one that is trusted nothing needs to be known.
  if (by === undefined || by.name !== origin) return
  const named = decodeEntry(entry)
  if (named.kind !== 'key' || !includes(root, size, index, leafHash(entry, hash), path, hash)) {
    throw new ChainError('bad-proof', `the log of ${origin} did not go over to another key here`)
  }
  const next = await VerifierKey.of(origin, named.publicKey)
  if ((await verifyNote(parsed, [next])).length === 0) {
    throw new ChainError('bad-proof', `the key that the log of ${origin} goes over to did not sign that`)
  }
  trusted.push(next)
}

/** Rotations as plain data: `[index, entry, path, note]` each. */
export function rotationData(rotations: readonly Rotation[]): Data {
  return rotations.map(({ index, entry, path, note }) => [index, entry, path, note])
}

/** @throws ChainError `bad-proof` */
export function readRotations(data: Data | undefined): Rotation[] {
  if (!Array.isArray(data) || data.length > MAX_ROTATIONS)
    throw new ChainError('bad-proof', 'these are no rotations')
  return data.map((item: Data) => {
    const [index, entry, path, note] =
      Array.isArray(item) && item.length === 4 ? (item as readonly Data[]) : []
    if (!isCounter(index) || !(entry instanceof Uint8Array) || typeof note !== 'string') {
      throw new ChainError('bad-proof', 'this is no rotation')
    }
    return { index, entry, path: readPath(path), note }
  })
}

/**
 * A list of at most 63 hashes.
 *
 * @throws ChainError `bad-proof`
 */
export function readPath(data: Data | undefined): Uint8Array[] {
  if (!Array.isArray(data) || data.length > 63 || !data.every(isDigest))
    throw new ChainError('bad-proof', 'this is no path')
  return data
}
