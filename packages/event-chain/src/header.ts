import { Reader } from '@theater/values'
import { linkHead, linkLength, putBytes, putLink, putUint, readBlockLink } from './cbor-bytes.ts'
import { broken, ChainError, messageOf } from './errors.ts'
import { kinds, numberOf } from './kinds.ts'
import type { Kind } from './kinds.ts'

/** The format version that this package writes and reads. */
export const FORMAT = 1

/** What is hashed into the chain for one event. */
export interface Header {
  /** The chain's id: the sha-256 digest of the genesis event's body block. 32 bytes. */
  readonly chain: Uint8Array
  /** Which writer wrote it: raised each time a writer takes the chain over. */
  readonly epoch: number
  /** The place in the chain, from 0. */
  readonly seq: number
  readonly kind: Kind
  /** The hash of the header before, null at genesis. 32 bytes. */
  readonly prev: Uint8Array | null
  /** The sha-256 digest of the body block. 32 bytes. */
  readonly body: Uint8Array
}

/** The most bytes that a header can have. */
export const maxHeaderLength = 1 + 1 + 34 + 9 + 9 + 1 + 41 + 41

/** Writes a header at an offset and returns the offset after it. The buffer has room for {@link maxHeaderLength}. */
function putHeader(
  out: Uint8Array,
  at: number,
  chain: Uint8Array,
  epoch: number,
  seq: number,
  kind: Kind,
  prev: Uint8Array | null,
  body: Uint8Array,
): number {
  out[at] = 0x87
  out[at + 1] = FORMAT
  out[at + 2] = 0x58
  out[at + 3] = 32
  putBytes(out, at + 4, chain)
  let end = putUint(out, at + 36, epoch)
  end = putUint(out, end, seq)
  out[end++] = numberOf(kind)
  if (prev === null) out[end++] = 0xf6
  else end = putLink(out, end, prev)
  return putLink(out, end, body)
}

/**
 * Encodes a header: the DAG-CBOR array `[version, chain, epoch, seq, kind, prev, body]`, with `prev` and `body` as links.
 *
 * @throws ChainError `invalid` for a header that cannot be
 */
export function encodeHeader(header: Header): Uint8Array {
  const { chain, epoch, seq, kind, prev, body } = header
  if (chain.length !== 32 || body.length !== 32 || (prev !== null && prev.length !== 32)) {
    throw new ChainError('invalid', 'chain, prev and body of a header are 32 bytes each')
  }
  checkCounter('epoch', epoch)
  checkCounter('seq', seq)
  const out = new Uint8Array(maxHeaderLength)
  return out.slice(0, putHeader(out, 0, chain, epoch, seq, kind, prev, body))
}

/**
 * Decodes a header; digests are views into `bytes`.
 *
 * @param index The event's place, for the error
 * @throws ChainError `broken` with reason `header`, `version` or `kind`
 */
export function decodeHeader(bytes: Uint8Array, index?: number): Header {
  return quick(bytes) ?? decodeAny(bytes, index)
}

/** A header as nearly all are; `undefined` for any other, and for what is none. */
function quick(bytes: Uint8Array): Header | undefined {
  const { length } = bytes
  const epoch = bytes[36] as number
  if (bytes[0] !== 0x87 || bytes[1] !== FORMAT || bytes[2] !== 0x58 || bytes[3] !== 32 || epoch > 23)
    return undefined
  const linksAt = length - 2 * linkLength
  const seq = uintBetween(bytes, 37, linksAt - 1)
  const kind = kinds[bytes[linksAt - 1] as number]
  if (
    seq === undefined ||
    kind === undefined ||
    !linkAt(bytes, linksAt) ||
    !linkAt(bytes, linksAt + linkLength)
  )
    return undefined
  return {
    chain: bytes.subarray(4, 36),
    epoch,
    seq,
    kind,
    prev: bytes.subarray(linksAt + linkLength - 32, linksAt + linkLength),
    body: bytes.subarray(length - 32),
  }
}

/** The unsigned integer, in its shortest form, that is all there is between two offsets; `undefined` for a wide one, or none. */
function uintBetween(bytes: Uint8Array, from: number, to: number): number | undefined {
  const head = bytes[from] as number
  const a = bytes[from + 1] as number
  switch (to - from) {
    case 1:
      return head < 24 ? head : undefined
    case 2:
      return head === 0x18 && a > 23 ? a : undefined
    case 3:
      return head === 0x19 && a > 0 ? a * 0x100 + (bytes[from + 2] as number) : undefined
    case 5: {
      const high = a * 0x100 + (bytes[from + 2] as number)
      const low = (bytes[from + 3] as number) * 0x100 + (bytes[from + 4] as number)
      const n = high * 0x1_0000 + low
      return head === 0x1a && n > 0xffff ? n : undefined
    }
    default:
      return undefined
  }
}

function linkAt(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < linkHead.length; i++) if (bytes[at + i] !== linkHead[i]) return false
  return true
}

function decodeAny(bytes: Uint8Array, index: number | undefined): Header {
  let version: number, chain: Uint8Array, epoch: number, seq: number, number: number
  let prev: Uint8Array | null, body: Uint8Array | null
  try {
    const input = new Reader(bytes)
    if (input.array() !== 7) throw broken('header', 'a header has seven items', index)
    version = input.uint()
    // A later version may have another layout behind its number.
    if (version !== FORMAT) throw broken('version', `format version ${version} is not known here`, index)
    chain = input.byteString()
    epoch = input.uint()
    seq = input.uint()
    number = input.uint()
    prev = input.nullNext() ? null : readBlockLink(input)
    body = readBlockLink(input)
    input.finish()
  } catch (error) {
    if (ChainError.is(error)) throw error
    throw broken('header', `these bytes are not a canonical header (${messageOf(error)})`, index, error)
  }
  if (chain.length !== 32) throw broken('header', 'a chain id has 32 bytes', index)
  const kind = kinds[number]
  if (kind === undefined) throw broken('kind', `kind ${number} is not known here`, index)
  return { chain, epoch, seq, kind, prev, body }
}

/** Refuses what is not an integer between 0 and 2^53 - 1. */
export function checkCounter(name: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new ChainError('invalid', `${name} ${n} is not a counter`)
}
