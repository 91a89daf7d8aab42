import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import type { ChainReader } from '../store.ts'
import type { ChainEntry } from './entry.ts'
import { eventLeaf } from './subtrees.ts'
import { GrowingTree } from './tree.ts'

/** Whether a chain is what an entry of a log says of it. */
export interface SealedState {
  readonly entry: ChainEntry
  /** Whether the chain has as many events, and their tree this root. */
  readonly matches: boolean
}

/**
 * Compares a chain with an entry of a log, by reading its headers.
 *
 * @throws ChainError where reading fails
 */
export async function compareChain(
  store: ChainReader,
  entry: ChainEntry,
  hash: Hash = sha256,
): Promise<SealedState> {
  const tree = new GrowingTree(hash)
  for await (const { header } of store.read(entry.chain, 0, entry.size)) tree.append(eventLeaf(header, hash))
  return { entry, matches: tree.size === entry.size && sameBytes(tree.root, entry.root) }
}
