import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import type { ChainReader } from '../store.ts'
import type { ChainEntry } from './entry.ts'
import { treeAt } from './seal-part.ts'
import type { SealedPart } from './seal-part.ts'
import { eventLeaf } from './subtrees.ts'
import { GrowingTree } from './tree.ts'

/** Whether a chain is what an entry of a log says of it. */
export interface SealedState {
  readonly entry: ChainEntry
  /** Whether the chain has as many events, and their tree this root. */
  readonly matches: boolean
  /** Of a part that does not go on to the chain's end, the event that it ends before. */
  readonly end?: number | undefined
}

/**
 * Compares a chain with an entry of a log, by reading its headers.
 *
 * @param part where the chain is there in part, what the seal says of that; `verifySeal` checks it
 * @throws ChainError where reading fails
 */
export async function compareChain(
  store: ChainReader,
  entry: ChainEntry,
  hash: Hash = sha256,
  part?: SealedPart,
): Promise<SealedState> {
  const begin = part?.begin ?? null
  const tree = begin === null ? new GrowingTree(hash) : treeAt(begin, entry, hash)
  for await (const { header } of store.read(entry.chain, tree.size, entry.size))
    tree.append(eventLeaf(header, hash))
  return { entry, matches: tree.size === entry.size && sameBytes(tree.root, entry.root) }
}
