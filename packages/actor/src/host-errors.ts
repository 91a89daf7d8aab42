import type {
  TheaterHttpWebsocket,
  TheaterMessagingChannels,
  TheaterMessagingClient,
  TheaterMessagingTopics,
  TheaterProcessPrograms,
  TheaterStoreBlobs,
  TheaterStoreLabels,
  TheaterStoreTransfers,
  TheaterSupervisorChildren,
  TheaterTimerTimers,
  WasiFilesystemTypes,
  WasiHttpTypes,
} from '@theater/wit'
import type { Json } from './json.ts'
import { branded } from './failure.ts'

/** What the errors of the host have in common: a code, and a class that is known across copies of this package. */
abstract class HostError<Code extends string> extends Error {
  /** The WIT case. */
  readonly code: Code
  /** That of the class. */
  readonly brand: string

  protected constructor(brand: string, message: string, code: Code) {
    super(message)
    this.brand = brand
    this.code = code
  }

  /** Whether a caught value is one of this class. */
  static is<T>(this: { readonly prototype: T; readonly brand: string }, value: unknown): value is T {
    return branded(value, this.brand)
  }
}

/** The host's limit, of a case that has one. */
function limitOf(error: { readonly tag: string; readonly val?: unknown }): number | undefined {
  return error.val === undefined ? undefined : Number(error.val)
}

/** Why a message was not taken: the case of `theater:messaging/client.send-error`, which says what to do. */
export class SendError extends HostError<TheaterMessagingClient.SendError['tag']> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/SendError'
  override readonly name = 'SendError'
  /** The actor it was for. */
  readonly to: string
  /** The host's limit, for `too-large` (bytes) and `outbox-full` (messages). */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(to: string, error: TheaterMessagingClient.SendError) {
    super(SendError.brand, `the send to ${to} was refused: ${error.tag}`, error.tag)
    this.to = to
    this.limit = limitOf(error)
  }
}

/** Why nothing was published, or a subscription is as it was: the case of `theater:messaging/topics`, which says what to do. */
export class TopicError extends HostError<
  (TheaterMessagingTopics.PublishError | TheaterMessagingTopics.SubscribeError)['tag']
> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/TopicError'
  override readonly name = 'TopicError'
  /** The topic that it was about. */
  readonly topic: string
  /** The host's limit, for `too-large` (bytes), `outbox-full` (messages) and `too-many` (subscriptions). */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(
    topic: string,
    error: TheaterMessagingTopics.PublishError | TheaterMessagingTopics.SubscribeError,
  ) {
    super(TopicError.brand, `the topic ${topic} was refused: ${error.tag}`, error.tag)
    this.topic = topic
    this.limit = limitOf(error)
  }
}

/** Why nothing was done with a channel: the case of `theater:messaging/channels`, which says what to do. */
export class ChannelError extends HostError<
  (TheaterMessagingChannels.OpenError | TheaterMessagingChannels.ChannelError)['tag']
> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/ChannelError'
  override readonly name = 'ChannelError'
  /** The channel, or the actor that was to be asked for one. */
  readonly channel: string
  /** The host's limit, for `too-large` (bytes), `outbox-full` (messages) and `too-many` (channels). */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(
    channel: string,
    error: TheaterMessagingChannels.OpenError | TheaterMessagingChannels.ChannelError,
  ) {
    super(ChannelError.brand, `the channel ${channel} was refused: ${error.tag}`, error.tag)
    this.channel = channel
    this.limit = limitOf(error)
  }
}

/** Why nothing was done with a WebSocket connection: the case of `theater:http/websocket`, which says what to do. */
export class SocketError extends HostError<
  TheaterHttpWebsocket.SendError['tag'] | TheaterHttpWebsocket.CloseError
> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/SocketError'
  override readonly name = 'SocketError'
  /** The connection. */
  readonly socket: string
  /** The host's limit, for `too-large` and `full` (bytes). */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(socket: string, error: TheaterHttpWebsocket.SendError | TheaterHttpWebsocket.CloseError) {
    const code = typeof error === 'string' ? error : error.tag
    super(SocketError.brand, `the connection ${socket} was refused: ${code}`, code)
    this.socket = socket
    this.limit = typeof error !== 'string' && 'val' in error ? Number(error.val) : undefined
  }
}

/** The other actor's own "no", as whoever asked sees it. */
export interface RequestFailure {
  /** What went wrong, for programs. */
  readonly code: string
  /** What went wrong, for people. */
  readonly message: string
  /** More about it, where the receiver gave any as JSON. */
  readonly detail?: Json
}

/**
 * Why there is no reply: the case of `theater:messaging/client.request-error`, which says what to do, or
 * `bad-reply` for a reply that is neither JSON nor bytes.
 */
