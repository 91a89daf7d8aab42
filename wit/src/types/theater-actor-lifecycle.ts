// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:actor/lifecycle@0.1.0 **/
/**
 * Prepares a new actor.
 *
 * The host MUST call it once in the life of an actor, before any other turn, and MUST NOT call it again
 * after a crash, a restart or a rebuild: those re-run the recorded call. `params` is what the spawner
 * gave, or a message with an empty body where it gave none.
 *
 * On a failure the host MUST stop the actor, and the spawner gets the failure. The spawner SHOULD
 * correct the parameters; spawning again with the same ones fails in the same way.
 */
export declare function init(params: Message): void
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
