import type { Link } from '@theater/boundary'
import type { Cause } from '@theater/handler'
import type { Lost } from './channels.ts'
import { causeKey } from './received.ts'
import type { TurnReply } from './turn-reply.ts'

/** One turn to be taken. */
export interface Invocation {
  /** `FunctionModel.id` of an export, or its name within its track. */
  readonly fn: string
  readonly args: readonly unknown[]
  readonly sender: string | null
  readonly cause: Cause | null
  /** Who made the resources in `args`, and resumes them. */
  readonly link?: Link | undefined
  /**
   * It tells of a channel that is lost, by the event that it was lost by, which may tell of others too. It is known by what
   * the record says of the channel, and not by its cause.
   */
  readonly lost?: Lost | undefined
  /** The timer that fires: known by what the record says of it, as that is. What it is told is known when its turn begins. */
  readonly timer?: number | undefined
  /** Milliseconds since the epoch that it does not begin before. */
  readonly notBefore?: number | undefined
}

/** What the turn of something that waited is told. */
export type Told = Pick<Invocation, 'args' | 'notBefore'>

/** Hears what came of a turn, in the same step in which it is known. */
export type Settle = (reply: TurnReply) => void

/** An invocation on its way to its turn. */
export interface Letter extends Invocation {
  /** `FunctionModel.id` of the export. */
  readonly id: string
  /** Called when the letter leaves the mailbox for its turn, with the sequence number that this begins at. */
  readonly taken: ((seq: number) => void) | undefined
  /** Whoever hears of it: more than one where a cause came twice. */
  readonly listeners: Settle[]
}

/**
 * What waits for one actor, in the order in which it came. It holds a bounded number of letters; messages beyond that
 * are not in it but in their senders' outboxes, which are bounded too: it only knows their order.
 */
export class Mailbox {
  /** How many letters it takes from whoever can be refused. */
  readonly limit: number
  readonly #letters: Letter[] = []
  /** In the outboxes of their senders until there is room. */
  readonly #held: Letter[] = []
  /** From their arrival until they are settled. */
  readonly #byCause = new Map<string, Letter>()

  constructor(limit: number) {
    this.limit = limit
  }

  get full(): boolean {
    return this.#letters.length >= this.limit
  }

  /** How many letters wait, those that are held included. */
  get waiting(): number {
    return this.#letters.length + this.#held.length
  }

  /** Whether nothing waits, and nobody waits for anything. */
  get quiet(): boolean {
    return this.waiting === 0 && this.#byCause.size === 0
  }

  /** Adds a letter; it waits in its sender's outbox where the mailbox is full. */
  add(letter: Letter): void {
    // Nothing overtakes what is held, so all that one sender says arrives in its order.
    if (this.full) this.#held.push(letter)
    else this.#letters.push(letter)
    this.follow(letter)
  }

  /** Knows a letter by its cause, though its turn has begun. */
  follow(letter: Letter): void {
    const key = keyOf(letter)
    if (key !== undefined) this.#byCause.set(key, letter)
  }

  /** The letter of a cause that waits, or whose turn is under way. */
  find(cause: Pick<Cause, 'chain' | 'seq'>): Letter | undefined {
    return this.#byCause.get(causeKey(cause))
  }

  /** The next letter, for its turn. */
  take(): Letter | undefined {
    const letter = this.#letters.shift()
    const held = letter === undefined ? undefined : this.#held.shift()
    if (held !== undefined) this.#letters.push(held)
    return letter
  }

  /** Takes back what waits for a cause, unsettled. `false`: it does not wait. */
  withdraw(cause: Pick<Cause, 'chain' | 'seq'>): boolean {
    const letter = this.find(cause)
    return letter !== undefined && this.remove(letter)
  }

  /** Takes back a letter that waits, unsettled. `false`: it does not wait. */
  remove(letter: Letter): boolean {
    for (const waiting of [this.#letters, this.#held]) {
      const at = waiting.indexOf(letter)
      if (at === -1) continue
      waiting.splice(at, 1)
      this.#forget(letter)
      const held = waiting === this.#letters ? this.#held.shift() : undefined
      if (held !== undefined) this.#letters.push(held)
      return true
    }
    return false
  }

  /** Says what came of a letter, to all who wait for it. */
  settle(letter: Letter, reply: TurnReply): void {
    this.#forget(letter)
    for (const listener of letter.listeners.splice(0)) listener(reply)
  }

  #forget(letter: Letter): void {
    const key = keyOf(letter)
    if (key !== undefined) this.#byCause.delete(key)
  }

  /** Empties it: says the same of everything that waits. */
  settleAll(reply: TurnReply): void {
    for (const letter of [...this.#letters.splice(0), ...this.#held.splice(0)]) this.settle(letter, reply)
  }
}

/** The cause that an invocation is known by, and so is taken once; `undefined`: it is known by something else, or by nothing. */
export function causeOf({ cause, lost, timer }: Invocation): Cause | undefined {
  return lost === undefined && timer === undefined ? (cause ?? undefined) : undefined
}

function keyOf(letter: Letter): string | undefined {
  const cause = causeOf(letter)
  return cause && causeKey(cause)
}
