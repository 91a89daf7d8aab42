// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/channels@0.1.0 **/
/**
 * Asks another actor for a channel, and names it.
 *
 * Like all that is said here it leaves as a `send` does, in its place among the sends, exactly once, and not at all
 * if the turn traps before. The answer comes as `handle-accept` or as `handle-close`.
 */
export declare function open(to: ActorId, msg: Message): Channel
/**
 * Takes a channel that the other end has asked for. It MAY be done in a later turn than that of `handle-open`.
 * The channel is open for this end from this call on. To refuse it, close it.
 */
export declare function accept(channel: Channel): void
/**
 * Takes a message for the other end. What one end says MUST reach the other in the order in which it was said.
 */
export declare function send(channel: Channel, msg: Message): void
/**
 * Closes a channel, or refuses one, or gives up one that was not accepted yet. `why` is none where all is well.
 *
 * What the other end has said and this end has not got MUST NOT come any more; the other end hears of the close
 * and so knows that it may not have.
 */
export declare function close(channel: Channel, why: Failure | undefined): void
/**
 * The channels of this actor that were not closed, ascending: those that wait to be accepted too.
 */
export declare function list(): Array<Channel>
import type { ActorId } from './theater-actor-types.ts'
export type { ActorId }
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
/**
 * The name of a channel. It MUST be another for each channel that there ever is. A name is never an authority:
 * only the two ends of a channel can use it.
 */
export type Channel = string
/**
 * Why no channel is being opened. Nothing was sent.
 */
export type OpenError =
  | OpenErrorDenied
  | OpenErrorUnknownActor
  | OpenErrorNotServed
  | OpenErrorTooLarge
  | OpenErrorOutboxFull
  | OpenErrorTooMany
/**
 * The grant does not cover this actor. Trying again is useless; ask whoever granted.
 */
export interface OpenErrorDenied {
  tag: 'denied'
}
/**
 * There is no actor of that name, or no end of the program. It MAY come later; the caller SHOULD NOT spin on it.
 */
export interface OpenErrorUnknownActor {
  tag: 'unknown-actor'
}
/**
 * The receiver does not export `channel-peer`, or this actor does not, or it is this actor. Fix the name.
 */
export interface OpenErrorNotServed {
  tag: 'not-served'
}
/**
 * The message is larger than the host takes. The payload is the limit in bytes. Send it in pieces, when the
 * channel is open.
 */
export interface OpenErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * Too many messages of this actor wait to be delivered. The payload is how many may wait. End the turn
 * and go on in a later one.
 */
export interface OpenErrorOutboxFull {
  tag: 'outbox-full'
  val: number
}
/**
 * One of the two has as many channels as it may. The payload is how many. Close another, or try again later.
 */
export interface OpenErrorTooMany {
  tag: 'too-many'
  val: number
}
/**
 * Why nothing was done with a channel. Nothing was sent.
 */
export type ChannelError = ChannelErrorNotOpen | ChannelErrorTooLarge | ChannelErrorOutboxFull
/**
 * It is not open: it was not accepted yet, it was closed, or it never was one of this actor. Wait for
 * `handle-accept`, or open another.
 */
export interface ChannelErrorNotOpen {
  tag: 'not-open'
}
/**
 * The message is larger than the host takes. The payload is the limit in bytes. Send it in pieces.
 */
export interface ChannelErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * Too many messages of this actor wait to be delivered. The payload is how many may wait. End the turn
 * and go on in a later one.
 */
export interface ChannelErrorOutboxFull {
  tag: 'outbox-full'
  val: number
}
