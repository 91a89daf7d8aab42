// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/receiver@0.1.0 **/
/**
 * Handles one message. One turn.
 *
 * Nobody waits for the result. A failure is recorded and MAY be shown to an operator; the message is not
 * delivered again.
 */
export declare function handleSend(sender: Sender, msg: Message): void;
export type Sender = import('./theater-actor-types.ts').Sender;
export type Message = import('./theater-actor-types.ts').Message;
export type Failure = import('./theater-actor-types.ts').Failure;
