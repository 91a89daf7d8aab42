import { hex } from '@theater/event-chain'
import type { CacheStore } from '@theater/event-chain'
import { keptSnapshot } from '@theater/event-chain/node'
import type { CarriedSnapshot } from '@theater/event-chain/node'
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

/**
 * Snapshots out of files, as `readSnapshotFile` of `@theater/event-chain/node` reads them, and those of another source.
 *
 * @param beside is asked for what is in no file. @default nothing
 */
export function carriedSnapshots(
  carried: readonly CarriedSnapshot[],
  beside?: SnapshotSource,
): SnapshotSource {
  const of = (chain: Uint8Array): readonly CarriedSnapshot[] =>
    carried.filter((one) => hex(one.chain) === hex(chain))
  return {
    async list(chain) {
      const others = (await beside?.list(chain)) ?? []
      const all = [...others, ...of(chain).map(({ size, head }) => ({ size, head }))]
      return all.toSorted((a, b) => a.size - b.size)
    },
    async read(chain, size, max) {
      const found = of(chain).findLast((one) => one.size === size)
      return found === undefined ? beside?.read(chain, size, max) : found.read(max)
    },
  }
}
