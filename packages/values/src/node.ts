/**
 * What Node does faster.
 *
 * @module
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
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

/** Writes a string of bytes at an offset. Every Buffer has it, and it takes any array of bytes; its types do not say so. */
type WriteBytes = (this: Uint8Array, text: string, at: number, length: number) => number

/** With its length said, Node does not look up whether the hash has a length of its own: a tenth of the time of a short one. */
const AS_TEXT = Object.freeze({ outputEncoding: 'latin1', outputLength: 32 })

const { latin1Write } = Buffer.prototype as unknown as { readonly latin1Write: WriteBytes }

function into(bytes: Uint8Array, out: Uint8Array, at: number): void {
  // By way of a string it takes a third of the time of a Buffer.
  latin1Write.call(out, hash('sha256', bytes, AS_TEXT), at, 32)
}

/**
 * Makes an empty file of mode 0600 where there is none, for whoever opens it next: SQLite makes files that everybody can read.
 * Where it cannot be made nothing happens: whoever opens it says why.
 *
 * @param path a file; `:memory:`, the empty name and a `file:` address are left alone, as what SQLite takes for something else
 */
export function makeOwnFile(path: string): void {
  if (path === '' || path === ':memory:' || path.startsWith('file:')) return
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch {
    // It is there, or the next one hears why it cannot be.
  }
}
