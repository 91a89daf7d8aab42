// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:messaging/topics@0.1.0 **/
/**
 * Takes a message for every actor that is subscribed to the topic now, and gives their ids, ascending. There MAY be
 * none, and then nobody gets it, now or later.
 *
 * It leaves as a `send` does, once for all of them, and each of them gets it as if it had been sent to it alone: who
 * ends before it is a dead letter, who unsubscribes meanwhile gets it still. An actor gets what it publishes itself,
 * if it is subscribed.
 */
export declare function publish(topic: Topic, msg: Message): Array<ActorId>
/**
 * Has this actor get what is published under the topic from then on. Doing it again does nothing.
 *
 * It is in force when the turn has committed, or from just before the turn's next outside effect, in its place
 * among the sends: who is told of it by a later message can rely on it. A turn that traps before either changes
 * nothing. It MUST outlive every restart; it ends with the actor.
 */
export declare function subscribe(topic: Topic): void
/**
 * Ends a subscription, as `subscribe` begins it. Where there is none it does nothing. What was published before it is
 * in force MAY still come.
 */
export declare function unsubscribe(topic: Topic): void
/**
 * The subscriptions of this actor that are in force, ascending.
 */
export declare function subscriptions(): Array<Topic>
import type { ActorId } from './theater-actor-types.ts'
export type { ActorId }
import type { Message } from './theater-actor-types.ts'
export type { Message }
/**
 * The name of a topic: 1 to 128 characters of `a-z 0-9 . _ - : /`. It need not be made: it is there while somebody
 * names it.
 */
export type Topic = string
/**
 * Why a message was not published. Nothing was sent to anybody.
 */
export type PublishError =
  | PublishErrorDenied
  | PublishErrorBadTopic
  | PublishErrorTooLarge
  | PublishErrorOutboxFull
/**
 * The grant does not cover this topic. Trying again is useless; ask whoever granted.
 */
export interface PublishErrorDenied {
  tag: 'denied'
}
/**
 * Not the name of a topic. A bug of the caller.
 */
export interface PublishErrorBadTopic {
  tag: 'bad-topic'
}
/**
 * The message is larger than the host takes. The payload is the limit in bytes. Put the content into
 * a store and publish its hash.
 */
export interface PublishErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * With one message for each subscriber, too many of this actor would wait to be delivered. The payload is how
 * many may wait. End the turn and go on in a later one.
 */
export interface PublishErrorOutboxFull {
  tag: 'outbox-full'
  val: number
}
/**
 * Why a subscription is as it was.
 */
export type SubscribeError =
  | SubscribeErrorDenied
  | SubscribeErrorBadTopic
  | SubscribeErrorNotServed
  | SubscribeErrorTooMany
/**
 * The grant does not cover this topic. Trying again is useless; ask whoever granted.
 */
export interface SubscribeErrorDenied {
  tag: 'denied'
}
/**
 * Not the name of a topic. A bug of the caller.
 */
export interface SubscribeErrorBadTopic {
  tag: 'bad-topic'
}
/**
 * This actor does not export `subscriber`. A bug of the caller.
 */
export interface SubscribeErrorNotServed {
  tag: 'not-served'
}
/**
 * This actor has as many subscriptions as it may. The payload is how many. Unsubscribe from another.
 */
export interface SubscribeErrorTooMany {
  tag: 'too-many'
  val: number
}
