import type { TimerStep } from '@theater/boundary'
import type { Cause } from '@theater/handler'
import type { Message, TimerInfo } from './options.ts'

/** The export that timers fire at, by its name within its track. */
export const FIRED = 'theater:timer/target@0.1#fired'

/** A timer that was set. */
export interface StandingTimer {
  readonly id: number
  /** When it is due next, in milliseconds since the epoch. */
  readonly due: number
  /** Milliseconds; `undefined` for one that fires once. */
  readonly interval: number | undefined
  readonly message: Message
  /** The event with which it left. */
  readonly cause: Cause
}

/** The timers that one actor has. What it says follows from the actor's record. */
export class Standing {
  readonly #timers = new Map<number, StandingTimer>()
  #bytes = 0

  /** How many there are. */
  get size(): number {
    return this.#timers.size
  }

  /** How many bytes their messages have. */
  get bytes(): number {
    return this.#bytes
  }

  /** By id ascending: they were set in that order. */
  get all(): IterableIterator<StandingTimer> {
    return this.#timers.values()
  }

  /** As they are seen from outside, by id ascending. @param actor who has them */
  infos(actor: string): readonly TimerInfo[] {
    return [...this.#timers.values()].map(({ id, due, interval }) => ({ actor, id, due, interval }))
  }

  get(id: number): StandingTimer | undefined {
    return this.#timers.get(id)
  }

  /** Knows a timer again as it stands. */
  restore(timer: StandingTimer): void {
    this.#put(timer)
  }

  /** What the actor itself said has left. */
  left(step: TimerStep, cause: Cause): void {
    if (step.kind === 'cancel') this.#remove(step.id)
    else this.#put({ ...step.timer, message: step.timer.message as Message, cause })
  }

  /** A turn begins in which it fires, for the time that it was due last. @returns the timer, where it is due again */
  fired(id: number, due: number): StandingTimer | undefined {
    const timer = this.#timers.get(id)
    if (timer?.interval === undefined) {
      this.#remove(id)
      return undefined
    }
    const next = { ...timer, due: due + timer.interval }
    this.#timers.set(id, next)
    return next
  }

  #put(timer: StandingTimer): void {
    this.#remove(timer.id)
    this.#timers.set(timer.id, timer)
    this.#bytes += bytesOf(timer.message)
  }

  #remove(id: number): void {
    const timer = this.#timers.get(id)
    if (timer === undefined) return
    this.#timers.delete(id)
    this.#bytes -= bytesOf(timer.message)
  }
}

/** How many bytes a message counts. */
export function bytesOf({ format, body }: Message): number {
  return Buffer.byteLength(format) + body.length
}
