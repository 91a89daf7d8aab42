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

const sendBrand = '@theater/actor/SendError'
const topicBrand = '@theater/actor/TopicError'
const channelBrand = '@theater/actor/ChannelError'
const socketBrand = '@theater/actor/SocketError'
const requestBrand = '@theater/actor/RequestError'
const storeBrand = '@theater/actor/StoreError'
const spawnBrand = '@theater/actor/SpawnError'
const programBrand = '@theater/actor/ProgramError'
const timerBrand = '@theater/actor/TimerError'
const fsBrand = '@theater/actor/FsError'
const fetchBrand = '@theater/actor/FetchError'

/** Why a message was not taken: the case of `theater:messaging/client.send-error`, which says what to do. */
export class SendError extends Error {
  override readonly name = 'SendError'
  /** The WIT case. */
  readonly code: TheaterMessagingClient.SendError['tag']
  /** The actor it was for. */
  readonly to: string
  /** The host's limit, for `too-large` (bytes) and `outbox-full` (messages). */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = sendBrand

  /** Made by the kit. */
  constructor(to: string, error: TheaterMessagingClient.SendError) {
    super(`the send to ${to} was refused: ${error.tag}`)
    this.code = error.tag
    this.to = to
    this.limit = 'val' in error ? Number(error.val) : undefined
  }

  /** Whether a caught value is a `SendError`. */
  static is(value: unknown): value is SendError {
    return branded(value, sendBrand)
  }
}

/** Why nothing was published, or a subscription is as it was: the case of `theater:messaging/topics`, which says what to do. */
export class TopicError extends Error {
  override readonly name = 'TopicError'
  /** The WIT case. */
  readonly code: (TheaterMessagingTopics.PublishError | TheaterMessagingTopics.SubscribeError)['tag']
  /** The topic that it was about. */
  readonly topic: string
  /** The host's limit, for `too-large` (bytes), `outbox-full` (messages) and `too-many` (subscriptions). */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = topicBrand

  /** Made by the kit. */
  constructor(
    topic: string,
    error: TheaterMessagingTopics.PublishError | TheaterMessagingTopics.SubscribeError,
  ) {
    super(`the topic ${topic} was refused: ${error.tag}`)
    this.code = error.tag
    this.topic = topic
    this.limit = 'val' in error ? Number(error.val) : undefined
  }

  /** Whether a caught value is a `TopicError`. */
  static is(value: unknown): value is TopicError {
    return branded(value, topicBrand)
  }
}

/** Why nothing was done with a channel: the case of `theater:messaging/channels`, which says what to do. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError'
  /** The WIT case. */
  readonly code: (TheaterMessagingChannels.OpenError | TheaterMessagingChannels.ChannelError)['tag']
  /** The channel, or the actor that was to be asked for one. */
  readonly channel: string
  /** The host's limit, for `too-large` (bytes), `outbox-full` (messages) and `too-many` (channels). */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = channelBrand

  /** Made by the kit. */
  constructor(
    channel: string,
    error: TheaterMessagingChannels.OpenError | TheaterMessagingChannels.ChannelError,
  ) {
    super(`the channel ${channel} was refused: ${error.tag}`)
    this.code = error.tag
    this.channel = channel
    this.limit = 'val' in error ? Number(error.val) : undefined
  }

  /** Whether a caught value is a `ChannelError`. */
  static is(value: unknown): value is ChannelError {
    return branded(value, channelBrand)
  }
}

/** Why nothing was done with a WebSocket connection: the case of `theater:http/websocket`, which says what to do. */
export class SocketError extends Error {
  override readonly name = 'SocketError'
  /** The WIT case. */
  readonly code: TheaterHttpWebsocket.SendError['tag'] | TheaterHttpWebsocket.CloseError
  /** The connection. */
  readonly socket: string
  /** The host's limit, for `too-large` and `full` (bytes). */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = socketBrand

  /** Made by the kit. */
  constructor(socket: string, error: TheaterHttpWebsocket.SendError | TheaterHttpWebsocket.CloseError) {
    const code = typeof error === 'string' ? error : error.tag
    super(`the connection ${socket} was refused: ${code}`)
    this.code = code
    this.socket = socket
    this.limit = typeof error !== 'string' && 'val' in error ? Number(error.val) : undefined
  }

