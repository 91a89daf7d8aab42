/**
 * What Node does faster: sha-256, and salts from a pool of random bytes.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { saltLength } from './body.ts'
import type { Salts } from './linker.ts'

export { sha256 } from '@theater/values/node'

/**
 * Makes a source of salts that asks the system for random bytes once per thousand salts.
 *
 * A salt is secret until its body is shown, so a pool belongs to one process and its bytes are never used twice.
 */
export function saltPool(): Salts {
  const length = 1024 * saltLength
  let pool = new Uint8Array(0)
  let used = 0
  return () => {
    if (used === pool.length) {
      pool = randomFillSync(new Uint8Array(length))
      used = 0
    }
    used += saltLength
    return pool.subarray(used - saltLength, used)
  }
}
