import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { ChainError } from '../errors.ts'
import type { Leaves, Removal } from '../store.ts'
import type { ProvingStore } from './host-log.ts'
import { hashAt } from './seal-part.ts'
import { TILE } from './store.ts'
import { eventLeaf } from './subtrees.ts'

/** What is to be taken out of a store. */
export interface RemovalOptions {
  /** How many events come before the first turn. They stay, and count only where nothing was archived before. */
  readonly lead: number
  /** The first event that stays. It lies between two turns. */
  readonly base: number
  /** What the file is called that has the others. */
  readonly file: string
  /** What whoever takes them out has to know of them later. */
  readonly notes: Uint8Array
  /** @default sha256 of `@theater/values` */
  readonly hash?: Hash | undefined
}

/**
 * What `ArchiveStore.takeOut` is to be given: with the leaves of the chain's tree that proofs need of what comes behind it. It reads 512
 * events at most.
 *
 * @throws ChainError `not-found`; `broken`
 */
export async function removalOf(
  store: ProvingStore,
  chain: Uint8Array,
  { lead: given, base, file, notes, hash = sha256 }: RemovalOptions,
): Promise<Removal> {
  const info = await store.info(chain)
  if (info === undefined) throw new ChainError('not-found', 'the chain is not here')
  const { archived } = info
  const [lead, from] = archived === undefined ? [given, given] : [archived.lead, archived.base]
  const last = await hashAt(store, chain, base - 1, hash)
  const tile = 2 ** TILE
  const second = Math.floor((base - 1) / tile) * tile
  const leavesFrom = async (start: number, end: number): Promise<Leaves> => {
    const old =
      start < from && archived !== undefined
        ? await store.hostLog.leaves(chain, start, Math.min(end, from))
        : []
    const hashes = [...old]
    for await (const { header } of store.read(chain, start + hashes.length, end))
      hashes.push(eventLeaf(header, hash))
    return { from: start, hashes }
  }
  const leaves = [await leavesFrom(0, Math.min(base, tile))]
  if (second > 0) leaves.push(await leavesFrom(second, base))
  return { lead, from, base, last, leaves, file, notes }
}
