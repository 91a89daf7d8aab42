// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:timer/target@0.1.0 **/
/**
 * A timer fires. One turn, with no sender. Its cause is the event with which the timer left.
 *
 * The turn MUST NOT begin before `due` by the actor's clock, and MAY begin any time after. Each time that a timer is due
 * MUST be in the chain at most once, as the `due` of a firing or among its `missed`; a timer that is not cancelled MUST fire while its
 * actor lives and the host runs. Those of one actor fire in the order of the times that they came due at, the first such time where
 * some were missed, and those that came due at one time by their ids, unless the clock of the host is set meanwhile.
 *
 * A failure is recorded and MAY be shown to an operator. Whether this fails, traps or is aborted: it does not fire
 * again for that time.
 */
export declare function fired(firing: Firing, msg: Message): void
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
import type { TimerId } from './theater-timer-timers.ts'
export type { TimerId }
/**
 * What has come due.
 */
export interface Firing {
  id: TimerId
  /**
   * When it was due, in milliseconds since 1970-01-01T00:00:00Z: the last such time that has passed.
   */
  due: bigint
  /**
   * How many times it was due before, since it last fired, and did not fire: the host was down, or the actor busy. 0 for a timer that
   * fires once.
   */
  missed: bigint
}
