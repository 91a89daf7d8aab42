import { hex } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import { base64, fromBase64 } from './base64.ts'
import { checkKeyName } from './key.ts'
import type { SigningKey, VerifierKey } from './key.ts'

/** The most bytes that a note may have. */
export const MAX_NOTE = 64 * 1024
/** The most signatures that a note may have: verifiers have to take 16. */
const MAX_SIGNATURES = 64
const dash = '\u2014'

/** A line of a note that says who signed it. */
export interface NoteSignature {
  readonly name: string
  /** The key's id, lower-case hexadecimal. */
  readonly id: string
  /** What the key made of the text. */
  readonly bytes: Uint8Array
}

/** Text, and who signed it. Nothing in it is to be believed before {@link verifyNote}. */
export interface Note {
  /** The text that is signed, with the newline that it ends with. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/**
 * Reads a signed note.
 *
 * @throws ChainError `bad-note` for what is none
 * @see https://c2sp.org/signed-note
 */
export function parseNote(note: string): Note {
  if (note.length > MAX_NOTE) throw badNote(`it has more than ${MAX_NOTE} bytes`)
  // oxlint-disable-next-line no-control-regex -- the format names them
  if (!note.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(note))
    throw badNote('it has a control character')
  const end = note.lastIndexOf('\n\n')
  if (end === -1) throw badNote('it has no empty line before its signatures')
  const text = note.slice(0, end + 1)
  const lines = note.slice(end + 2).split('\n')
  if (lines.pop() !== '') throw badNote('it does not end with a newline')
  if (lines.length > MAX_SIGNATURES) throw badNote(`it has more than ${MAX_SIGNATURES} signatures`)
  return { text, signatures: lines.map(parseSignature) }
}

/**
 * Reads the line of a signature.
 *
 * @throws ChainError `bad-note`
 */
export function parseSignature(line: string): NoteSignature {
  const [mark, name, signature, ...rest] = line.split(' ')
  const bytes = signature === undefined ? undefined : fromBase64(signature)
  if (mark !== dash || name === undefined || bytes === undefined || bytes.length < 5 || rest.length > 0) {
    throw badNote('a line of its signatures is none')
  }
  try {
    checkKeyName(name)
  } catch (cause) {
    throw new ChainError('bad-note', 'this is not a signed note: a signature has a name that none can have', {
      cause,
    })
  }
  return { name, id: hex(bytes.subarray(0, 4)), bytes: bytes.subarray(4) }
}

/** Writes a signed note. */
export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join('')}`
}

/** Writes the line of a signature, with its newline. */
export function formatSignature({ name, id, bytes }: NoteSignature): string {
  const all = new Uint8Array(4 + bytes.length)
  all.set(Uint8Array.fromHex(id))
  all.set(bytes, 4)
  return `${dash} ${name} ${base64(all)}\n`
}

/** Signs a text, which ends with a newline. */
export async function signNote(text: string, keys: readonly SigningKey[]): Promise<Note> {
  const message = new TextEncoder().encode(text)
  const signatures: NoteSignature[] = []
  for (const key of keys) {
    const { name, id } = key.verifier
    signatures.push({ name, id, bytes: await key.sign(message) })
  }
  return { text, signatures }
}

/**
 * The keys that signed a note, of those that are trusted: none where nobody did. Signatures of others are passed over.
 *
 * @throws ChainError `bad-signature` where one claims to be of a trusted key and is not
 */
export async function verifyNote(note: Note, trusted: readonly VerifierKey[]): Promise<VerifierKey[]> {
  const message = new TextEncoder().encode(note.text)
  const by: VerifierKey[] = []
  for (const { name, id, bytes } of note.signatures) {
    const key = trusted.find((key) => key.type === 'note' && key.name === name && key.id === id)
    if (key === undefined || by.includes(key)) continue
    if (!(await key.verifies(message, bytes))) {
      throw new ChainError('bad-signature', `the signature of ${name} is not of its key, or not of this text`)
    }
    by.push(key)
  }
  return by
}

function badNote(why: string): ChainError {
  return new ChainError('bad-note', `this is not a signed note: ${why}`)
}
