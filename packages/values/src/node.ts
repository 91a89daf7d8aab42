/**
 * What Node does faster.
 *
 * @module
 */
import { hash } from 'node:crypto'

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
export function sha256(bytes: Uint8Array): Uint8Array {
  // A string of bytes and this loop take a third of the time of a Buffer.
  const text = hash('sha256', bytes, 'latin1')
  const digest = new Uint8Array(32)
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i)
  return digest
}
