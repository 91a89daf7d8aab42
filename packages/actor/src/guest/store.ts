import type { TheaterStoreBlobs, TheaterStoreLabels } from '@theater/wit'
import { concat, ownBytes } from '../bytes.ts'
import type { Range, Store } from '../capabilities.ts'
import { StoreError } from '../host-errors.ts'
import { fromHex, toHex } from './hashes.ts'
import { payloadOf } from './host.ts'
import type { Host } from './host.ts'
import { Transfers } from './transfers.ts'

const allThatFollows = 0xffff_ffff_ffff_ffffn
const page = 1000

/** What `ctx.store` stands on. */
type StoreHost = Required<Pick<Host, 'blobs' | 'labels' | 'transfers'>>

/** `ctx.store` of an actor; `undefined` where it does not use it. */
export function storeOf({ blobs, labels, transfers }: Host): Store | undefined {
  return blobs && labels && transfers && makeStore({ blobs, labels, transfers })
}

/** `ctx.store` over the host's store. */
export function makeStore({ blobs, labels, transfers }: StoreHost): Store {
  const streams = new Transfers(transfers)
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
    putStream: (pieces) => streams.putStream(pieces),
    getStream: (hash, range = {}) => streams.getStream(hash, range),
    upload: () => streams.upload(),
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
