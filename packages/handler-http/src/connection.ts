import type { TheaterHttpWebsocket, TheaterHttpWebsocketHandler } from '@theater/wit'
import type { HttpLimits } from './limits.ts'
import type { Budget } from './visit.ts'
import { Wakeup } from './wakeup.ts'

/** `theater:http/websocket.message` as lifted. */
export type Message = TheaterHttpWebsocket.Message

/** `theater:http/websocket-handler.closed` as lifted. */
export type Closed = TheaterHttpWebsocketHandler.Closed

/** The socket of a client, as far as a connection needs it: that of `ws`, whose types nobody has to have who uses this package. */
export interface ClientSocket {
  readonly isPaused: boolean
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown
  on(event: 'ping' | 'pong', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown
  send(
    data: string | Uint8Array,
    options: { readonly binary: boolean; readonly compress: boolean },
    done: () => void,
  ): void
  ping(): void
  pause(): void
  resume(): void
  close(code: number, reason?: string): void
  terminate(): void
}

/** What a connection needs of whoever has it. */
export interface ConnectionHost {
  readonly limits: HttpLimits
  /** What the messages of all clients together may take while they wait for their turns. */
  readonly budget: Budget
  /** Milliseconds that a client may take to fetch what was sent. */
  readonly sendMs: number
  /** Has the actor handle a message. Resolves when its turn is over; to the code to close the connection with, or nothing. */
  handle(connection: Connection, message: Message): Promise<number | undefined>
  /** It is over, and the actor did not end it. Called once, when all that the client had said was handled. */
  ended(connection: Connection, how: Closed): void
  /** It takes and gives nothing more. Called once. */
  gone(connection: Connection): void
}

/** What a message in memory takes beside its bytes. */
const MESSAGE_BYTES = 128

/** Codes of the close frame (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001
const ABNORMAL = 1006
const POLICY = 1008
const INTERNAL = 1011
const TRY_AGAIN = 1013

/** What `ws` finds wrong with what a client sends, where that is not 1002. */
const VIOLATIONS: ReadonlyMap<string, number> = new Map([
  ['WS_ERR_INVALID_UTF8', 1007],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', POLICY],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
])

interface Received {
  readonly message: Message
  readonly cost: number
}

/**
 * One WebSocket connection of an actor. Until the client was told that it is accepted what is sent on it is kept. Messages
 * are handled one by one, and while there is one the socket is not read.
 */
export class Connection {
  readonly name: string
  readonly #host: ConnectionHost
  readonly #changed = new Wakeup()
  #socket: ClientSocket | undefined
  /** Neither end has closed it. */
  #open = true
  /** The actor closes it in the turn that runs. */
  #closing = false
  /** What has left the actor while there was no socket. */
  #before: (() => void)[] = []
  /** Bytes of messages that were said and have not left the actor. */
  #reserved = 0
  /** Bytes of messages that have, and that the client has not taken. */
  #unsent = 0
  #inbox: Received[] = []
  #handling = false
  #how: Closed | undefined
  #slow: NodeJS.Timeout | undefined
  #pinging: NodeJS.Timeout | undefined
  #answered = true
  #pings = 0

  constructor(name: string, host: ConnectionHost) {
    this.name = name
    this.#host = host
  }

  /** Whether the actor may still speak on it. */
  get isOpen(): boolean {
    return this.#open && !this.#closing
  }

  /** Whether the client was told that it is accepted, and neither end has closed it. */
  get isAccepted(): boolean {
    return this.isOpen && this.#socket !== undefined
  }

  /** Whether a message of so many bytes may wait for the client. */
  hasRoom(size: number): boolean {
    return this.#reserved + this.#unsent + size <= this.#host.limits['unsent-bytes']
  }

  /** Keeps room for a message that leaves later. */
  reserve(size: number): void {
    this.#reserved += size
  }

  /** Resolves when there is room, or it is closed. */
  async room(size: number, signal: AbortSignal): Promise<void> {
    await this.#changed.until(() => !this.isOpen || this.hasRoom(size), signal)
  }

  /** The actor closes it, when that leaves. */
  closing(): void {
    this.#closing = true
    this.#changed.wake()
  }

