import { sha256 as noble } from '@noble/hashes/sha2.js'

/** A synchronous hash of 32 bytes. Where a function needs one it takes it as an argument. */
export type Hash = (bytes: Uint8Array) => Uint8Array

/** Returns the sha-256 of `bytes`, 32 bytes; runs anywhere. In Node the one of `@theater/values/node` is faster. */
export const sha256: Hash = (bytes) => noble(bytes)
