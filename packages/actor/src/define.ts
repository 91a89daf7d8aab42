import type {
  Capability,
  CapabilityContext,
  Channel,
  ChannelEnd,
  ChildEnd,
  Firing,
  Published,
  Socket,
  SocketEnd,
  SocketRequest,
} from './capabilities.ts'
import type { Body, Json, JsonSafe } from './json.ts'
import type { Infer, InferInput, StandardSchema } from './schema.ts'

type All<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void ? I : never

/** What a handler is given: the state, the sender, and what each capability in `uses` adds. */
export type Context<S, U extends Capability = never> = {
  /**
   * A draft of the state: a copy, made when it is first read in a turn. Change it or replace it; it becomes the
   * state when the handler succeeds.
   */
  state: S
  /** The id of the actor that caused this turn, or null when the host did. The host vouches for it. */
  readonly sender: string | null
} & ([U] extends [never] ? unknown : All<CapabilityContext[U]>)

/** Schemas for the bodies of messages, by message type. */
export type Schemas = { readonly [type: string]: StandardSchema }

/** The handlers of an actor, by message type. The body of one that has a schema is what the schema gives. */
export type Handlers<C, A extends Schemas> = { readonly [type: string]: (ctx: C, body: never) => unknown } & {
  readonly [K in keyof A]: (ctx: C, body: Infer<A[K]>) => unknown
}

/** Stands in a compiler's message where a body or a reply does not survive its encoding; `Why` says where. */
export interface Unsound<What extends string, Why> {
  /** What, and where in it. */
  readonly unsound: readonly [What, Why]
}

/** Nothing to say about each handler whose body and reply survive their encoding; {@link Unsound} otherwise. */
export type Sound<M, A> = {
  readonly [K in keyof M]: M[K] extends (ctx: never, body: infer B) => infer R
    ? BodyOf<K, B, A> extends Body<BodyOf<K, B, A>>
      ? Awaited<R> extends Body<Awaited<R>>
        ? unknown
        : Unsound<'the reply', Body<Awaited<R>>>
      : Unsound<'the body', Body<BodyOf<K, B, A>>>
    : unknown
}

/** What a sender may give: what the schema takes, or what the handler asks for, or nothing. */
type BodyOf<K, B, A> = K extends keyof A ? InferInput<A[K]> : unknown extends B ? undefined : B

/** What happens to channels. */
export interface ChannelHandlers<C> {
  /**
   * Another actor asks for a channel. It is accepted when this returns, and refused where it throws a `Failure`, which the
   * other end hears. `'later'` leaves it to a later turn to do either.
   * @default every channel is refused, with the failure `no-channels`
   */
  readonly open?: (ctx: C, channel: Channel, body: never) => 'later' | void | Promise<'later' | void>
  /** The other end has accepted a channel that this actor had asked for. */
  readonly accepted?: (ctx: C, channel: Channel) => void | Promise<void>
  /** A message of the other end. What throws is a dead letter; the channel stays open. */
  readonly message?: (ctx: C, channel: Channel, body: never) => void | Promise<void>
  /** The other end has closed it, or ended. */
  readonly closed?: (ctx: C, channel: Channel, end: ChannelEnd) => void | Promise<void>
}

/** What happens to WebSocket connections. */
export interface SocketHandlers<C> {
  /**
   * A client asks for a connection. It is accepted when this returns, with the subprotocol that it returns, if any; what is sent in
   * this turn is the first that it gets. Where it throws the client is refused: a `Failure` says why, with the status that is its code
   * (`'401'`), or 403; all else is a 500 that says nothing.
   * @default every connection that the grant allows is accepted
   */
  readonly open?: (ctx: C, socket: Socket, request: SocketRequest) => string | void | Promise<string | void>
  /** A message of the client: text, or bytes. What throws leaves the state as it was, and the connection open. */
  readonly message?: (ctx: C, socket: Socket, data: string | Uint8Array) => void | Promise<void>
  /** It is closed, and not by this actor. It comes also after a restart of the host, which no connection outlives. */
  readonly close?: (ctx: C, socket: Socket, end: SocketEnd) => void | Promise<void>
}

