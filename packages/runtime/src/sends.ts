/** A message that left an actor. */
export interface Sent {
  /** When the turn began that said it. */
  readonly time: number
  /** Who is to get it and may not have it. */
  readonly to: readonly string[]
}

/**
 * What left one actor and may not have come to its end at its receivers: what a host that comes after this one has to look at. The
 * record alone says of everything that it left; what became of it is in the records of the receivers, or nobody was there.
 */
export class Sends {
  readonly #sent = new Map<number, Sent>()

  /** By the sequence numbers of the `send` events, rising. */
  get all(): Iterable<readonly [number, Sent]> {
    return this.#sent
  }

  get size(): number {
    return this.#sent.size
  }

  /** Something leaves. @param seq that of its `send` event */
  left(seq: number, sent: Sent): void {
    if (sent.to.length > 0) this.#sent.set(seq, sent)
  }

  /** All that left before an event came to its end. */
  settleBefore(seq: number): void {
    for (const sent of this.#sent.keys()) if (sent < seq) this.#sent.delete(sent)
  }

  /** It came to its end at a receiver: nobody need look at that again. */
  settled(seq: number, receiver: string): void {
    const sent = this.#sent.get(seq)
    if (sent === undefined) return
    const to = sent.to.filter((one) => one !== receiver)
    if (to.length === 0) this.#sent.delete(seq)
    else this.#sent.set(seq, { ...sent, to })
  }
}
