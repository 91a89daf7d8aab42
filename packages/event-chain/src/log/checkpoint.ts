import { ChainError } from '../errors.ts'
import { base64, fromBase64 } from './base64.ts'
import type { TreeHead } from './tree.ts'

/** The head of a host's log, as it is signed. */
export interface Checkpoint extends TreeHead {
  /** Which log it is: the name of the host. */
  readonly origin: string
}

/**
 * Writes the text of a checkpoint, which {@link signNote} signs.
 *
 * @see https://c2sp.org/tlog-checkpoint
 */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${base64(root)}\n`
}

/**
 * Reads the text of a note as a checkpoint. Lines after the third are passed over, as the format wants it.
 *
 * @throws ChainError `bad-note`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...rest] = text.split('\n')
  if (rest.pop() !== '' || rest.includes('')) throw badCheckpoint('its lines are not as they have to be')
  if (origin === undefined || origin === '') throw badCheckpoint('it names no log')
  if (size === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw badCheckpoint('its second line is not the size of a tree')
  }
  const bytes = root === undefined ? undefined : fromBase64(root)
  if (bytes?.length !== 32) throw badCheckpoint('its third line is not the root of a tree')
  return { origin, size: Number(size), root: bytes }
}

function badCheckpoint(why: string): ChainError {
  return new ChainError('bad-note', `this is not a checkpoint: ${why}`)
}
