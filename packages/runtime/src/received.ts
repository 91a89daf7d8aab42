import type { Cause } from '@theater/handler'

/** Names a cause in a map. */
export function causeKey({ chain, seq }: Pick<Cause, 'chain' | 'seq'>): string {
  return `${chainKey(chain)}${seq}`
}

/** Names a chain in a map. */
export function chainKey(chain: Uint8Array): string {
  return Buffer.from(chain).toString('latin1')
}

/** How many causes of each sender are known one by one: those that came last. */
const RECENT = 32

/** What came of one sender. */
export interface FromSender {
  /** The highest sequence number of its causes. */
  last: number
  /** The highest sequence number of those that are not known one by one any more; -1 for none. */
  forgotten: number
  /** Where the turns of the others begin, by the sequence numbers of their causes; in the order in which they came. */
  readonly turns: Map<number, number>
}

/** Where the last turn of a cause begins; `undefined`: there is none; `forgotten`: only the record itself says so. */
export type TurnOf = number | 'forgotten' | undefined

/**
 * The causes that one chain holds, and the turns they became. What one actor says to another comes in its order, so that the last
 * cause of a sender tells of all before it, and only a few are kept one by one. A cause that comes again, or late, is one of those; of
 * any other that is not behind the last one the record itself is asked. So it grows with the senders, and not with what they say.
 */
export class Received {
  readonly #senders = new Map<string, FromSender>()

  /** How many senders there are. */
  get size(): number {
    return this.#senders.size
  }

  /** What came of each sender, by {@link chainKey}. */
  get senders(): Iterable<readonly [string, FromSender]> {
    return this.#senders
  }

  /** Knows again what came of a sender. */
  restore(sender: string, from: FromSender): void {
    this.#senders.set(sender, from)
  }

  /** Notes a cause. Where it came again, its last turn counts. @param turn sequence of the turn that it became */
  note({ chain, seq }: Pick<Cause, 'chain' | 'seq'>, turn: number): void {
    const key = chainKey(chain)
    let from = this.#senders.get(key)
    if (from === undefined) {
      from = { last: -1, forgotten: -1, turns: new Map() }
      this.#senders.set(key, from)
    }
    const { turns } = from
    turns.delete(seq)
    turns.set(seq, turn)
    from.last = Math.max(from.last, seq)
    if (turns.size <= RECENT) return
    for (const oldest of turns.keys()) {
      turns.delete(oldest)
      from.forgotten = Math.max(from.forgotten, oldest)
      break
    }
  }

  turnOf({ chain, seq }: Pick<Cause, 'chain' | 'seq'>): TurnOf {
    const from = this.#senders.get(chainKey(chain))
    if (from === undefined) return undefined
    return from.turns.get(seq) ?? (seq <= from.forgotten ? 'forgotten' : undefined)
  }

  /** The highest sequence number of the causes of a sender, by {@link chainKey}; -1 where there is none. */
  last(sender: string): number {
    return this.#senders.get(sender)?.last ?? -1
  }
}
