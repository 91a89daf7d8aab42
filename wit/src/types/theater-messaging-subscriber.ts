// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/subscriber@0.1.0 **/
/**
 * Handles one message. One turn.
 *
 * Nobody waits for the result. A failure is recorded and MAY be shown to an operator; the message is not
 * delivered again.
 */
export declare function handlePublish(sender: Sender, topic: Topic, msg: Message): void
import type { Sender } from './theater-actor-types.ts'
export type { Sender }
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
import type { Topic } from './theater-messaging-topics.ts'
export type { Topic }
