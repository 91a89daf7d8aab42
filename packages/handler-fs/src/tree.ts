import { hash } from 'node:crypto'

/*
 * The form of a tree in a content store.
 *
 * Every block is named by the sha-256 of its bytes. A file's block is its content. A directory's block is JSON in UTF-8:
 *
 *     {"tree":1,"entries":[["a.txt","file","<hash>",5],["link","link","a.txt"],["sub","directory","<hash>"]]}
 *
 * where a hash is 64 hexadecimal digits, the number is the file's size in bytes, and a link has its target as it was
 * written. Entries are sorted by the bytes of their names, and the bytes are exactly what `JSON.stringify` gives: one tree has
 * one hash. The tree's hash is that of its top directory.
 */

/** The first version. Another one is another form, and not read. */
const VERSION = 1

/** What a directory has under one name. */
export type TreeEntry =
  | readonly [name: string, type: 'file', hash: string, size: number]
  | readonly [name: string, type: 'directory', hash: string]
  | readonly [name: string, type: 'link', target: string]

/** Where blocks are read. Any store of blocks by CID is one: that of the records, or one that an actor puts into. */
export interface TreeReader {
  /**
   * A block's bytes, `undefined` where there is none. They are checked against the CID by whoever asks.
   *
   * @param cid CIDv1, raw, sha2-256: 36 bytes
   */
  get(cid: Uint8Array): Promise<Uint8Array | undefined>
}

/** Where blocks are kept. */
export interface TreeWriter {
  /** Keeps a block; a second time does nothing. */
  put(cid: Uint8Array, bytes: Uint8Array): Promise<void>
}

/** The hash of a block, as directories and grants say it. */
export function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** The CID of a block: version 1, raw, sha2-256. */
export function cidOf(digest: string): Uint8Array {
  return Uint8Array.from([0x01, 0x55, 0x12, 0x20, ...Buffer.from(digest, 'hex')])
}

/** The bytes of a directory. */
export function encodeDirectory(entries: readonly TreeEntry[]): Uint8Array {
  const sorted = entries.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return new TextEncoder().encode(JSON.stringify({ tree: VERSION, entries: sorted }))
}

/** The entries of a directory; `undefined` where the bytes are no directory, or not the only way to write it. */
export function decodeDirectory(bytes: Uint8Array): readonly TreeEntry[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('entries' in parsed)) return undefined
  const { entries } = parsed
  if (!Array.isArray(entries) || !entries.every(isEntry)) return undefined
  if (new Set(entries.map(([name]) => name)).size !== entries.length) return undefined
  return Buffer.compare(encodeDirectory(entries), bytes) === 0 ? entries : undefined
}

function isEntry(value: unknown): value is TreeEntry {
  if (!Array.isArray(value)) return false
  const [name, type, what, size] = value as readonly unknown[]
  if (typeof name !== 'string' || typeof what !== 'string' || !isName(name)) return false
  switch (type) {
    case 'file':
      return value.length === 4 && isHash(what) && Number.isSafeInteger(size) && Number(size) >= 0
    case 'directory':
      return value.length === 3 && isHash(what)
    case 'link':
      return value.length === 3 && isTarget(what)
    default:
      return false
  }
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

function isName(name: string): boolean {
  const plain = name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
  return plain && name.isWellFormed() && Buffer.byteLength(name) <= 255
}

function isTarget(target: string): boolean {
  return target !== '' && !target.includes('\0') && target.isWellFormed() && Buffer.byteLength(target) <= 4095
}
