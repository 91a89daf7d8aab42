import type { Hash } from '@theater/values'
import { broken, ChainError } from '../errors.ts'
import type { ChainReader } from '../store.ts'
import type { Subtree } from './prover.ts'
import { TILE } from './store.ts'
import type { LogStore } from './store.ts'
import { leafHash, nodeHash } from './tree.ts'

const width = 2 ** TILE

/** The leaf of an event in its chain's tree: over the hash of its header. */
export function eventLeaf(header: Uint8Array, hash: Hash): Uint8Array {
  return leafHash(hash(header), hash)
}

/** The subtrees of a chain's tree: small ones from its events, larger ones from what the log keeps. */
export function chainSubtrees(
  store: ChainReader & { readonly hostLog: LogStore },
  chain: Uint8Array,
  hash: Hash,
): Subtree {
  return subtrees(
    hash,
    (from, to) => store.hostLog.tiles(chain, from, to),
    async (from, to) => {
      const base = (await store.info(chain))?.archived?.base ?? 0
      const leaves = from < base ? [...(await store.hostLog.leaves(chain, from, Math.min(to, base)))] : []
      for await (const { header } of store.read(chain, Math.max(from, base), to))
        leaves.push(eventLeaf(header, hash))
      return leaves
    },
  )
}

/** The subtrees of a log's own tree. */
export function logSubtrees(log: LogStore, hash: Hash): Subtree {
  return subtrees(
    hash,
    (from, to) => log.tiles(null, from, to),
    async (from, to) => (await log.entries(from, to)).map((entry) => leafHash(entry, hash)),
  )
}

type Range = (from: number, to: number) => Promise<readonly Uint8Array[]>

function subtrees(hash: Hash, tiles: Range, leaves: Range): Subtree {
  return async (level, index) => {
    const [range, height] = level < TILE ? [leaves, level] : [tiles, level - TILE]
    const count = 2 ** height
    const nodes = await range(index * count, (index + 1) * count)
    if (nodes.length !== count) {
      const at = index * 2 ** level
      throw broken('missing', `the store does not have ${2 ** level} leaves of a tree from here on`, at)
    }
    return rootOf(nodes, hash)
  }
}

/** The root over a complete level: as many nodes as a power of two. */
function rootOf(level: readonly Uint8Array[], hash: Hash): Uint8Array {
  let nodes = level
  while (nodes.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i + 1 < nodes.length; i += 2) {
      above.push(nodeHash(nodes[i] as Uint8Array, nodes[i + 1] as Uint8Array, hash))
    }
    nodes = above
  }
  const [root] = nodes
  if (root?.length !== 32) throw new ChainError('damaged', `a tree has lost the root of ${width} leaves`)
  return root
}
