import type { SlabEvent } from './slab-event.ts'
import type { Batch, ChainStore } from './store.ts'

/** Where a store says that it takes events as they were made. */
export const made: unique symbol = Symbol('theater.made')

/** The event that a writer gave last, or its hash. */
export type Tip = SlabEvent | Uint8Array

/** Events as they were made: what may still be without hashes. */
export interface MadeBatch extends Pick<Batch, 'epoch' | 'blobs'> {
  readonly events: readonly SlabEvent[]
}

/**
 * A store in the memory of its writer: it is done at once, and keeps events where they were made, so that their hashes can
 * wait until somebody reads. Many hashes one after the other take half the time of a few after each turn.
 */
export interface MadeStore {
  readonly [made]: Made
}

/** How a store takes events as they were made. */
export interface Made {
  /** Its `append`. Where a store has another one, somebody stands before it and wants to see what is written. */
  readonly append: ChainStore['append']
  readonly take: (chain: Uint8Array, after: Tip, batch: MadeBatch) => void
}

/** How a store takes events as they were made; `undefined` where it does not. */
export function madeOf(store: ChainStore & Partial<MadeStore>): Made | undefined {
  const found = store[made]
  return found !== undefined && found.append === store.append ? found : undefined
}

/** How many events may wait for their hashes: enough for the gain, few for each of many actors that do nothing. */
export const MAX_LATE = 32

/** The hash that a tip stands for. */
export function headOf(tip: Tip): Uint8Array {
  return tip instanceof Uint8Array ? tip : tip.hash
}
