// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:supervisor/watcher@0.1.0 **/
/**
 * A child has ended. One turn.
 *
 * It comes once for each child, behind what the child had sent, and not where the parent is being stopped.
 */
export declare function childEnded(id: ActorId, how: Ended): void
import type { ActorId } from './theater-actor-types.ts'
export type { ActorId }
/**
 * How a child ended.
 */
export type Ended = EndedStopped | EndedTrapped | EndedInitFailed | EndedLimit
/**
 * It was stopped, by its parent or by the host, or it ended itself.
 */
export interface EndedStopped {
  tag: 'stopped'
}
/**
 * It trapped while it was made, and nobody waited for the answer of its `spawn` any more.
 */
export interface EndedTrapped {
  tag: 'trapped'
}
/**
 * Its `init` failed, and nobody waited for the answer of its `spawn` any more.
 */
export interface EndedInitFailed {
  tag: 'init-failed'
}
/**
 * It used up a limit of its life. The payload names the limit, for people. No limit of this version does
 * that; a host MAY have one.
 */
export interface EndedLimit {
  tag: 'limit'
  val: string
}
