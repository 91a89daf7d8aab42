import type { MessagesOf, ReplyTo } from './define.ts'
import type { TheaterHttpWebsocketHandler, TheaterMessagingChannelPeer } from '@theater/wit'
import type { Failure } from './failure.ts'
import type { RequestFailure } from './host-errors.ts'
import type { Body, Json } from './json.ts'

/**
 * What an actor can ask for in `uses`. Each stands for WIT imports, and an actor has only the imports of the
 * ones it names.
 *
 * | name | `ctx` gets | imports |
 * | --- | --- | --- |
 * | `self` | `id`, `parent` | `theater:actor/self` |
 * | `log` | `log`; `console` writes there too | `theater:actor/log` |
 * | `messaging` | `send`, `sendNow`, `request` | `theater:messaging/client` |
 * | `topics` | `publish`, `publishNow`, `subscribe`, `unsubscribe`, `subscribed` | `theater:messaging/topics` |
 * | `channels` | `open`, `channel`, `channels` | `theater:messaging/channels` |
 * | `websocket` | `socket`, `sockets` | `theater:http/websocket` |
 * | `store` | `store` | `theater:store/blobs`, `theater:store/labels`, `theater:store/transfers` |
 * | `fs` | `fs`, reading | `wasi:filesystem/preopens`, `wasi:filesystem/types` |
 * | `supervisor` | `spawn`, `stop`, `children`, `components` | `theater:supervisor/children` |
 * | `process` | `run` | `theater:process/programs` |
 * | `timer` | `timers` | `theater:timer/timers` |
 * | `http` | the global `fetch` | `wasi:http/outgoing-handler` |
 *
 * Time, chance and waiting need no name here and no grant: `Date`, `Math.random`, `crypto` and `setTimeout` work as they
 * stand.
 */
export type Capability =
  | 'self'
  | 'log'
  | 'messaging'
  | 'topics'
  | 'channels'
  | 'websocket'
  | 'store'
  | 'fs'
  | 'http'
  | 'supervisor'
  | 'process'
  | 'timer'

/** Structured fields of a log line. Values that are not strings are written as JSON. */
export type LogFields = { readonly [name: string]: Json | undefined }

/** `ctx.log`: lines for the people who run the actor. They are part of the chain: never log a secret. */
export interface Log {
  /** Each step, for whoever debugs this actor. */
  trace(message: string, fields?: LogFields): void
  /** Something a developer wants to see. */
  debug(message: string, fields?: LogFields): void
  /** Something an operator wants to see. */
  info(message: string, fields?: LogFields): void
  /** Something is wrong and the actor goes on. */
  warn(message: string, fields?: LogFields): void
  /** Something failed. */
  error(message: string, fields?: LogFields): void
}

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

/** A WebSocket connection. It is its name that is kept: `ctx.socket(id)` is the same connection in a later turn. */
export interface Socket {
  /** Its name. */
  readonly id: string
  /**
   * Queues a message for the client, until the handler has succeeded: text, or bytes. A connection that is closed by then drops it,
   * and one whose client is too slow to take it is closed, with the code 1013. One that is too large makes the turn fail with
   * `send-failed`.
   */
  send(data: string | Uint8Array): void
  /** Sends a message at once: it is not taken back where the handler throws later. Throws {@link SocketError}. */
  sendNow(data: string | Uint8Array): void
  /**
   * Queues that it is closed. Nothing is heard of it afterwards.
   *
   * @param code 1000, where all is well, or one from 3000 to 4999
   * @param reason at most 123 bytes
   */
  close(code?: number, reason?: string): void
}

/** `ctx.socket` and `ctx.sockets`: WebSocket connections, within the `websocket` of the http grant. */
export interface Sockets {
  /** The connection of a name. Nothing is asked: one that is not open says so when it is used. */
  socket(id: string): Socket
  /** The connections that are open. */
  sockets(): Socket[]
}

/** What a client asks for. All of it is the client's word, but for what the grant binds. */
export interface SocketRequest {
  /** `/chat?room=7`. */
  readonly path: string
  /** The host that was asked, with the port where it was said. */
  readonly authority: string
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The page that asks: one that the grant names. Undefined: no browser. */
  readonly origin: string | undefined
  /** Those that the client offers and the grant has, the one it likes best first. */
  readonly subprotocols: readonly string[]
}

/** How a connection ended: the case of `theater:http/websocket-handler.closed`. */
export interface SocketEnd {
  readonly how: TheaterHttpWebsocketHandler.Closed['tag']
  /** The code of the close frame, for `client` and `violated`. */
  readonly code: number | undefined
  /** What the client said, for `client`. */
  readonly reason: string
}

