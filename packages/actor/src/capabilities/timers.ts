import type { Body } from '../json.ts'

/** A timer that was set. */
export interface Timer {
  /** Its name: it may be kept, and cancelled in a later turn. */
  readonly id: number
  /** When it is due next, in milliseconds since 1970. */
  readonly due: number
  /** Milliseconds from one time that it is due to the next, or null for one that fires once. */
  readonly interval: number | null
}

/** What has come due, as a handler in `timers` hears it beside the body. */
export interface Firing {
  /** The timer. */
  readonly id: number
  /** When it was due, in milliseconds since 1970: the last such time that has passed. */
  readonly due: number
  /** How often it was due before, since it last fired, and did not fire. */
  readonly missed: number
}

/**
 * `ctx.timers`: turns of this actor at a time, which stay across restarts; `setTimeout` waits within one turn. Both that set one throw
 * {@link TimerError}, and give it up where the handler throws later.
 */
export interface Timers {
  /**
   * Sets a timer that fires once.
   *
   * @param when milliseconds from now, or an instant; one that has passed is due as soon as may be
   * @param name which of the definition's `timers` hears it
   */
  once<B>(when: number | Date, name: string, body?: B & Body<B>): Timer
  /** Sets a timer that fires every so many milliseconds, the first time when so many have passed. */
  every<B>(ms: number, name: string, body?: B & Body<B>): Timer
  /** Queues that a timer is cancelled; one that is none any more stays so. */
  cancel(timer: Timer | number): void
  /** The timers that are still to fire, in the order in which they were set. */
  list(): Timer[]
}