  /** Whether a caught value is a `SocketError`. */
  static is(value: unknown): value is SocketError {
    return branded(value, socketBrand)
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
export class RequestError extends Error {
  override readonly name = 'RequestError'
  /** The WIT case, or `bad-reply`. */
  readonly code: TheaterMessagingClient.RequestError['tag'] | 'bad-reply'
  /** The actor that was asked. */
  readonly to: string
  /** What the receiver said, for `failed`. */
  readonly failure: RequestFailure | undefined
  /** The host's limit in bytes, for `too-large`. */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = requestBrand

  /** Made by the kit. */
  constructor(
    to: string,
    code: RequestError['code'],
    more: { failure?: RequestFailure; limit?: number } = {},
  ) {
    const said = more.failure === undefined ? '' : ` with ${more.failure.code}: ${more.failure.message}`
    super(`the request to ${to} got no reply: ${code}${said}`)
    this.code = code
    this.to = to
    this.failure = more.failure
    this.limit = more.limit
  }

  /** Whether a caught value is a `RequestError`. */
  static is(value: unknown): value is RequestError {
    return branded(value, requestBrand)
  }
}

/** Why the store did nothing: the case of `theater:store/blobs.error`, `labels.error` or `transfers.error`. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** The WIT case. */
  readonly code:
    | TheaterStoreBlobs.Error['tag']
    | TheaterStoreLabels.Error['tag']
    | TheaterStoreTransfers.Error['tag']
  /** What the label is now, for `conflict`: a hash, or null where there is no such label. */
  readonly current: string | null | undefined
  /** The host's limit: bytes for `too-large`, bytes or labels for `quota`, uploads for `too-many`; for `bad-offset` where the upload ends. */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = storeBrand

  /** Made by the kit. */
  constructor(
    doing: string,
    code: StoreError['code'],
    more: { current?: string | null; limit?: number } = {},
  ) {
    super(`${doing}: ${code}`)
    this.code = code
    this.current = more.current
    this.limit = more.limit
  }

  /** Whether a caught value is a `StoreError`. */
  static is(value: unknown): value is StoreError {
    return branded(value, storeBrand)
  }
}

/** Why there is no child, or why it was not stopped: the case of `theater:supervisor/children.spawn-error`, which says what to do. */
export class SpawnError extends Error {
  override readonly name = 'SpawnError'
  /** The WIT case. */
  readonly code: TheaterSupervisorChildren.SpawnError['tag']
  /** Why, for people, where the case says so. */
  readonly reason: string | undefined
  /** What the child's `init` answered, for `init`. */
  readonly failure: RequestFailure | undefined
  /** Marks the class across copies of this package. */
  readonly brand = spawnBrand

  /** Made by the kit. */
  constructor(
    message: string,
    code: SpawnError['code'],
    more: { readonly reason?: string | undefined; readonly failure?: RequestFailure } = {},
  ) {
    super(message)
    this.code = code
    this.reason = more.reason
    this.failure = more.failure
  }

  /** Whether a caught value is a `SpawnError`. */
  static is(value: unknown): value is SpawnError {
    return branded(value, spawnBrand)
  }
}

/** Why a program of the host left no output: the case of `theater:process/programs.error`, which says whether it ran and what to do. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
  /** The WIT case. */
  readonly code: TheaterProcessPrograms.Error['tag']
  /** The program, as the actor named it. */
  readonly program: string
  /** The host's limit: bytes for `too-large` and `output-too-large`, milliseconds for `timeout`. */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = programBrand

  /** Made by the kit. */
  constructor(program: string, error: TheaterProcessPrograms.Error) {
    super(`${program}: ${error.tag}`)
    this.code = error.tag
    this.program = program
    this.limit = 'val' in error ? Number(error.val) : undefined
  }

  /** Whether a caught value is a `ProgramError`. */
  static is(value: unknown): value is ProgramError {
    return branded(value, programBrand)
  }
}

/** Why no timer was set: the case of `theater:timer/timers.error`, which says what to do. */
export class TimerError extends Error {
  override readonly name = 'TimerError'
  /** The WIT case. */
  readonly code: TheaterTimerTimers.Error['tag']
  /** What it was to fire. */
  readonly timer: string
  /** The limit: timers for `too-many`, milliseconds for `too-short` and `too-long`, bytes that are left for `too-large`. */
  readonly limit: number | undefined
  /** Marks the class across copies of this package. */
  readonly brand = timerBrand

  /** Made by the kit. */
  constructor(timer: string, error: TheaterTimerTimers.Error) {
    super(`the timer ${timer} was refused: ${error.tag}`)
    this.code = error.tag
    this.timer = timer
    this.limit = 'val' in error ? Number(error.val) : undefined
  }

  /** Whether a caught value is a `TimerError`. */
  static is(value: unknown): value is TimerError {
    return branded(value, timerBrand)
  }
}

/** Why the file system did nothing: the case of `wasi:filesystem/types.error-code`. */
export class FsError extends Error {
  override readonly name = 'FsError'
  /** The WIT case. A path that no granted directory holds is `no-entry`. */
  readonly code: WasiFilesystemTypes.ErrorCode
  /** The path as the actor gave it. */
  readonly path: string
  /** Marks the class across copies of this package. */
  readonly brand = fsBrand

  /** Made by the kit. */
  constructor(path: string, code: WasiFilesystemTypes.ErrorCode) {
    super(`${path}: ${code}`)
    this.code = code
    this.path = path
  }

  /** Whether a caught value is an `FsError`. */
  static is(value: unknown): value is FsError {
    return branded(value, fsBrand)
  }
}

/**
 * Why a `fetch` came to nothing: the case of `wasi:http/types.error-code`. `HTTP-request-denied` is a request that the grant
 * does not have; it never left. A `TypeError`, as everywhere on the web.
 */
export class FetchError extends TypeError {
  override readonly name = 'FetchError'
  /** The WIT case. */
  readonly code: WasiHttpTypes.ErrorCode['tag']
  /** Marks the class across copies of this package. */
  readonly brand = fetchBrand

  /** Made by the kit. */
  constructor(what: string, code: FetchError['code']) {
    super(`${what}: ${code}${code === 'HTTP-request-denied' ? ', the grant of http does not have it' : ''}`)
    this.code = code
  }

  /** Whether a caught value is a `FetchError`. */
  static is(value: unknown): value is FetchError {
    return branded(value, fetchBrand)
  }
}