/** Where to read within a blob. */
export interface Range {
  /**
   * The first byte.
   * @default 0
   */
  readonly offset?: number
  /**
   * How many bytes; fewer come only at the end.
   * @default all that follow
   */
  readonly length?: number
}

/** What a blob can be made of, piece by piece. */
export type Pieces =
  | Iterable<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | ReadableStream<Uint8Array | string>

/**
 * A blob in the making. It may be kept from one message to the next, in a variable or in `state` of the instance: what was written is
 * there after a trap, a crash and a restart. One that is dropped before it is finished is given up. All throw {@link StoreError}.
 */
export interface BlobUpload extends Disposable {
  /** How many bytes were written. */
  readonly size: number
  /** Writes bytes, or a text as UTF-8, behind what is there. */
  write(data: Uint8Array | string): void
  /** Makes a blob of what was written and gives its hash. A second time it gives the same. */
  finish(): string
}

/** `ctx.store`: content under its hash, and labels for hashes. Hashes are hexadecimal text. All throw {@link StoreError}. */
export interface Store {
  /** Keeps bytes, or a text as UTF-8, and gives their hash. */
  put(data: Uint8Array | string): string
  /** Reads a blob, or part of it. */
  get(hash: string, range?: Range): Uint8Array
  /** Reads a blob as UTF-8 text. Throws a `TypeError` where it is none. */
  getText(hash: string): string
  /** How many bytes a blob has. */
  size(hash: string): number
  /**
   * Keeps what comes piece by piece, however much it is, and gives its hash. Where a piece fails to come, nothing is kept.
   *
   * ```ts
   * const hash = await ctx.store.putStream((await fetch(url)).body ?? [])
   * ```
   */
  putStream(pieces: Pieces): Promise<string>
  /** A blob, or part of it, piece by piece: each is read when it is asked for, and checked. */
  getStream(hash: string, range?: Range): ReadableStream<Uint8Array>
  /** Starts a blob that is made in several steps. */
  upload(): BlobUpload
  /** The hash that a label names, or null where there is no such label. */
  getLabel(name: string): string | null
  /**
   * Makes a label name `hash`, or removes it with null.
   *
   * With `expected` it fails with `conflict` unless the label is that (null: unless there is none). Without, the
   * label is read first, and a `conflict` means that somebody changed it between the two calls.
   */
  setLabel(name: string, hash: string | null, expected?: string | null): void
  /** The names of labels that begin with `prefix`, in order; all of them unless `limit` is given. */
  list(prefix?: string, options?: { readonly after?: string; readonly limit?: number }): string[]
}

/** What a child begins with. */
export interface ChildOptions {
  /** What its `init` gets: JSON, or bytes. @default nothing */
  readonly params?: unknown
  /**
   * Its authority, by handler, as a manifest has it. It must lie within this actor's own.
   * @default none
   */
  readonly grants?: { readonly [handler: string]: Json }
  /** What it may use at most; all of it comes out of what this actor may. */
  readonly limits?: {
    /** Fuel for one turn. @default as much as this actor's own turns */
    readonly fuelPerTurn?: number
    /** Bytes of memory. @default as much as this actor */
    readonly memoryBytes?: number
    /** Actors that it may make, and that these may make, at once. @default 0 */
    readonly descendants?: number
  }
}

/** How a child ended: the case of `theater:supervisor/watcher.ended`. */
export interface ChildEnd {
  /** The child's id. */
  readonly id: string
  /** How it ended. */
  readonly how: 'stopped' | 'trapped' | 'init-failed' | 'limit'
  /** Which limit it was, for people, where `how` is `limit`. */
  readonly limit: string | undefined
}

/** `ctx.spawn` and what goes with it: actors of this actor's own. All throw {@link SpawnError}. */
export interface Supervisor {
  /**
   * Makes an actor at once, and waits until its `init` has ended. It stays also where the handler throws later.
   *
   * @param component a component of the grant, by its name there, or `sha256:…`
   * @returns its id
   */
  spawn(component: string, options?: ChildOptions): string
  /** The same, with the definition of the child, so that messages to it are checked: `ctx.spawn<typeof worker>('worker')`. */
  spawn<A>(component: string, options?: ChildOptions): ActorRef<A>
  /** Ends a child for good, and all of its own before it. One that has ended already stays so. */
  stop(id: string): void
  /** The children that have not ended, in the order in which they were made. */
  children(): string[]
  /** The components that the grant gives names: `sha256:…` by name. For the `components` of a child's own grant. */
  components(): { readonly [name: string]: string }
}

