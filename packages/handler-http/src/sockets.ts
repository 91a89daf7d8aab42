import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WitError, type ActorContext } from '@theater/handler'
import type { TheaterHttpWebsocket, TheaterHttpWebsocketHandler } from '@theater/wit'
import type { ServerOptions, WebSocketServer } from 'ws'
import { Connection, sizeOf, type Closed, type ConnectionHost, type Message } from './connection.ts'
import { HANDLE_CLOSE, HANDLE_MESSAGE, HANDLE_OPEN, WEBSOCKET } from './functions.ts'
import { answered } from './handshake.ts'
import { answerToFailure, hostAnswers, Unanswered, type HostAnswer } from './refusal.ts'
import type { Session } from './session.ts'
import type { Budget } from './visit.ts'

type SendError = TheaterHttpWebsocket.SendError
type CloseError = TheaterHttpWebsocket.CloseError

/** What a client asks for. */
export type Opening = TheaterHttpWebsocketHandler.Request

/** A client that waits to be told. */
export interface Handshake {
  readonly request: IncomingMessage
  readonly socket: Socket
  /** Aborts when it goes away. */
  readonly gone: AbortSignal
}

/** What the connections of an actor need of the listener. */
export interface SocketsHost {
  readonly budget: Budget
  /** Milliseconds that a client may take to fetch what was sent. */
  readonly sendMs: number
  /** Milliseconds that a client may take to answer a close frame. */
  readonly closeMs: number
}

/** The longest delay that a timer takes. */
const LONGEST = 0x7fff_ffff

/** The most bytes of what an actor says to a client that it refuses. */
const REFUSAL_BYTES = 16 * 1024

/** The most bytes of a reason in a close frame (RFC 6455, 5.5). */
const REASON_BYTES = 123

const BAD_MESSAGE = 1009

/** The functions of `theater:http/websocket@0.1`. */
export interface WebSocketImports {
  readonly [WEBSOCKET]: {
    /** Takes a message for the client. */
    send(connection: string, message: Message): Promise<void>
    /** Closes a connection. */
    close(connection: string, code: number, reason: string): void
    /** Those that are open. */
    list(): readonly string[]
  }
}

/** The WebSocket connections of one actor. */
export class Sockets implements ConnectionHost {
  readonly #actor: ActorContext
  readonly #session: Session
  readonly #host: SocketsHost
  readonly #options: ServerOptions
  #server: WebSocketServer | undefined
  readonly #agreed = new WeakMap<IncomingMessage, string>()
  /** Those that neither end has closed, and those that wait to be accepted. */
  readonly #connections = new Map<string, Connection>()

  constructor(actor: ActorContext, session: Session, host: SocketsHost) {
    this.#actor = actor
    this.#session = session
    this.#host = host
    const { limits } = session
    const options: ServerOptions & { readonly closeTimeout: number; readonly maxPendingAutoPongs: number } = {
      noServer: true,
      clientTracking: false,
      // A few bytes may unpack to gigabytes, and each connection would keep a window of its own.
      perMessageDeflate: false,
      skipUTF8Validation: false,
      maxPayload: Math.max(1, limits['message-bytes']),
      maxFragments: Math.max(1, limits['message-frames']),
      // A message in pieces of a byte takes a hundred times as much memory.
      maxBufferedChunks: Math.max(1024, Math.ceil(limits['message-bytes'] / 256)),
      // Those that a client does not read.
      maxPendingAutoPongs: limits.pings + 1,
      closeTimeout: host.closeMs,
      handleProtocols: (_offered, request) => this.#agreed.get(request) ?? false,
    }
    this.#options = options
  }

  get name(): string {
    return this.#actor.id
  }

  get limits(): Session['limits'] {
    return this.#session.limits
  }

  get budget(): Budget {
    return this.#host.budget
  }

  get sendMs(): number {
    return this.#host.sendMs
  }

  /** How many there are, those that wait to be accepted too. */
  get size(): number {
    return this.#connections.size
  }

  /** What the guest calls. */
  get imports(): WebSocketImports {
    return {
      [WEBSOCKET]: {
        send: (connection, message) => this.#send(connection, message),
        close: (connection, code, reason) => this.#close(connection, code, reason),
        list: () => {
          const accepted = [...this.#connections.values()].filter((one) => one.isAccepted)
          return accepted.map(({ name }) => name).toSorted()
        },
      },
    }
  }

  /**
   * Asks the actor whether it takes a connection.
   *
   * @returns what the client is to be told in its place; `undefined`: it was told
   */
  async open(handshake: Handshake, opening: Opening): Promise<HostAnswer | undefined> {
    if (this.size >= this.limits.connections) return hostAnswers.busy
    const connection = new Connection(randomUUID(), this)
    this.#connections.set(connection.name, connection)
    try {
      // Most actors never have one, and a host that starts would load it for each of them.
      const { WebSocketServer: Server } = await import('ws')
      const server = (this.#server ??= new Server(this.#options))
      const answer = await this.#ask(connection, opening, handshake.gone)
      if (answer.tag === 'err') {
        this.gone(connection)
        return refusalOf(answer.val)
      }
      const wrong = answer.val !== undefined && !opening.subprotocols.includes(answer.val)
      if (!wrong && this.#accept(server, connection, handshake, answer.val)) return undefined
      connection.lose()
      return hostAnswers.badAnswer
    } catch (error) {
      this.gone(connection)
      return answerToFailure(error)
    }
  }

  /** What the actor answers, in time. */
  async #ask(connection: Connection, opening: Opening, gone: AbortSignal): Promise<Answer> {
    const late = new AbortController()
    const { promise: lateness, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => {
        late.abort()
        reject(new Unanswered('timeout'))
      },
      Math.max(1, this.limits['answer-ms']),
    )
    const turn = this.#actor.invoke(HANDLE_OPEN, [connection.name, opening], {
      deadline: LONGEST,
      signal: AbortSignal.any([gone, late.signal]),
    }) as Promise<Answer>
    let waiting = true
    turn.then(
      ({ tag }) => {
        // Nobody waits for it any more, and the actor believes that there is a connection.
        if (!waiting && tag === 'ok') this.ended(connection, { tag: 'lost' })
      },
      () => undefined,
    )
    try {
      return await Promise.race([turn, lateness])
    } finally {
      waiting = false
      clearTimeout(timer)
    }
  }

