import { sha256 as noble } from '@noble/hashes/sha2.js'

/** A synchronous hash of 32 bytes. Where a function needs one it takes it as an argument. */
export interface Hash {
  (bytes: Uint8Array): Uint8Array
  /** Writes the hash of `bytes` at an offset of `out`, which may be where they are: what is on a hot path makes no array. */
  readonly into?: (bytes: Uint8Array, out: Uint8Array, at: number) => void
}

/** Returns the sha-256 of `bytes`, 32 bytes; runs anywhere. In Node the one of `@theater/values/node` is faster. */
export const sha256: Hash = (bytes) => noble(bytes)

/** Writes a hash of `bytes` at an offset of `out`. */
export function hashInto(hash: Hash, bytes: Uint8Array, out: Uint8Array, at: number): void {
  if (hash.into === undefined) out.set(hash(bytes), at)
  else hash.into(bytes, out, at)
}
