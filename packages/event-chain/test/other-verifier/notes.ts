import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { decode, isCounter, same, sha256 } from './cbor.ts'
import type { Item } from './cbor.ts'
import { rootBy } from './tree.ts'

/** What is not written as it has to be, or not signed so. */
export class Refused extends Error {}

const need = (right: boolean, what: string): void => {
  if (!right) throw new Refused(what)
}

/** Base64, of which each value has one form. */
function base64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  need(bytes.toString('base64') === text, 'base64 that is not in its one form')
  return bytes
}

function number(text: string): number {
  need(/^(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(Number(text)), 'no counter')
  return Number(text)
}

export interface OtherNote {
  readonly text: string
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly signatures: readonly { readonly name: string; readonly id: string; readonly said: Buffer }[]
}

/** Reads a checkpoint. @throws Refused */
export function readNote(note: string): OtherNote {
  const end = note.lastIndexOf('\n\n')
  need(end >= 0 && note.endsWith('\n'), 'no signatures')
  const printable = Buffer.from(note).every((byte) => byte === 10 || (byte >= 32 && byte !== 127))
  need(printable, 'a control character')
  const text = note.slice(0, end + 1)
  const lines = note.slice(end + 2, -1).split('\n')
  const signatures = lines.map((line) => {
    const [dash, name = '', said = '', ...more] = line.split(' ')
    need(dash === '—' && name !== '' && !name.includes('+') && more.length === 0, 'no signature')
    const bytes = base64(said)
    need(bytes.length > 4, 'no signature')
    return { name, id: bytes.subarray(0, 4).toString('hex'), said: bytes.subarray(4) }
  })
  const [origin = '', size = '', root = ''] = text.split('\n')
  const hash = base64(root)
  need(origin !== '' && hash.length === 32, 'no checkpoint')
  return { text, origin, size: number(size), root: hash, signatures }
}

export interface OtherKey {
  readonly name: string
  readonly id: string
  readonly type: number
  readonly key: Buffer
}

const keyOf = (name: string, type: number, key: Buffer): OtherKey => ({
  name,
  type,
  id: sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), key]))
    .subarray(0, 4)
    .toString('hex'),
  key,
})

/** Reads `NAME+ID+KEY`. @throws Refused */
export function readKey(text: string): OtherKey {
  const [name = '', id = '', ...rest] = text.split('+')
  const bytes = base64(rest.join('+'))
  const type = bytes[0] ?? 0
  need(name !== '' && !/\s/u.test(name) && bytes.length === 33 && (type === 1 || type === 4), 'no key')
  const key = keyOf(name, type, bytes.subarray(1))
  need(key.id === id, 'another id')
  return key
}

function signs({ key }: OtherKey, message: string, signature: Buffer): boolean {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return verifySignature(null, Buffer.from(message), publicKey, signature)
}

/** Whether the host with this key signed a checkpoint, as that of its own log. */
function signedBy(note: OtherNote, key: OtherKey): boolean {
  const mine = note.signatures.filter(({ name, id }) => name === key.name && id === key.id)
  return key.type === 1 && note.origin === key.name && mine.some(({ said }) => signs(key, note.text, said))
}

/** When a witness cosigned a checkpoint; undefined where it did not. @throws Refused for a cosignature that is wrong */
export function cosignedAt(note: OtherNote, key: OtherKey): number | undefined {
  const mine = note.signatures.filter(({ name, id }) => name === key.name && id === key.id)
  const times = mine.map(({ said }) => {
    need(key.type === 4 && said.length === 72, 'no cosignature')
    const time = Number(said.readBigUInt64BE(0))
    need(Number.isSafeInteger(time) && time > 0, 'no time')
    need(signs(key, `cosignature/v1\ntime ${time}\n${note.text}`, said.subarray(8)), 'a wrong cosignature')
    return time
  })
  return times[0]
}

