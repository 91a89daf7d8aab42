import { decodeData, encodeData, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { ChainError, messageOf } from '../errors.ts'
import { formatAddition, parseAddition } from './add-checkpoint.ts'
import { base64, fromBase64 } from './base64.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { VerifierKey } from './key.ts'
import { consistencyPath } from './prover.ts'
import { readRotations, rotationData, rotationsOf, verifyCheckpoint } from './rotation.ts'
import { latestCheckpoint } from './signed-checkpoints.ts'
import type { LogStore } from './store.ts'
import { logSubtrees } from './subtrees.ts'
import { extendsTree } from './tree.ts'

const FIRST = 'theater/consistency@v1'
/** The most characters that a proof may have. */
const MAX_CONSISTENCY = 4 * 1024 * 1024

/**
 * Writes the proof that a log's last checkpoint goes on from an earlier one: that nothing before it was changed, cut off or left
 * out. Behind its first two lines it is what a witness is asked.
 *
 * @param before the size that the earlier checkpoint says
 * @throws ChainError `bad-proof` where there is no checkpoint, or the log is smaller than that
 *
 * @example
 * ```ts
 * const proof = await proveConsistency(store, kept.size)
 * const { checkpoint } = await verifyConsistency(proof, kept.note, [key])
 * ```
 */
export async function proveConsistency(
  store: { readonly hostLog: LogStore },
  before: number,
  hash: Hash = sha256,
): Promise<string> {
  const log = store.hostLog
  const latest = await latestCheckpoint(store)
  if (latest === undefined) throw new ChainError('bad-proof', 'the log has no checkpoint yet')
  const { origin, size, note } = latest
  if (before > size) {
    throw new ChainError(
      'bad-proof',
      `the log of ${origin} has ${size} entries, and the checkpoint that it is to go on from ${before}: it is another log, or it was cut off`,
    )
  }
  const path = await consistencyPath(logSubtrees(log, hash), before, size, hash)
  const extra = encodeData([1, rotationData(await rotationsOf(log, hash))])
  return [FIRST, `extra ${base64(extra)}`, formatAddition({ before, path, note })].join('\n')
}

/** That a log goes on from a checkpoint that somebody kept. */
export interface Extension {
  /** What was kept. */
  readonly before: Checkpoint
  /** What it goes on to, and who signed that. */
  readonly checkpoint: Checkpoint
  readonly by: VerifierKey
  /** The signed note that it goes on to. */
  readonly note: string
}

/**
 * Checks that a log goes on from a checkpoint that was kept. Faces hostile bytes.
 *
 * @param kept the signed checkpoint that somebody kept
 * @throws ChainError `bad-proof` where it does not; `bad-note`, `bad-signature` for either checkpoint
 */
export async function verifyConsistency(
  text: string,
  kept: string,
  keys: readonly VerifierKey[],
  hash: Hash = sha256,
): Promise<Extension> {
  const { extra, rest } = parseConsistency(text)
  const rotations = readRotations(extra)
  const { before: size, path, note } = parseAddition(rest)
  const before = (await verifyCheckpoint(kept, rotations, keys, hash)).checkpoint
  const { checkpoint, by } = await verifyCheckpoint(note, rotations, keys, hash)
  if (before.origin !== checkpoint.origin)
    throw notConsistent(
      `it is of the log of ${checkpoint.origin}, and the one that was kept of ${before.origin}`,
    )
  if (size !== before.size)
    throw notConsistent(
      `it goes on from ${size} entries, and the checkpoint that was kept has ${before.size}`,
    )
  if (before.size > checkpoint.size)
    throw notConsistent(`it has ${checkpoint.size} entries, and the checkpoint that was kept ${before.size}`)
  if (!extendsTree(before, checkpoint, path, hash)) {
    throw notConsistent(
      before.size === checkpoint.size
        ? `two checkpoints of ${before.origin} over ${before.size} entries contradict each other: that is a proof of two logs under one key`
        : `the log of ${before.origin} does not begin with the ${before.size} entries that were signed`,
    )
  }
  return { before, checkpoint, by, note }
}

function parseConsistency(text: string): {
  readonly extra: Parameters<typeof readRotations>[0]
  readonly rest: string
} {
  if (text.length > MAX_CONSISTENCY) throw notConsistent(`it has more than ${MAX_CONSISTENCY} bytes`)
  const [first, second = ''] = text.split('\n', 2)
  if (first !== FIRST) throw notConsistent(`it does not begin with ${FIRST}`)
  const bytes = second.startsWith('extra ') ? fromBase64(second.slice(6)) : undefined
  if (bytes === undefined) throw notConsistent('it has no extra data')
  let data
  try {
    data = decodeData(bytes)
  } catch (cause) {
    throw new ChainError('bad-proof', `its extra data is not right: ${messageOf(cause)}`, { cause })
  }
  if (!Array.isArray(data) || data.length !== 2 || data[0] !== 1)
    throw notConsistent('its extra data is not that of a log of Theater')
  return { extra: data[1], rest: text.slice(FIRST.length + second.length + 2) }
}

function notConsistent(why: string): ChainError {
  return new ChainError('bad-proof', `this does not prove that the log goes on from there: ${why}`)
}
