/**
 * What Node does faster.
 *
 * @module
 */
import { hash } from 'node:crypto'
import type { Hash } from './hash.ts'

/**
 * Returns the sha-256 of `bytes`, 32 bytes, by `node:crypto`.
 *
 * @example
 * ```ts
 * import { cidOf } from '@theater/values'
 * import { sha256 } from '@theater/values/node'
 *
 * cidOf('raw', sha256(new Uint8Array([1, 2, 3])))
 * ```
 */
export const sha256: Hash = Object.assign(
  (bytes: Uint8Array): Uint8Array => {
    const digest = new Uint8Array(32)
    into(bytes, digest, 0)
    return digest
  },
  { into },
)

function into(bytes: Uint8Array, out: Uint8Array, at: number): void {
  // A string of bytes and this loop take a third of the time of a Buffer.
  const text = hash('sha256', bytes, 'latin1')
  for (let i = 0; i < 32; i++) out[at + i] = text.charCodeAt(i)
}
