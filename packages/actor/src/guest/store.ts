import type { TheaterStoreBlobs, TheaterStoreLabels } from '@theater/wit'
import { ownBytes } from '../bytes.ts'
import type { Range, Store } from '../capabilities.ts'
import { StoreError } from '../host-errors.ts'
import { payloadOf } from './host.ts'

const allThatFollows = 0xffff_ffff_ffff_ffffn
const page = 1000

/** `ctx.store` over the host's blobs and labels. */
export function makeStore(blobs: typeof TheaterStoreBlobs, labels: typeof TheaterStoreLabels): Store {
  const get = (hash: string, range: Range = {}): Uint8Array => read(blobs, hash, range)
  const getLabel = (name: string): string | null =>
    hexOrNull(label(`the label ${name} could not be read`, () => labels.get(name)))
  return {
    put: (data) => {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
      return toHex(blob(`${bytes.length} bytes could not be kept`, () => blobs.put(bytes)))
    },
    get,
    getText: (hash) => new TextDecoder('utf-8', { fatal: true }).decode(get(hash)),
    size: (hash) => Number(blob(`blob ${hash} has no size`, () => blobs.size(fromHex(hash)))),
    getLabel,
    setLabel: (name, hash, expected = getLabel(name)) => {
      const now = expected === null ? undefined : fromHex(expected)
      const value = hash === null ? undefined : fromHex(hash)
      label(`the label ${name} could not be set`, () => labels.set(name, now, value))
    },
    list: (prefix = '', { after, limit = Infinity } = {}) => {
      const out: string[] = []
      while (out.length < limit) {
        const from = out.at(-1) ?? after
        const wanted = Math.min(limit - out.length, page)
        const names = label(`labels ${prefix} could not be listed`, () => labels.list(prefix, from, wanted))
        if (names.length === 0) break
        out.push(...names)
      }
      return out
    },
  }
}

/** Reads a range, in pieces where the host does not hand it over in one. */
function read(blobs: typeof TheaterStoreBlobs, hash: string, { offset = 0, length }: Range): Uint8Array {
  const name = fromHex(hash)
  const start = BigInt(offset)
  const wanted = length === undefined ? allThatFollows - start : BigInt(length)
  const piece = (at: bigint, count: bigint): Uint8Array =>
    blob(`blob ${hash} could not be read`, () => ownBytes(blobs.get(name, at, count)))
  let limit: bigint
  try {
    return piece(start, wanted)
  } catch (error) {
    if (!StoreError.is(error) || error.code !== 'too-large' || !error.limit) throw error
    limit = BigInt(error.limit)
  }
  const pieces: Uint8Array[] = []
  for (let at = start, left = wanted; left > 0n;) {
    const count = left < limit ? left : limit
    const bytes = piece(at, count)
    pieces.push(bytes)
    if (BigInt(bytes.length) < count) break
    at += count
    left -= count
  }
  return concat(pieces)
}

/** One run of bytes from several. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

function blob<T>(doing: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<TheaterStoreBlobs.Error>(thrown)
    if (error === undefined) throw thrown
    throw new StoreError(doing, error.tag, 'val' in error ? { limit: Number(error.val) } : {})
  }
}

function label<T>(doing: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<TheaterStoreLabels.Error>(thrown)
    if (error === undefined) throw thrown
    if (error.tag === 'conflict') throw new StoreError(doing, error.tag, { current: hexOrNull(error.val) })
    throw new StoreError(doing, error.tag, error.tag === 'quota' ? { limit: Number(error.val) } : {})
  }
}

function hexOrNull(hash: Uint8Array | undefined): string | null {
  return hash === undefined ? null : toHex(hash)
}

function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text))
    throw new StoreError(`${JSON.stringify(text)} is no hash`, 'bad-hash')
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  return bytes
}