  /** Tells the client that it is accepted. @returns whether it was there to be told */
  #accept(
    server: WebSocketServer,
    connection: Connection,
    { request, socket }: Handshake,
    subprotocol: string | undefined,
  ): boolean {
    if (socket.destroyed || this.#session.ended) return false
    if (subprotocol !== undefined) this.#agreed.set(request, subprotocol)
    let accepted = false
    answered(socket)
    server.handleUpgrade(request, socket, Buffer.alloc(0), (opened) => {
      accepted = true
      connection.accept(opened)
    })
    return accepted
  }

  async #send(name: string, message: Message): Promise<void> {
    const connection = this.#found(name)
    if (connection === undefined) throw sendError({ tag: 'not-open' })
    const size = sizeOf(message)
    const most = this.limits['message-bytes']
    if (size > most) throw sendError({ tag: 'too-large', val: BigInt(most) })
    if (!this.#session.streams) {
      if (!connection.hasRoom(size))
        throw sendError({ tag: 'full', val: BigInt(this.limits['unsent-bytes']) })
      connection.reserve(size)
      return
    }
    if (size > this.limits['unsent-bytes'])
      throw sendError({ tag: 'full', val: BigInt(this.limits['unsent-bytes']) })
    await connection.room(size, this.#session.signal)
    if (!connection.isOpen) throw sendError({ tag: 'not-open' })
    connection.reserve(size)
    connection.send(message)
  }

  #close(name: string, code: number, reason: string): void {
    const connection = this.#found(name)
    if (connection === undefined) throw new WitError<CloseError>('not-open')
    if (!isCloseCode(code)) throw new WitError<CloseError>('bad-code')
    if (Buffer.byteLength(reason) > REASON_BYTES) throw new WitError<CloseError>('too-long')
    connection.closing()
  }

  #found(name: string): Connection | undefined {
    this.#session.signal.throwIfAborted()
    const connection = this.#connections.get(name)
    return connection?.isOpen === true ? connection : undefined
  }

  /** What the guest has said leaves. */
  leave(fn: string, [name, said, reason]: readonly unknown[]): void {
    const connection = this.#connections.get(name as string)
    if (fn === `${WEBSOCKET}#send`) connection?.send(said as Message)
    else if (fn === `${WEBSOCKET}#close`) connection?.close(said as number, reason as string)
  }

  /** A turn was undone. */
  undone(): void {
    for (const connection of this.#connections.values()) connection.undone()
  }

  async handle({ name }: Connection, message: Message): Promise<number | undefined> {
    try {
      await this.#actor.invoke(HANDLE_MESSAGE, [name, message], { deadline: LONGEST, waits: true })
      return undefined
    } catch (error) {
      // All else is told in other ways: the actor has closed it, its turn was undone, it is not there any more.
      return Object(error).code === 'too-large' ? BAD_MESSAGE : undefined
    }
  }

  ended({ name }: Pick<Connection, 'name'>, how: Closed): void {
    if (this.#session.ended) return
    const told = this.#actor.invoke(HANDLE_CLOSE, [name, how], { deadline: LONGEST, waits: true })
    // Where it cannot be told now, the next host tells it that the connection is gone.
    told.catch(() => undefined)
  }

  gone({ name }: Pick<Connection, 'name'>): void {
    this.#connections.delete(name)
  }

  /** The actor is not there any more. */
  end(): void {
    for (const connection of this.#connections.values()) connection.leave()
    this.#connections.clear()
  }
}

/** What `handle-open` answers. */
type Answer =
  | { readonly tag: 'ok'; readonly val: string | undefined }
  | { readonly tag: 'err'; readonly val: TheaterHttpWebsocketHandler.Refusal }

function refusalOf({ status, reason }: TheaterHttpWebsocketHandler.Refusal): HostAnswer {
  if (reason.length > REFUSAL_BYTES) return hostAnswers.badAnswer
  return { status: status >= 400 && status <= 599 ? status : 403, text: reason }
}

/** Whether a close frame may have this code (RFC 6455, 7.4, and its registry). */
function isCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}

function sendError(error: SendError): WitError<SendError> {
  return new WitError<SendError>(error)
}
