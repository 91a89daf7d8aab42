import { chainKey } from './received.ts'
import type { Scan } from './recovery.ts'

/**
 * Which messages came to their end at their receivers, by the receivers' records. What one actor says to another comes in its order: where a
 * later message of the same sender has had its turn, an earlier one had its own, or was dead before that.
 */
export class Arrivals {
  readonly #byActor: Map<string, Scan[]>

  constructor(scans: Iterable<Scan>) {
    this.#byActor = Map.groupBy(scans, ({ genesis }) => genesis.actor)
  }

  /**
   * Settles what of a sender has arrived. A turn that a record breaks off is still under way.
   *
   * @returns whether all has
   */
  settle({ info, summary: { sends } }: Scan): boolean {
    const sender = chainKey(info.chain)
    for (const [seq, { to }] of sends.all)
      for (const receiver of to) if (this.#ended(sender, seq, receiver)) sends.settled(seq, receiver)
    return sends.size === 0
  }

  #ended(sender: string, seq: number, receiver: string): boolean {
    const records = this.#byActor.get(receiver) ?? []
    return records.some(({ summary, cause }) => {
      if (cause?.seq === seq && chainKey(cause.chain) === sender) return false
      return summary.received.last(sender) >= seq
    })
  }
}
