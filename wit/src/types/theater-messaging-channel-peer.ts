// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/channel-peer@0.1.0 **/
/**
 * Another actor asks for a channel. Accept it, or close it, now or in a later turn. One turn.
 *
 * Where this fails, traps or is aborted, the channel is closed (`undelivered`).
 */
export declare function handleOpen(sender: Sender, channel: Channel, msg: Message): void
/**
 * The other end has accepted. One turn.
 */
export declare function handleAccept(sender: Sender, channel: Channel): void
/**
 * Handles one message. One turn.
 *
 * A failure is recorded and MAY be shown to an operator; the message is not delivered again, and the channel
 * stays open.
 */
export declare function handleMessage(sender: Sender, channel: Channel, msg: Message): void
/**
 * The channel is closed. One turn. It comes once for each channel that this end has not closed itself, behind all
 * that the other end had said.
 */
export declare function handleClose(sender: Sender, channel: Channel, how: Closed): void
import type { Sender } from './theater-actor-types.ts'
export type { Sender }
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
import type { Channel } from './theater-messaging-channels.ts'
export type { Channel }
/**
 * How a channel was closed.
 */
export type Closed = ClosedDone | ClosedFailed | ClosedStopped | ClosedUndelivered
/**
 * The other end closed it, and all is well.
 */
export interface ClosedDone {
  tag: 'done'
}
/**
 * The other end closed it, or refused it, and says why.
 */
export interface ClosedFailed {
  tag: 'failed'
  val: Failure
}
/**
 * The other end has ended: the actor, or the program whose end it was.
 */
export interface ClosedStopped {
  tag: 'stopped'
}
/**
 * The other end trapped over the opening, failed, or was aborted by its host, so that it knows of no channel.
 */
export interface ClosedUndelivered {
  tag: 'undelivered'
}