export class RequestError extends HostError<TheaterMessagingClient.RequestError['tag'] | 'bad-reply'> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/RequestError'
  override readonly name = 'RequestError'
  /** The actor that was asked. */
  readonly to: string
  /** What the receiver said, for `failed`. */
  readonly failure: RequestFailure | undefined
  /** The host's limit in bytes, for `too-large`. */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(
    to: string,
    code: RequestError['code'],
    more: { failure?: RequestFailure; limit?: number } = {},
  ) {
    const said = more.failure === undefined ? '' : ` with ${more.failure.code}: ${more.failure.message}`
    super(RequestError.brand, `the request to ${to} got no reply: ${code}${said}`, code)
    this.to = to
    this.failure = more.failure
    this.limit = more.limit
  }
}

/** Why the store did nothing: the case of `theater:store/blobs.error`, `labels.error` or `transfers.error`. */
export class StoreError extends HostError<
  TheaterStoreBlobs.Error['tag'] | TheaterStoreLabels.Error['tag'] | TheaterStoreTransfers.Error['tag']
> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/StoreError'
  override readonly name = 'StoreError'
  /** What the label is now, for `conflict`: a hash, or null where there is no such label. */
  readonly current: string | null | undefined
  /** The host's limit: bytes for `too-large`, bytes or labels for `quota`, uploads for `too-many`; for `bad-offset` where the upload ends. */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(
    doing: string,
    code: StoreError['code'],
    more: { current?: string | null; limit?: number } = {},
  ) {
    super(StoreError.brand, `${doing}: ${code}`, code)
    this.current = more.current
    this.limit = more.limit
  }
}

/** Why there is no child, or why it was not stopped: the case of `theater:supervisor/children.spawn-error`, which says what to do. */
export class SpawnError extends HostError<TheaterSupervisorChildren.SpawnError['tag']> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/SpawnError'
  override readonly name = 'SpawnError'
  /** Why, for people, where the case says so. */
  readonly reason: string | undefined
  /** What the child's `init` answered, for `init`. */
  readonly failure: RequestFailure | undefined

  /** Made by the kit. */
  constructor(
    message: string,
    code: SpawnError['code'],
    more: { readonly reason?: string | undefined; readonly failure?: RequestFailure } = {},
  ) {
    super(SpawnError.brand, message, code)
    this.reason = more.reason
    this.failure = more.failure
  }
}

/** Why a program of the host left no output: the case of `theater:process/programs.error`, which says whether it ran and what to do. */
export class ProgramError extends HostError<TheaterProcessPrograms.Error['tag']> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/ProgramError'
  override readonly name = 'ProgramError'
  /** The program, as the actor named it. */
  readonly program: string
  /** The host's limit: bytes for `too-large` and `output-too-large`, milliseconds for `timeout`. */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(program: string, error: TheaterProcessPrograms.Error) {
    super(ProgramError.brand, `${program}: ${error.tag}`, error.tag)
    this.program = program
    this.limit = limitOf(error)
  }
}

/** Why no timer was set: the case of `theater:timer/timers.error`, which says what to do. */
export class TimerError extends HostError<TheaterTimerTimers.Error['tag']> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/TimerError'
  override readonly name = 'TimerError'
  /** What it was to fire. */
  readonly timer: string
  /** The limit: timers for `too-many`, milliseconds for `too-short` and `too-long`, bytes that are left for `too-large`. */
  readonly limit: number | undefined

  /** Made by the kit. */
  constructor(timer: string, error: TheaterTimerTimers.Error) {
    super(TimerError.brand, `the timer ${timer} was refused: ${error.tag}`, error.tag)
    this.timer = timer
    this.limit = limitOf(error)
  }
}

/** Why the file system did nothing: the case of `wasi:filesystem/types.error-code`; a path that no granted directory holds is `no-entry`. */
export class FsError extends HostError<WasiFilesystemTypes.ErrorCode> {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/FsError'
  override readonly name = 'FsError'
  /** The path as the actor gave it. */
  readonly path: string

  /** Made by the kit. */
  constructor(path: string, code: WasiFilesystemTypes.ErrorCode) {
    super(FsError.brand, `${path}: ${code}`, code)
    this.path = path
  }
}

/**
 * Why a `fetch` came to nothing: the case of `wasi:http/types.error-code`. `HTTP-request-denied` is a request that the grant
 * does not have; it never left. A `TypeError`, as everywhere on the web.
 */
export class FetchError extends TypeError {
  /** Marks the class across copies of this package. */
  static readonly brand = '@theater/actor/FetchError'
  override readonly name = 'FetchError'
  /** The WIT case. */
  readonly code: WasiHttpTypes.ErrorCode['tag']
  /** That of the class. */
  readonly brand: string = FetchError.brand

  /** Made by the kit. */
  constructor(what: string, code: FetchError['code']) {
    super(`${what}: ${code}${code === 'HTTP-request-denied' ? ', the grant of http does not have it' : ''}`)
    this.code = code
  }

  /** Whether a caught value is a `FetchError`. */
  static is(value: unknown): value is FetchError {
    return branded(value, FetchError.brand)
  }
}
