import { splitCid, ValueError } from '@theater/values'
import type { Reader } from '@theater/values'

// The few CBOR forms that headers and bodies are made of, written straight into a buffer: appending is on the
// hot path, and a header's layout is fixed but for three integers.

/** A DAG-CBOR link before the digest: tag 42, a byte string of 37, the multibase zero, a CIDv1 (dag-cbor, sha2-256). */
export const linkHead = Uint8Array.of(0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01, 0x71, 0x12, 0x20)
/** The length of a link to a dag-cbor block. */
export const linkLength = linkHead.length + 32

/** Writes an unsigned integer in its shortest form and returns the offset after it. */
export function putUint(out: Uint8Array, at: number, n: number): number {
  if (n < 24) {
    out[at] = n
    return at + 1
  }
  if (n < 0x100) {
    out[at] = 0x18
    out[at + 1] = n
    return at + 2
  }
  if (n < 0x10000) {
    out[at] = 0x19
    out[at + 1] = n >>> 8
    out[at + 2] = n
    return at + 3
  }
  if (n < 0x1_0000_0000) {
    out[at] = 0x1a
    put32(out, at + 1, n)
    return at + 5
  }
  out[at] = 0x1b
  put32(out, at + 1, Math.floor(n / 0x1_0000_0000))
  put32(out, at + 5, n)
  return at + 9
}

function put32(out: Uint8Array, at: number, n: number): void {
  out[at] = n >>> 24
  out[at + 1] = n >>> 16
  out[at + 2] = n >>> 8
  out[at + 3] = n
}

/** Writes a link to a dag-cbor block and returns the offset after it. */
export function putLink(out: Uint8Array, at: number, digest: Uint8Array): number {
  putBytes(out, at, linkHead)
  putBytes(out, at + linkHead.length, digest)
  return at + linkLength
}

/** Writes bytes as they are. For a few, a loop is several times faster than `set`. */
export function putBytes(out: Uint8Array, at: number, bytes: Uint8Array): void {
  const { length } = bytes
  if (length > 32) out.set(bytes, at)
  else for (let i = 0; i < length; i++) out[at + i] = bytes[i] as number
}

/** Reads a link to a dag-cbor block and returns its digest, a view. Throws a ValueError for anything else. */
export function readBlockLink(input: Reader): Uint8Array {
  const { codec, digest } = splitCid(input.link())
  if (codec !== 'dag-cbor') throw new ValueError('bad-cid', 'a link to a block that is not dag-cbor')
  return digest
}

/** Tells whether two byte strings are equal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

const digits: readonly string[] = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += digits[bytes[i] ?? 0] ?? ''
  return text
}
