import { CID_LENGTH, cidOf, decodeData, encodeData, Link, link, splitCid } from '@theater/values'
import type { Data } from '@theater/values'
import { ChainError, messageOf } from '../errors.ts'

// CAR v1: https://ipld.io/specs/transport/car/carv1/

/** The most bytes of a CAR header that are looked at: some 400,000 roots. */
export const maxCarHeader = 16 * 1024 * 1024

/** The most bytes of a length in front of a section: enough for 2^53 - 1. */
export const maxVarint = 8

/** The bytes of an unsigned LEB128 integer. */
function encodeVarint(n: number): Uint8Array {
  const out: number[] = []
  for (; n >= 0x80; n = Math.floor(n / 0x80)) out.push((n % 0x80) | 0x80)
  out.push(n)
  return Uint8Array.from(out)
}

/** An integer and how many bytes it took; null where the bytes are not one in its shortest form. */
export function decodeVarint(bytes: Uint8Array): { readonly value: number; readonly length: number } | null {
  let value = 0
  for (let i = 0; i < bytes.length && i < maxVarint; i++) {
    const byte = bytes[i] ?? 0
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80)
      return (byte === 0 && i > 0) || value > Number.MAX_SAFE_INTEGER ? null : { value, length: i + 1 }
  }
  return null
}

/** The first bytes of a CAR file whose roots are headers with these hashes. */
export function carHeader(heads: readonly Uint8Array[]): Uint8Array {
  if (heads.length === 0) throw new ChainError('invalid', 'a CAR file has at least one root')
  const header = encodeData({ roots: heads.map((head) => link(cidOf('dag-cbor', head))), version: 1 })
  return join([encodeVarint(header.length), header])
}

/** The hashes of the headers that are the roots of a CAR file. Throws ChainError `bad-car`. */
export function decodeCarHeader(bytes: Uint8Array): Uint8Array[] {
  let data: Data
  try {
    data = decodeData(bytes)
  } catch (cause) {
    throw badCar(`its header is not DAG-CBOR (${messageOf(cause)})`, cause)
  }
  if (typeof data !== 'object' || data === null || !('roots' in data) || !('version' in data)) {
    throw badCar('its header has not roots and version')
  }
  const { roots, version } = data
  if (version !== 1) throw badCar('its version is not 1')
  if (!Array.isArray(roots) || roots.length === 0) throw badCar('it has no roots')
  return roots.map((root: Data) => {
    if (!Link.is(root) || splitCid(root.cid).codec !== 'dag-cbor')
      throw badCar('a root is not a dag-cbor block')
    return splitCid(root.cid).digest
  })
}

/** What comes before a block of this length in a CAR file. */
export function sectionHead(cid: Uint8Array, length: number): Uint8Array {
  return join([encodeVarint(CID_LENGTH + length), cid])
}

/** Puts byte strings together. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** The error for a file that cannot be read as a CAR file of chains at all. */
export function badCar(why: string, cause?: unknown): ChainError {
  return new ChainError('bad-car', `this is not a CAR v1 file of chains: ${why}`, { cause })
}
