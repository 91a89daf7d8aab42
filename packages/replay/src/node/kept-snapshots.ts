import type { CacheStore } from '@theater/event-chain'
import { keptSnapshot } from '@theater/event-chain/node'
import type { SnapshotSource } from '../types.ts'

/**
 * The snapshots that a host kept beside the chains of a store: of each actor the last.
 *
 * @example
 * ```ts
 * const source = { store, chain, snapshots: keptSnapshots(store.caches) }
 * const verdict = await verify(source, { from: 12_000 })
 * ```
 */
export function keptSnapshots(caches: CacheStore): SnapshotSource {
  return {
    async list(chain) {
      const kept = await keptSnapshot(caches, chain)
      return kept === undefined ? [] : [{ size: kept.size, head: kept.head }]
    },
    async read(chain, size, max) {
      const kept = await keptSnapshot(caches, chain)
      // The host may have kept a later one meanwhile.
      return kept?.size === size ? kept.read(max) : undefined
    },
  }
}
