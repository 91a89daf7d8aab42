// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:timer/timers@0.1.0 **/
/**
 * Sets a timer that fires once. `msg` is what `target.fired` is given.
 *
 * It MUST NOT be due earlier than was asked, and MAY be due later where the actor may not have it so near; `timer.due` says
 * when. As a message does, it leaves with the turn: one that traps, or is aborted, sets none, but for what left before an outside
 * effect of that turn.
 */
export declare function once(when: When, msg: Message): Timer
/**
 * Sets a timer that fires again and again: first `interval` milliseconds after the call, and from then on whenever
 * another `interval` has passed since the time that it was due. It leaves with the turn, as that of `once` does.
 */
export declare function every(interval: bigint, msg: Message): Timer
/**
 * Cancels a timer. It leaves with the turn. From then on it MUST NOT fire, also where it was due already.
 */
export declare function cancel(id: TimerId): void
/**
 * The timers of this actor that were set, but for those that fired and are not due again, and those that were cancelled; by id
 * ascending. What the turn itself has set and cancelled counts.
 */
export declare function list(): Array<Timer>
import type { Message } from './theater-actor-types.ts'
export type { Message }
/**
 * Names a timer. No two timers of an actor ever have the same, and a later one has a larger one.
 */
export type TimerId = bigint
/**
 * When a timer is due.
 */
export type When = WhenAfter | WhenAt
/**
 * So many milliseconds after the call, by the actor's own clock.
 */
export interface WhenAfter {
  tag: 'after'
  val: bigint
}
/**
 * At this instant, in milliseconds since 1970-01-01T00:00:00Z. One that has passed is due at once.
 */
export interface WhenAt {
  tag: 'at'
  val: bigint
}
/**
 * A timer that was set.
 */
export interface Timer {
  id: TimerId
  /**
   * When it is due next, in milliseconds since 1970-01-01T00:00:00Z.
   */
  due: bigint
  /**
   * Milliseconds from one time that it is due to the next. None: it fires once.
   */
  interval?: bigint | undefined
}
/**
 * Why no timer was set. Nothing happened.
 */
export type Error = ErrorNotServed | ErrorTooMany | ErrorTooShort | ErrorTooLong | ErrorTooLarge
/**
 * The actor does not export `target`. A bug of the caller.
 */
export interface ErrorNotServed {
  tag: 'not-served'
}
/**
 * The actor has as many timers as it may. The payload is how many that is. Cancel one.
 */
export interface ErrorTooMany {
  tag: 'too-many'
  val: number
}
/**
 * The interval is shorter than the actor may have it, or 0. The payload is the shortest, in milliseconds.
 */
export interface ErrorTooShort {
  tag: 'too-short'
  val: bigint
}
/**
 * The timer is due later than the actor may have it. The payload is how many milliseconds from now it may be at most.
 */
export interface ErrorTooLong {
  tag: 'too-long'
  val: bigint
}
/**
 * The messages of all the timers that the actor has take more room than they may. The payload is what is left, in bytes.
 */
export interface ErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * Why no timer was cancelled. Nothing happened.
 * # Variants
 *
 * ## `"not-set"`
 *
 * There is no such timer, or none any more: it has fired, or was cancelled. Nothing is left to do.
 */
export type CancelError = 'not-set'