/** What `defineActor` is given. */
export interface Definition<S, U extends Capability, A, P, M> {
  /**
   * The capabilities, written out as string literals: `theater build` reads them from the source, and so does
   * whoever reviews it.
   * @default []
   */
  readonly uses?: readonly U[]
  /**
   * The state of a new actor. It lives in the instance's memory; its type must survive JSON. An actor with a state
   * exports `theater:actor/migration`.
   */
  readonly state?: S & JsonSafe<S>
  /**
   * Makes the state of this version from one that an earlier version saved.
   * @default the saved state as it is
   */
  readonly load?: (saved: Json) => S
  /**
   * A schema for the parameters. Ones that do not fit are answered with the failure `bad-message`.
   * @default anything; the type that `init` asks for is then a claim that nothing checks
   */
  readonly params?: StandardSchema<unknown, P>
  /**
   * Prepares a new actor from the parameters it was spawned with: JSON, bytes, or undefined where there are none.
   * Runs once in its life. A throw stops the actor. An actor with it exports `theater:actor/lifecycle`.
   */
  readonly init?: (ctx: Context<S, U>, params: P) => void | Promise<void>
  /**
   * Schemas for the bodies of messages: those of `t`, or any by the Standard Schema interface. A body that does not
   * fit is answered with the failure `bad-message`, and the handler does not run.
   * @default none; the type that a handler asks for is then a claim about its senders that nothing checks
   */
  readonly accepts?: A
  /**
   * The handlers, by message type. A handler may be asynchronous; the turn ends when its promise settles. What
   * it returns is the reply to a request, and is dropped where the message was sent. An actor with handlers exports
   * `theater:messaging/receiver` and `responder`.
   */
  readonly messages?: M
  /**
   * Hears what is published, by topic; `'*'` hears the topics that are not named. A new actor subscribes to those that are, in
   * its `init`, and so it needs `topics` in `uses`. State and sends hold as for messages; nobody waits for an answer, and what
   * throws is a dead letter. An actor with it exports `theater:messaging/subscriber` and `theater:actor/lifecycle`.
   */
  readonly subscriptions?: {
    readonly [topic: string]: (ctx: Context<S, U>, body: never, published: Published) => unknown
  }
  /**
   * The end of channels that are opened to this actor, or by it; it needs `channels` in `uses`. State and sends hold as for
   * messages. An actor with it exports `theater:messaging/channel-peer`.
   */
  readonly channels?: ChannelHandlers<Context<S, U>>
  /**
   * WebSocket connections that clients open to this actor; it needs `websocket` in `uses`. State and sends hold as for messages. An
   * actor with it exports `theater:http/websocket-handler`.
   */
  readonly websocket?: SocketHandlers<Context<S, U>>
  /**
   * Hears of the end of a child. State and sends hold as for messages; nobody waits for an answer, so what it throws goes to
   * the log. An actor with it exports `theater:supervisor/watcher`.
   */
  readonly onChildEnded?: (ctx: Context<S, U>, child: ChildEnd) => void | Promise<void>
  /**
   * Hears timers that this actor has set with `ctx.timers`, by the name that they were set with; it needs `timer` in `uses`. State and
   * sends hold as for messages; nobody waits for an answer, and the host's log has a line of what throws. An actor with it exports `theater:timer/target`.
   */
  readonly timers?: {
    readonly [name: string]: (ctx: Context<S, U>, body: never, firing: Firing) => unknown
  }
  /**
   * Answers HTTP requests. State and sends hold as for messages: they apply when the whole body of the response is
   * written. What it throws becomes a 500 that says nothing of it. An actor with it exports `theater:http/request-handler`, and
   * `wasi:http/incoming-handler` for what is long or streams.
   */
  readonly fetch?: (ctx: Context<S, U>, request: Request) => Response | Promise<Response>
}

declare const messagesOf: unique symbol

/** An actor, as `defineActor` gives it. What it holds is the kit's business. */
export interface Actor<Messages = unknown> {
  /** The definition, for the kit. */
  readonly definition: object
  /** Never there at run time. */
  readonly [messagesOf]: Messages
}

/** The messages of an actor: for each type its body and its reply. */
export type MessagesOf<A> = A extends Actor<infer Messages> ? Messages : never

/** The type of the reply to a message. A handler that returns nothing replies null. */
export type ReplyTo<A, K> = K extends keyof MessagesOf<A>
  ? MessagesOf<A>[K] extends { readonly reply: infer R }
    ? R
    : never
  : never

/** Bodies and replies, from handlers and schemas. */
export type Signatures<M, A> = {
  readonly [K in keyof M]: M[K] extends (ctx: never, body: infer B) => infer R
    ? { readonly body: BodyOf<K, B, A>; readonly reply: Reply<Awaited<R>> }
    : never
}

type Reply<R> = R extends undefined | void ? null : R

/**
 * Defines an actor. It must be the default export of the entry file, with its definition written out as an object
 * literal, because `theater build` derives the world from it without running the code.
 *
 * ```ts
 * import { defineActor, Failure, t } from '@theater/actor'
 *
 * export default defineActor({
 *   uses: ['log'],
 *   state: { count: 0 },
 *   accepts: { add: t.object({ by: t.integer() }) },
 *   messages: {
 *     add({ state, log }, { by }) {
 *       if (by < 0) throw new Failure('negative', 'this counter only counts up')
 *       state.count += by
 *       log.info('added', { by, count: state.count })
 *       return state.count
 *     },
 *     get: ({ state }) => state.count,
 *   },
 * })
 * ```
 */
export function defineActor<
  S = undefined,
  const U extends Capability = never,
  A extends Schemas = Record<never, never>,
  P = undefined,
  M = Record<never, never>,
>(
  definition: Definition<S, U, A, P, M & Handlers<Context<S, U>, NoInfer<A>>> & {
    readonly messages?: Sound<M, NoInfer<A>>
  },
): Actor<Signatures<M, A>> {
  // The signatures exist only in the type.
  return { definition } as unknown as Actor<Signatures<M, A>>
}