  /** The client was told. */
  accept(socket: ClientSocket): void {
    this.#socket = socket
    socket.on('message', (data, isBinary) => this.#received(data as Buffer, isBinary))
    socket.on('ping', () => this.#pinged())
    socket.on('pong', () => {
      this.#answered = true
      this.#pinged()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error.code ?? ''))
    socket.on('close', (code, reason) => this.#closed(code, reason.toString()))
    this.#pinging = setInterval(() => this.#ping(socket), Math.max(1, this.#host.limits['ping-ms']))
    for (const leave of this.#before.splice(0)) leave()
  }

  /** Sends a message that {@link reserve} has kept room for. */
  send(message: Message): void {
    const size = sizeOf(message)
    this.#reserved -= size
    this.#unsent += size
    if (this.#socket === undefined) this.#before.push(() => this.#send(message, size))
    else this.#send(message, size)
  }

  #send(message: Message, size: number): void {
    const socket = this.#socket
    if (socket === undefined || !this.#open) return
    this.#slow ??= this.#soon()
    socket.send(message.val, { binary: message.tag === 'binary', compress: false }, () => {
      clearTimeout(this.#slow)
      this.#unsent -= size
      this.#slow = this.#unsent > 0 && this.#open ? this.#soon() : undefined
      this.#changed.wake()
    })
  }

  /** The actor has closed it. */
  close(code: number, reason: string): void {
    if (this.#socket === undefined) this.#before.push(() => this.close(code, reason))
    else this.#end(undefined, () => this.#socket?.close(code, reason))
  }

  /** A turn of the actor was undone. */
  undone(): void {
    // What it said of a connection that was not accepted yet is gone with it.
    if (this.#socket === undefined) {
      this.#reserved = 0
      this.#closing = false
    } else this.#end({ tag: 'trapped' }, () => this.#socket?.close(INTERNAL))
  }

  /** The actor is not there any more. */
  leave(): void {
    this.#end(undefined, () => this.#socket?.close(GOING_AWAY))
  }

  /** It was accepted, and the client was never told. */
  lose(): void {
    this.#end({ tag: 'lost' }, () => undefined)
  }

  #received(data: Buffer, isBinary: boolean): void {
    if (!this.isOpen) return
    this.#answered = true
    const cost = data.length + MESSAGE_BYTES
    if (!this.#host.budget.take(cost)) return this.#violated(TRY_AGAIN)
    const message: Message = isBinary
      ? { tag: 'binary', val: Uint8Array.from(data) }
      : { tag: 'text', val: data.toString() }
    this.#inbox.push({ message, cost })
    this.#socket?.pause()
    void this.#handle()
  }

  /** Has what came handled, in its order; then the socket is read again, or the end is told. */
  async #handle(): Promise<void> {
    if (this.#handling) return
    this.#handling = true
    for (;;) {
      const received = this.#inbox.shift()
      if (received === undefined) break
      const code = await this.#host.handle(this, received.message)
      this.#host.budget.give(received.cost)
      if (code !== undefined) this.#violated(code)
    }
    this.#handling = false
    if (this.#how !== undefined) this.#tell(this.#how)
    else if (this.#open) {
      // What answers a ping may lie behind what was not read.
      this.#answered = true
      this.#socket?.resume()
    }
  }

  #tell(how: Closed): void {
    this.#how = undefined
    this.#host.ended(this, how)
  }

  #pinged(): void {
    this.#pings += 1
    if (this.#pings > this.#host.limits.pings) this.#violated(POLICY)
  }

  #ping(socket: ClientSocket): void {
    this.#pings = 0
    if (socket.isPaused) return
    if (!this.#answered) return this.#end({ tag: 'lost' }, () => socket.terminate())
    this.#answered = false
    socket.ping()
  }

  #soon(): NodeJS.Timeout {
    return setTimeout(() => this.#end({ tag: 'slow' }, () => this.#socket?.terminate()), this.#host.sendMs)
  }

  #violated(code: number): void {
    this.#end({ tag: 'violated', val: code }, () => this.#socket?.close(code))
  }

  #failed(code: string): void {
    if (!code.startsWith('WS_ERR_')) return
    // What came before it was whole; the library has told the client.
    this.#finish({ tag: 'violated', val: VIOLATIONS.get(code) ?? 1002 })
  }

  #closed(code: number, reason: string): void {
    this.#finish(code === ABNORMAL ? { tag: 'lost' } : { tag: 'client', val: { code, reason } })
    this.#changed.wake()
  }

  /** Ends it from this side: what the client had said, and nobody has handled, is not handled any more. */
  #end(how: Closed | undefined, close: () => void): void {
    if (!this.#open) return
    for (const { cost } of this.#inbox.splice(0)) this.#host.budget.give(cost)
    this.#finish(how)
    close()
    // So that the answer to the close frame is read.
    this.#socket?.resume()
  }

  /** It is over. @param how what the actor is told; nothing where it ended it itself */
  #finish(how: Closed | undefined): void {
    if (!this.#open) return
    this.#open = false
    clearTimeout(this.#slow)
    clearInterval(this.#pinging)
    this.#changed.wake()
    this.#host.gone(this)
    if (how === undefined) return
    if (this.#handling) this.#how = how
    else this.#tell(how)
  }
}

/** The bytes of a message. */
export function sizeOf({ val }: Message): number {
  return typeof val === 'string' ? Buffer.byteLength(val) : val.length
}
