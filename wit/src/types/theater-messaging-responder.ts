// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/responder@0.1.0 **/
/**
 * Handles one request. One turn; the reply leaves when the turn has committed.
 *
 * A failure reaches the requester as `failed`.
 */
export declare function handleRequest(sender: Sender, msg: Message): Message;
export type Sender = import('./theater-actor-types.ts').Sender;
export type Message = import('./theater-actor-types.ts').Message;
export type Failure = import('./theater-actor-types.ts').Failure;
