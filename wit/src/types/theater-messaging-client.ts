// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/client@0.1.0 **/
/**
 * Takes a message for later delivery.
 *
 * Sends leave in the order in which they were made, when the turn has committed or just before its next
 * outside effect, whichever is first. A turn that traps before either leaves none. A result of ok says
 * that the message was taken, never that it was handled.
 */
export declare function send(to: ActorId, msg: Message): void
/**
 * Starts a request and returns at once, so two can run together.
 *
 * `timeout-ms` counts from this call. The host MAY lower it to its own limit; 0 asks for that limit.
 */
export declare function request(to: ActorId, msg: Message, timeoutMs: number): Pending
import type { ActorId } from './theater-actor-types.ts'
export type { ActorId }
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
/**
 * Why a message was not taken. Nothing was sent.
 */
export type SendError =
  | SendErrorDenied
  | SendErrorUnknownActor
  | SendErrorNotServed
  | SendErrorTooLarge
  | SendErrorOutboxFull
/**
 * The grant does not cover this actor. Trying again is useless; ask whoever granted.
 */
export interface SendErrorDenied {
  tag: 'denied'
}
/**
 * There is no actor of that name. It MAY be spawned later; the caller SHOULD NOT spin on it.
 */
export interface SendErrorUnknownActor {
  tag: 'unknown-actor'
}
/**
 * The receiver does not export `receiver`. Use `request`, or fix the name.
 */
export interface SendErrorNotServed {
  tag: 'not-served'
}
/**
 * The message is larger than the host takes. The payload is the limit in bytes. Put the content into
 * a store and send its hash.
 */
export interface SendErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * Too many messages of this actor wait to be delivered. The payload is how many may wait. End the turn
 * and go on in a later one.
 */
export interface SendErrorOutboxFull {
  tag: 'outbox-full'
  val: number
}
/**
 * Why there is no reply.
 */
export type RequestError =
  | RequestErrorDenied
  | RequestErrorUnknownActor
  | RequestErrorNotServed
  | RequestErrorTooLarge
  | RequestErrorMailboxFull
  | RequestErrorStopped
  | RequestErrorTimeout
  | RequestErrorDeadlock
  | RequestErrorTrapped
  | RequestErrorOutcomeUnknown
  | RequestErrorFailed
/**
 * The grant does not cover this actor. Nothing happened. Trying again is useless.
 */
export interface RequestErrorDenied {
  tag: 'denied'
}
/**
 * There is no actor of that name. Nothing happened.
 */
export interface RequestErrorUnknownActor {
  tag: 'unknown-actor'
}
/**
 * The receiver does not export `responder`. Nothing happened. Use `send`, or fix the name.
 */
export interface RequestErrorNotServed {
  tag: 'not-served'
}
/**
 * The message is larger than the host takes. The payload is the limit in bytes. Nothing happened. Put
 * the content into a store and send its hash.
 */
export interface RequestErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * The receiver's mailbox is full. Nothing happened. Try again in a later turn.
 */
export interface RequestErrorMailboxFull {
  tag: 'mailbox-full'
}
/**
 * The receiver was stopped before it began the request. Nothing happened.
 */
export interface RequestErrorStopped {
  tag: 'stopped'
}
/**
 * The time was up. The receiver MAY have handled the request, or may yet. Try again only what is safe
 * to do twice.
 */
export interface RequestErrorTimeout {
  tag: 'timeout'
}
/**
 * Waiting for this reply would close a circle of waiting actors. Nothing happened. Send instead, and
 * take the answer as a message.
 */
export interface RequestErrorDeadlock {
  tag: 'deadlock'
}
/**
 * The receiver trapped over this request and is as it was before it; effects it had made stay. The
 * same request SHOULD be expected to trap again.
 */
export interface RequestErrorTrapped {
  tag: 'trapped'
}
/**
 * The host stopped or crashed meanwhile and cannot tell whether the request was handled. Ask the
 * receiver, or try again what is safe to do twice.
 */
export interface RequestErrorOutcomeUnknown {
  tag: 'outcome-unknown'
}
/**
 * The receiver's own "no". What it means is in its contract.
 */
export interface RequestErrorFailed {
  tag: 'failed'
  val: Failure
}

export declare class Pending {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  /**
   * Waits for the reply and takes it.
   *
   * It MUST answer within the time given to `request`. All errors, also those found when the request was
   * made, come here.
   */
  static finish(p: Pending): Message
}
