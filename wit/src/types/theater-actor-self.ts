// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:actor/self@0.1.0 **/
/**
 * This actor's own id. The same for its whole life.
 */
export declare function id(): ActorId
/**
 * The actor that spawned this one; none when the host did. The same for its whole life.
 */
export declare function parent(): ActorId | undefined
import type { ActorId } from './theater-actor-types.ts'
export type { ActorId }
