import type { TheaterMessagingChannelPeer } from '@theater/wit'
import type { MessagesOf, ReplyTo } from '../define.ts'
import type { Failure } from '../failure.ts'
import type { RequestFailure } from '../host-errors.ts'
import type { Body, Json } from '../json.ts'

declare const actorOf: unique symbol

/**
 * The id of an actor whose definition is known, so that messages to it are checked by the compiler. At run time
 * it is the id, a string, and it may be part of a message. Made by {@link ref}.
 */
export type ActorRef<A> = string & { readonly [actorOf]: A }

/**
 * Says which definition the actor of this id runs. Nothing is checked at run time.
 *
 * ```ts
 * import type reporter from './reporter.ts'
 *
 * const report = ref<typeof reporter>('reporter')
 * ctx.send(report, 'finding', { name: 'left-pad', licence: 'WTFPL' })
 * ```
 */
export function ref<A>(id: string): ActorRef<A> {
  return id as ActorRef<A>
}

/** The message types that can be sent to `To`: those of its definition, or any string where that is not known. */
export type TypeFor<To> = To extends ActorRef<infer A> ? keyof MessagesOf<A> & string : string

type BodyFor<A, K> = K extends keyof MessagesOf<A>
  ? MessagesOf<A>[K] extends { readonly body: infer Known }
    ? Known
    : never
  : never

/** The body that a message needs: one argument, one that may be left out, or none. */
export type BodyArguments<To, K, B> =
  To extends ActorRef<infer A>
    ? BodyFor<A, K> extends infer Known
      ? undefined extends Known
        ? [body?: Known]
        : [body: Known]
      : never
    : [body?: B & Body<B>]

/** The type of the reply, JSON or bytes where the definition is not known. */
export type ReplyFor<To, K> = To extends ActorRef<infer A> ? ReplyTo<A, K> : Json | Uint8Array

/** How a request is made. */
export interface RequestOptions {
  /**
   * Milliseconds until the request fails with `timeout`, counted from the call. The host may lower it.
   * @default 0, which asks for the host's own limit
   */
  readonly timeoutMs?: number
}

/**
 * A request on its way. Awaiting it waits for the reply; requests made before the first is awaited run side by
 * side. It belongs to the turn that made it.
 */
export interface PendingReply<T> extends PromiseLike<T>, Disposable {
  /** Gives up the reply. The receiver may still handle the request. Awaiting it afterwards rejects. */
  cancel(): void
}

/** `ctx.send`, `ctx.sendNow` and `ctx.request`: other actors, within the messaging grant. */
export interface Messaging {
  /**
   * Queues a message in the instance. It leaves when the handler has succeeded, and not at all when it throws.
   * So a request made after it overtakes it: where the order matters use `sendNow`.
   *
   * A send that the host then refuses makes the turn fail with `send-failed`: the state stays as it was, the
   * sends behind it do not leave, the ones before it have left.
   */
  send<To extends string, K extends TypeFor<To>, B>(to: To, type: K, ...body: BodyArguments<To, K, B>): void
  /** Sends a message at once. It leaves also if the handler throws later. Throws {@link SendError}. */
  sendNow<To extends string, K extends TypeFor<To>, B>(
    to: To,
    type: K,
    ...body: BodyArguments<To, K, B>
  ): void
  /** Starts a request and returns at once. Awaiting it rejects with {@link RequestError}. */
  request<To extends string, K extends TypeFor<To>, B = undefined>(
    to: To,
    type: K,
    body: BodyArguments<To, K, B>[0],
    options?: RequestOptions,
  ): PendingReply<ReplyFor<To, K>>
  /** Starts a request that has no body. */
  request<To extends string, K extends TypeFor<To>, B = undefined>(
    to: To,
    type: K,
    ...body: BodyArguments<To, K, B>
  ): PendingReply<ReplyFor<To, K>>
}

/** `ctx.publish` and what goes with it: topics, within the messaging grant. */
export interface Topics {
  /**
   * Queues a message for all who are subscribed to the topic when the handler has succeeded: JSON, or bytes. As with
   * `send`, it does not leave when the handler throws, and one that the host refuses makes the turn fail with `send-failed`.
   */
  publish<B>(topic: string, body: B & Body<B>): void
  /** Publishes at once, and gives the ids of those who get it. It leaves also if the handler throws later. Throws {@link TopicError}. */
  publishNow<B>(topic: string, body: B & Body<B>): string[]
  /** Queues the beginning of a subscription; what is published goes to `subscriptions` of the definition. */
  subscribe(topic: string): void
  /** Queues the end of one. */
  unsubscribe(topic: string): void
  /** What this actor is subscribed to. */
  subscribed(): string[]
}

/** What was published, as a handler in `subscriptions` hears it beside the body. */
export interface Published {
  readonly topic: string
}

/** One end of a channel. `Out` is what it is told. It is its name that is kept: `ctx.channel(id)` is the same channel in a later turn. */
export interface Channel<Out = Json | Uint8Array> {
  /** Its name. */
  readonly id: string
  /** The actor at the other end, or the end of the program around the actors: `@` and a name. */
  readonly peer: string
  /**
   * Queues a message for the other end, until the handler has succeeded. One that the host refuses makes the turn fail with
   * `send-failed`.
   */
  send(body: Out & Body<Out>): void
  /** Queues that it is accepted: for an `open` that has answered `'later'`. */
  accept(): void
  /** Queues that it is closed. @param why nothing where all is well */
  close(why?: Failure): void
}

/** `ctx.open` and what goes with it: channels, within the messaging grant. */
export interface Channels {
  /**
   * Asks an actor for a channel, at once. The answer comes to `accepted` or `closed` of the definition's `channels`. Where
   * the handler throws later, the channel is closed. What the other end is told later is typed by `channel`. Throws
   * {@link ChannelError}.
   */
  open<B = undefined>(to: string, body?: B & Body<B>): Channel
  /** The channel of a name. Nothing is asked: one that is not open says so when it is used. */
  channel<Out = Json | Uint8Array>(id: string): Channel<Out>
  /** The names of the channels that were not closed. */
  channels(): string[]
}

/** How a channel was closed: the case of `theater:messaging/channel-peer.closed`. */
export interface ChannelEnd {
  readonly how: TheaterMessagingChannelPeer.Closed['tag']
  /** Why, for `failed`. */
  readonly failure: RequestFailure | undefined
}
