import { ChainError } from '../errors.ts'
import { base64, fromBase64 } from './base64.ts'
import { MAX_NOTE } from './note.ts'

/** The most hashes that a path of a tree has: no size has more bits. */
const MAX_PATH = 63
/** The most characters that what is asked of a witness may have. */
export const MAX_ADDITION = MAX_NOTE + 16 + (MAX_PATH + 2) * 46

/** A checkpoint that a witness is asked to cosign, and the proof that it goes on from the one before. */
export interface Addition {
  /** The size of the log that the witness cosigned last; 0 before it has cosigned any. */
  readonly before: number
  /** The path of consistency from there: nothing where that size is 0. */
  readonly path: readonly Uint8Array[]
  /** The signed checkpoint. */
  readonly note: string
}

/**
 * Writes what a witness is asked, as `add-checkpoint` takes it.
 *
 * @see https://c2sp.org/tlog-witness
 */
export function formatAddition({ before, path, note }: Addition): string {
  return [`old ${before}`, ...path.map(base64), '', note].join('\n')
}

/**
 * Reads what a witness is asked. Nothing in it is to be believed: it comes from anybody.
 *
 * @throws ChainError `bad-proof`
 */
export function parseAddition(text: string): Addition {
  if (text.length > MAX_ADDITION) throw badAddition(`it has more than ${MAX_ADDITION} bytes`)
  const end = text.indexOf('\n\n')
  if (end === -1) throw badAddition('it has no empty line before its checkpoint')
  const [first = '', ...lines] = text.slice(0, end).split('\n')
  const size = /^old (0|[1-9][0-9]{0,15})$/.exec(first)?.[1]
  if (size === undefined || !Number.isSafeInteger(Number(size)))
    throw badAddition('its first line is not an old size')
  if (lines.length > MAX_PATH) throw badAddition(`its path has more than ${MAX_PATH} hashes`)
  const path = lines.map((line) => {
    const hash = fromBase64(line)
    if (hash?.length !== 32) throw badAddition('a line of its path is no hash')
    return hash
  })
  return { before: Number(size), path, note: text.slice(end + 2) }
}

function badAddition(why: string): ChainError {
  return new ChainError('bad-proof', `this is not a checkpoint with its proof: ${why}`)
}
