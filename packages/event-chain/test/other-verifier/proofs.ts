import { decode, same, sha256 } from './cbor.ts'
import type { Item } from './cbor.ts'
import { isBytes, readHeader } from './events.ts'
import type { Header } from './events.ts'
import {
  after,
  base64,
  isPath,
  isUnder,
  need,
  number,
  readEntry,
  readNote,
  Refused,
  trustedNote,
  untilEmpty,
} from './notes.ts'
import type { OtherKey, OtherNote } from './notes.ts'
import { rootBy, isPrefix } from './tree.ts'

function decoded(bytes: Buffer): readonly Item[] {
  try {
    const item = decode(bytes)
    if (Array.isArray(item)) return item
  } catch {}
  throw new Refused('no extra data')
}

function headerOf(bytes: Buffer): Header {
  try {
    return readHeader(bytes, 0)
  } catch {
    throw new Refused('no header')
  }
}

/** What a `.tlog-proof` proves, by these keys. @throws Refused */
export function provenEvent(
  text: string,
  keys: readonly OtherKey[],
): { readonly header: Header; readonly size: number } {
  const { lines, rest } = untilEmpty(text)
  const [first, extra, index, ...hashes] = lines
  need(first === 'c2sp.org/tlog-proof@v1', 'another first line')
  const [version, headerBytes, body, path, entryBytes, rotations, ...more] = decoded(
    base64(after('extra', extra)),
  )
  need(version === 1 && more.length === 0, 'another version')
  if (!Buffer.isBuffer(headerBytes) || !Buffer.isBuffer(entryBytes) || !isPath(path))
    throw new Refused('no extra data')
  const header = headerOf(headerBytes)
  need(body === null || (Buffer.isBuffer(body) && same(sha256(body), header.body)), 'another body')
  const [, chain, , size, root] = readEntry(entryBytes, 0) as readonly [0, Buffer, number, number, Buffer]
  const found = rootBy(sha256(headerBytes), header.seq, size, path)
  need(same(chain, header.chain) && found !== undefined && same(found, root), 'not under its entry')
  const note = trustedNote(rest, rotations, keys)
  const sealed = {
    index: number(after('index', index)),
    bytes: entryBytes,
    path: hashes.map((line) => base64(line)),
  }
  need(sealed.path.every((one) => isBytes(32)(one)) && isUnder(sealed, note), 'not under its checkpoint')
  return { header, size }
}

/** What a witness is asked. @throws Refused */
export function readAddition(text: string): {
  readonly before: number
  readonly path: readonly Buffer[]
  readonly note: string
} {
  const { lines, rest } = untilEmpty(text)
  const [old, ...hashes] = lines
  const path = hashes.map((line) => base64(line))
  need(path.length <= 63 && path.every((one) => one.length === 32), 'no path')
  readNote(rest)
  return { before: number(after('old', old)), path, note: rest }
}

/** That a log goes on from a checkpoint that was kept. @throws Refused */
export function goesOn(
  text: string,
  kept: string,
  keys: readonly OtherKey[],
): { readonly before: OtherNote; readonly now: OtherNote } {
  const [first, extra = '', ...lines] = text.split('\n')
  need(first === 'theater/consistency@v1', 'another first line')
  const [version, rotations, ...more] = decoded(base64(after('extra', extra)))
  need(version === 1 && more.length === 0, 'another version')
  const { before: size, path, note } = readAddition(lines.join('\n'))
  const now = trustedNote(note, rotations, keys)
  const before = trustedNote(kept, rotations, keys)
  need(before.origin === now.origin && before.size === size, 'another log')
  need(isPrefix(before, now, path), 'it does not go on from there')
  return { before, now }
}
