import { cidOf, encodeData, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import type { Block } from './store.ts'

/**
 * The block that a store has of a chain whose actor was moved to it, under which nothing else is: what it said before is on its way
 * here to nobody who was not moved too.
 *
 * @param size how many events it had; without it the block says that the chain was moved, and not where
 * @param hash @default sha256 of `@theater/values`; `./node` has a faster one
 */
export function movedMark(chain: Uint8Array, size: number | null = null, hash: Hash = sha256): Block {
  const bytes = encodeData(['theater:moved-here', chain, size])
  return { cid: cidOf('dag-cbor', hash(bytes)), bytes }
}
