import { movedMark } from '@theater/event-chain'
import type { BlobReader } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { chainKey } from './received.ts'

/** A record that may have been moved here. */
export interface Mover {
  readonly chain: Uint8Array
  /** Where it may have ended when it was: hosts took it over there, or it ends there now. */
  readonly ends: readonly number[]
}

/**
 * Which actors were moved here from another host. What one of them said before to somebody who was not moved too was for the
 * other host, which may have delivered it: nobody here gets it, whoever has that name now.
 */
export class Moves {
  readonly #store: BlobReader
  readonly #ends = new Map<string, Promise<number>>()

  constructor(store: BlobReader) {
    this.#store = store
  }

  /**
   * Whether an event is not of this host, and somebody is. @param other the chain of whoever has the name that it is for;
   * `undefined`: nobody does
   */
  async elsewhere(mover: Mover, seq: number, other: Uint8Array | undefined): Promise<boolean> {
    if (seq >= (await this.#end(mover))) return false
    return other === undefined || !(await this.#moved(other))
  }

  /** How many events the record had when it was moved here last; 0: it was not. */
  #end(mover: Mover): Promise<number> {
    const key = chainKey(mover.chain)
    const known = this.#ends.get(key)
    if (known !== undefined) return known
    const end = this.#find(mover)
    this.#ends.set(key, end)
    return end
  }

  async #find({ chain, ends }: Mover): Promise<number> {
    if (!(await this.#moved(chain))) return 0
    let last = 0
    for (const size of ends)
      if (size > last && (await this.#store.has(movedMark(chain, size, sha256).cid))) last = size
    return last
  }

  #moved(chain: Uint8Array): Promise<boolean> {
    return this.#store.has(movedMark(chain, null, sha256).cid)
  }
}
