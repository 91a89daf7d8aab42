import { ChainError } from '../errors.ts'
import type { SigningKey, VerifierKey } from './key.ts'
import type { Note, NoteSignature } from './note.ts'

/** Bytes of a cosignature: when, and an Ed25519 signature. */
const LENGTH = 8 + 64

/** That a witness saw a checkpoint, and that it goes on from every one that the witness saw before. */
export interface Cosignature {
  readonly by: VerifierKey
  /** When, in seconds since the epoch. */
  readonly time: number
}

/**
 * Signs the text of a checkpoint as a witness does, with the time.
 *
 * @param time seconds since the epoch
 * @throws ChainError `bad-key` for a key that is not of a witness; `invalid` for what is no time
 * @see https://c2sp.org/tlog-cosignature
 */
export async function cosign(text: string, key: SigningKey, time: number): Promise<NoteSignature> {
  const { name, id, type } = key.verifier
  if (type !== 'cosignature')
    throw new ChainError('bad-key', `${name} (${id}) is the key of a log, and not of a witness`)
  if (!Number.isSafeInteger(time) || time < 1) throw new ChainError('invalid', `${time} is no time`)
  const bytes = new Uint8Array(LENGTH)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time))
  bytes.set(await key.sign(message(text, time)), 8)
  return { name, id, bytes }
}

/**
 * The witnesses that cosigned a checkpoint, of those that are trusted, each once; signatures of others are passed over. Faces
 * hostile notes.
 *
 * @throws ChainError `bad-signature` where one claims to be of a trusted witness and is not
 */
export async function verifyCosignatures(
  { text, signatures }: Note,
  trusted: readonly VerifierKey[],
): Promise<Cosignature[]> {
  const found: Cosignature[] = []
  for (const { name, id, bytes } of signatures) {
    const key = trusted.find((key) => key.type === 'cosignature' && key.name === name && key.id === id)
    if (key === undefined) continue
    const time = timeOf(bytes)
    if (time === undefined || !(await key.verifies(message(text, time), bytes.subarray(8)))) {
      throw new ChainError(
        'bad-signature',
        `the cosignature of ${name} is not of its key, or not of this checkpoint`,
      )
    }
    if (!found.some(({ by }) => by === key)) found.push({ by: key, time })
  }
  return found
}

/** When a cosignature says that it was made; undefined where it is none. */
function timeOf(bytes: Uint8Array): number | undefined {
  if (bytes.length !== LENGTH) return undefined
  const time = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(0))
  return Number.isSafeInteger(time) && time > 0 ? time : undefined
}

function message(text: string, time: number): Uint8Array {
  return new TextEncoder().encode(`cosignature/v1\ntime ${time}\n${text}`)
}