const isDigest = (item: Item | undefined): item is Buffer => Buffer.isBuffer(item) && item.length === 32
const isPath = (item: Item | undefined): item is readonly Buffer[] =>
  Array.isArray(item) && item.length <= 63 && item.every((one: Item) => isDigest(one))

/** An entry of a log with its place and its path. */
export interface OtherSealed {
  readonly index: number
  readonly bytes: Buffer
  readonly entry: readonly Item[]
  readonly path: readonly Buffer[]
}

/** Reads `[index, entry, path]`. @throws Refused */
export function readSealed(item: Item | undefined, kind: number): OtherSealed {
  need(Array.isArray(item) && item.length === 3, 'not three items')
  const [index, bytes, path] = item as readonly Item[]
  if (!isCounter(index) || !Buffer.isBuffer(bytes) || !isPath(path)) throw new Refused('no entry')
  return { index, bytes, entry: readEntry(bytes, kind), path }
}

/** Reads an entry of a log. @throws Refused */
export function readEntry(bytes: Uint8Array, kind?: number): readonly Item[] {
  let entry: Item
  try {
    entry = decode(bytes)
  } catch {
    throw new Refused('no entry')
  }
  const [first, ...rest] = Array.isArray(entry) ? (entry as readonly Item[]) : []
  const [a, b, c, d, e] = rest
  const right =
    first === 0
      ? rest.length === 4 && isDigest(a) && isCounter(b) && isCounter(c) && isDigest(d)
      : first === 1
        ? rest.length === 1 && isDigest(a)
        : first === 2 &&
          rest.length === 5 &&
          isDigest(a) &&
          isCounter(b) &&
          isDigest(c) &&
          isCounter(d) &&
          typeof e === 'string' &&
          Buffer.byteLength(e) <= 1024
  need(right && (kind === undefined || kind === first), 'no entry')
  return entry as readonly Item[]
}

/** Whether an entry is under the root of a checkpoint. */
export function isUnder(
  { index, bytes, path }: Pick<OtherSealed, 'index' | 'bytes' | 'path'>,
  note: OtherNote,
): boolean {
  const root = rootBy(bytes, index, note.size, path)
  return root !== undefined && same(root, note.root)
}

/** Reads rotations. @throws Refused */
export function readRotations(
  item: Item | undefined,
): { readonly note: string; readonly sealed: OtherSealed }[] {
  need(Array.isArray(item) && item.length <= 1000, 'no rotations')
  return (item as readonly Item[]).map((one) => {
    const [index, entry, path, note, ...more] = Array.isArray(one) ? (one as readonly Item[]) : []
    if (typeof note !== 'string' || more.length > 0) throw new Refused('no rotation')
    return { note, sealed: readSealed([index, entry, path] as readonly Item[], 1) }
  })
}

/** Reads a checkpoint that one of these keys signed, or one that they handed over to. @throws Refused */
export function trustedNote(text: string, rotations: Item | undefined, keys: readonly OtherKey[]): OtherNote {
  const trusted = [...keys]
  for (const { note, sealed } of readRotations(rotations)) {
    const at = readNote(note)
    const by = trusted.find((key) => signedBy(at, key))
    if (by === undefined) continue
    const next = keyOf(by.name, 1, sealed.entry[1] as Buffer)
    need(isUnder(sealed, at) && signedBy(at, next), 'a wrong rotation')
    trusted.push(next)
  }
  const note = readNote(text)
  need(
    trusted.some((key) => signedBy(note, key)),
    'nobody who is trusted signed it',
  )
  return note
}

/** The lines of a text up to an empty one, and what is behind that. */
export function untilEmpty(text: string): { readonly lines: readonly string[]; readonly rest: string } {
  const at = text.indexOf('\n\n')
  need(at >= 0, 'no empty line')
  return { lines: text.slice(0, at).split('\n'), rest: text.slice(at + 2) }
}

/** The text behind a word at the begin of a line. */
export function after(word: string, line = ''): string {
  need(line.startsWith(`${word} `), `no ${word}`)
  return line.slice(word.length + 1)
}

export { base64, isPath, need, number }
