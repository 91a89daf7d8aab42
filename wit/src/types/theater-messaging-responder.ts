// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/responder@0.1.0 **/
/**
 * Handles one request. One turn; the reply leaves when the turn has committed.
 *
 * A failure reaches the requester as `failed`.
 */
export declare function handleRequest(sender: Sender, msg: Message): Message
import type { Sender } from './theater-actor-types.ts'
export type { Sender }
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
