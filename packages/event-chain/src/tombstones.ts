import { hex, sameBytes } from './cbor-bytes.ts'
import type { EventHead } from './event.ts'

/** What a host signed of a body that it erased. */
export interface Tombstone {
  /** The chain's id. 32 bytes. */
  readonly chain: Uint8Array
  readonly seq: number
  /** The hash of the event's header, which names the body. 32 bytes. */
  readonly event: Uint8Array
  /** When it was erased, in milliseconds since the epoch, by the host's clock. */
  readonly time: number
  /** Why, in the words of whoever erased it. */
  readonly reason: string
}

/** Finds the tombstone of an event. One that names another event of that chain and number is of no event here. */
export class Tombstones {
  readonly #byPlace = new Map<string, Tombstone[]>()

  constructor(tombstones: Iterable<Tombstone> = []) {
    for (const tombstone of tombstones) {
      const key = placeOf(tombstone)
      const known = this.#byPlace.get(key)
      if (known === undefined) this.#byPlace.set(key, [tombstone])
      else known.push(tombstone)
    }
  }

  /** The first tombstone of an event; undefined where there is none. */
  of(event: Pick<EventHead, 'chain' | 'seq' | 'hash'>): Tombstone | undefined {
    if (this.#byPlace.size === 0) return undefined
    return this.#byPlace.get(placeOf(event))?.find((one) => sameBytes(one.event, event.hash))
  }
}

function placeOf({ chain, seq }: Pick<Tombstone, 'chain' | 'seq'>): string {
  return `${hex(chain)} ${seq}`
}