/** A timer that was set. */
export interface Timer {
  /** Its name: it may be kept, and cancelled in a later turn. */
  readonly id: number
  /** When it is due next, in milliseconds since 1970. */
  readonly due: number
  /** Milliseconds from one time that it is due to the next, or null for one that fires once. */
  readonly interval: number | null
}

/** What has come due, as a handler in `timers` hears it beside the body. */
export interface Firing {
  /** The timer. */
  readonly id: number
  /** When it was due, in milliseconds since 1970: the last such time that has passed. */
  readonly due: number
  /** How often it was due before, since it last fired, and did not fire. */
  readonly missed: number
}

/**
 * `ctx.timers`: turns of this actor at a time, which stay across restarts; `setTimeout` waits within one turn. Both that set one throw
 * {@link TimerError}, and give it up where the handler throws later.
 */
export interface Timers {
  /**
   * Sets a timer that fires once.
   *
   * @param when milliseconds from now, or an instant; one that has passed is due as soon as may be
   * @param name which of the definition's `timers` hears it
   */
  once<B>(when: number | Date, name: string, body?: B & Body<B>): Timer
  /** Sets a timer that fires every so many milliseconds, the first time when so many have passed. */
  every<B>(ms: number, name: string, body?: B & Body<B>): Timer
  /** Queues that a timer is cancelled; one that is none any more stays so. */
  cancel(timer: Timer | number): void
  /** The timers that are still to fire, in the order in which they were set. */
  list(): Timer[]
}

/** What an entry of the file system is. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'other'

/** One entry of a directory. */
export interface DirEntry {
  /** The name within the directory. */
  readonly name: string
  /** What it is. */
  readonly kind: FileKind
}

/** What is known about a file without reading it. */
export interface FileStat {
  /** What it is. */
  readonly kind: FileKind
  /** Bytes. */
  readonly size: number
  /** When the content changed, in milliseconds since 1970, or null where the host does not say. */
  readonly modified: number | null
}

/**
 * `ctx.fs`: reading within the directories that were granted. A path begins with the name under which a directory
 * was granted (`/data/a.txt`). Whether links are followed is the host's decision. All throw {@link FsError}.
 */
export interface FileSystem {
  /** Reads a whole file. */
  readBytes(path: string): Uint8Array
  /** Reads a whole file as UTF-8 text. Throws a `TypeError` where it is none. */
  readText(path: string): string
  /** The entries of a directory, in the host's order, without `.` and `..`. */
  readDir(path: string): DirEntry[]
  /** What is known about a file. */
  stat(path: string): FileStat
  /** Whether there is something at the path. Throws where the host will not say. */
  exists(path: string): boolean
  /** The names under which directories were granted. */
  roots(): string[]
}

/** What a program of the host left. */
export interface ProgramOutput {
  /** What it ended with, or null where a signal of somebody else ended it. */
  readonly exitCode: number | null
  /** All that it wrote to its standard output. */
  readonly stdout: Uint8Array
  /** All that it wrote to its standard error. */
  readonly stderr: Uint8Array
  /** The standard output as UTF-8 text. Throws a `TypeError` where it is none. */
  text(): string
}

/** `ctx.run`: programs of the host, from the list of the grant. */
export interface Programs {
  /**
   * Runs a program and waits until it has ended. An exit code other than 0 is no error: it is what the program says. It is not
   * undone where the handler throws later. Throws {@link ProgramError}.
   *
   * @param program its name in the grant
   * @param args its arguments, as they are: no shell reads them
   * @param options its standard input; none by default
   */
  run(
    program: string,
    args?: readonly string[],
    options?: { readonly stdin?: string | Uint8Array },
  ): ProgramOutput
}

/** What each capability adds to `ctx`. */
export interface CapabilityContext {
  /** Who this actor is. */
  self: {
    /** This actor's id. */
    readonly id: string
    /** The id of the actor that spawned this one, or null when the host did. */
    readonly parent: string | null
  }
  /** Lines for people. */
  log: { readonly log: Log }
  /** Other actors. */
  messaging: Messaging
  /** What is published. */
  topics: Topics
  /** Conversations with other actors. */
  channels: Channels
  /** WebSocket connections. */
  websocket: Sockets
  /** Content that outlives a turn. */
  store: { readonly store: Store }
  /** Files. */
  fs: { readonly fs: FileSystem }
  /** Actors of its own. */
  supervisor: Supervisor
  /** Programs of the host. */
  process: Programs
  /** Turns at a time. */
  timer: { readonly timers: Timers }
  /** The global `fetch`; `object`, because `unknown` in a union would take all else away. */
  http: object
}
