// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:actor/migration@0.1.0 **/
/**
 * The whole state, as a message that another version of the component can read.
 *
 * It MUST NOT change the state, and two calls with no turn between them MUST give equal messages.
 */
export declare function save(): Message
/**
 * Takes over a state that `save` of this or of an earlier version gave.
 *
 * The host calls it on a fresh instance, in place of `lifecycle.init`. On success the state MUST be the
 * one given; on a failure it MUST be as if the call had not been made. After a failure the host SHOULD
 * keep the old component running.
 */
export declare function load(state: Message): void
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
