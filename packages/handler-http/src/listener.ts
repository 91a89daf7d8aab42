import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { isIP, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { asksForWebSocket, awaitAnswer, isHandshake, openingOf } from './handshake.ts'
import { HttpHostError } from './host-error.ts'
import { hostAnswers, type HostAnswer } from './refusal.ts'
import { createServer, STATUS_CODES } from './node-http.ts'
import { isLoopbackName, Routes, type Route } from './route.ts'
import type { ServerLimits } from './server-limits.ts'
import type { Service } from './service.ts'
import { Queue, Shared } from './shared.ts'
import type { Handshake, Sockets, SocketsHost } from './sockets.ts'
import { fieldsOf, Hosts, targetOf, type Target } from './target.ts'
import { sizeOf } from './fields.ts'
import { Visit, type VisitHost } from './visit.ts'
import { allows, type WebSocketRoute } from './websocket-grant.ts'

/** Where a listener is bound. */
export interface ListenOptions {
  /** An address of this machine. One that is not loopback lets the network in. @default '127.0.0.1' */
  readonly host?: string
  /** @default 0, any that is free */
  readonly port?: number
}

/** Where requests reach the actors of a host. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
  /** `http://127.0.0.1:8080` */
  readonly url: string
}

/** What an actor is to be asked. */
export interface Claim {
  readonly serve: readonly Route[]
  /** Who answers requests. */
  readonly service: Service
  readonly websocket: readonly WebSocketRoute[]
  /** Who has its WebSocket connections. */
  readonly sockets: Sockets
}

/** One route for WebSocket connections. */
interface Door {
  readonly name: string
  readonly route: WebSocketRoute
  readonly sockets: Sockets
}

/** What happens on one connection. */
interface Connection {
  readonly visits: Set<Visit>
  /** What came is no request: said when those before it are answered. */
  broken?: () => void
}

/**
 * One port, and the requests that come in on it: each goes to the actor that holds its route. It listens from the first
 * claim on, and stops when it is closed.
 */
export class Listener {
  readonly #options: ListenOptions | false
  readonly #limits: ServerLimits
  readonly #onListen: ((address: ListenAddress) => void) | undefined
  readonly #routes = new Routes<Service>()
  readonly #doors = new Routes<Door>()
  /** Requests for routes that are shared. */
  readonly #queue = new Queue()
  readonly #connections = new Map<Socket, Connection>()
  readonly #hosts = new Hosts()
  /** What requests and WebSocket connections need of it. */
  readonly host: VisitHost & SocketsHost
  #server: Server | undefined
  #listening: Promise<Server> | undefined
  #closing: Promise<void> | undefined
  #visits = 0
  #held = 0
  #idle: (() => void) | undefined

  constructor(
    options: ListenOptions | false,
    limits: ServerLimits,
    onListen?: (address: ListenAddress) => void,
  ) {
    this.#options = options
    this.#limits = limits
    this.#onListen = onListen
    this.host = {
      sendMs: limits.sendMs,
      closeMs: limits.stopMs,
      budget: {
        take: (bytes) => {
          if (this.#held + bytes > limits.heldBytes) return false
          this.#held += bytes
          return true
        },
        give: (bytes) => {
          this.#held -= bytes
        },
      },
    }
  }

  /** Where it listens; `undefined` while it does not. */
  get address(): ListenAddress | undefined {
    const bound = this.#server?.address()
    if (typeof bound !== 'object' || bound === null) return undefined
    const { address, port } = bound
    return { host: address, port, url: `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}` }
  }

  /**
   * Gives routes to an actor. Resolves when requests can come.
   *
   * @throws HttpHostError `route-taken`, `cannot-listen`, `closed`
   */
  async claim(claim: Claim): Promise<void> {
    if (this.#options === false) return
    if (this.#closing !== undefined)
      throw new HttpHostError('closed', 'http does not listen any more: it was closed')
    try {
      this.#routes.claim(claim.serve, claim.service)
      const { name } = claim.sockets
      for (const route of claim.websocket) this.#doors.claim([route], { name, route, sockets: claim.sockets })
      this.#listening ??= this.#listen()
      const server = await this.#listening
      server.ref()
    } catch (error) {
      this.#release(claim)
      if (this.#server === undefined) this.#listening = undefined
      throw error
    }
  }

  /** An actor has no request under way any more. */
  readonly freed = (): void => this.#queue.look()

  #release({ service, sockets }: Claim): void {
    this.#routes.release((one) => one === service)
    this.#doors.release((one) => one.sockets === sockets)
  }

  /** Takes an actor's routes back. Its requests under way go on. */
  release(claim: Claim): void {
    this.#release(claim)
    this.#queue.look()
    if (!this.#routes.empty || !this.#doors.empty) return
    // It keeps its port for whoever claims next, and keeps no process alive for that.
    this.#server?.unref()
    this.#server?.closeIdleConnections()
  }

  /** Takes no more requests; those under way have `stopMs` to end. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#listening?.catch(() => undefined)
    const server = this.#server
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    server.closeIdleConnections()
    const timer = setTimeout(() => this.#idle?.(), this.#limits.stopMs)
    if (this.#visits > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    clearTimeout(timer)
    server.closeAllConnections()
    // Those that became WebSocket connections the server does not know any more.
    for (const socket of this.#connections.keys()) socket.destroySoon()
    const rest = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy()
    }, this.#limits.stopMs)
    await closed
    clearTimeout(rest)
  }

  async #listen(): Promise<Server> {
    const { host = '127.0.0.1', port = 0 } = this.#options === false ? {} : this.#options
    const server = this.#newServer()
    try {
      server.listen({ host, port, exclusive: true })
      await once(server, 'listening')
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      const why =
        code === 'EADDRINUSE'
          ? 'the port is in use'
          : code === 'EACCES'
            ? 'the port is not for this user'
            : code
      throw new HttpHostError('cannot-listen', `http cannot listen on ${host}:${port}: ${why}`, {
        cause: error,
      })
    }
    this.#server = server
    if (this.address !== undefined) this.#onListen?.(this.address)
    return server
  }

  #newServer(): Server {
    const limits = this.#limits
    const server = createServer({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(limits.headerMs, limits.requestMs),
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.checkMs,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
      // Where nobody takes such connections the request is one like all others, and so it is behind others on its connection.
      shouldUpgradeCallback: (request) =>
        asksForWebSocket(request) &&
        this.#connections.get(request.socket)?.visits.size === 0 &&
        this.#doorsOf(request).length > 0,
    })
    server.maxConnections = limits.connections
    // Node drops what is beyond it without a word; the bytes of a header are bounded as a whole.
    server.maxHeadersCount = 0
    server.on('connection', (socket: Socket) => this.#connected(socket))
    server.on('request', (request, response) => this.#requested(request, response, false))
    server.on('checkContinue', (request, response) => this.#requested(request, response, true))
    server.on('upgrade', (request, socket, head) => this.#asked(request, socket, head))
    server.on('clientError', (error, socket) => this.#broken(error, socket as Socket))
    // Neither is for an actor; without a listener Node would leave the one open and hand the other on as a request.
    server.on('connect', (_request, socket) => {
      socket.end(rawAnswer(hostAnswers.noTunnel))
    })
    return server
  }

  #connected(socket: Socket): void {
    this.#connections.set(socket, { visits: new Set() })
    socket.once('close', () => this.#connections.delete(socket))
  }

  #requested(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.get(request.socket)
    const visit = new Visit(request, response, this.host)
    connection?.visits.add(visit)
    this.#visits += 1
    response.once('close', () => {
      this.#visits -= 1
      connection?.visits.delete(visit)
      if (connection?.visits.size === 0) connection.broken?.()
      if (this.#visits === 0) this.#idle?.()
    })
    if (this.#closing !== undefined) response.shouldKeepAlive = false
    const refusal = this.#refusal(request, connection?.visits.size ?? 0)
    if (refusal !== undefined) return visit.refuse(refusal)
    const target = targetOf({ url: request.url ?? '', rawHeaders: request.rawHeaders }, this.#hosts)
    if (target === undefined) {
      // Who is not clear about this may not be clear about where it ends.
      response.shouldKeepAlive = false
      return visit.refuse(hostAnswers.badRequest)
    }
    const own = this.#isOwn(request.socket, target.host)
    const find = (): ReturnType<Routes<Service>['find']> => this.#routes.find(target.host, target.path, own)
    const found = find()
    if (typeof found === 'string') {
      const door = this.#doors.find(target.host, target.path, own)
      if (typeof door !== 'string') return visit.refuse(hostAnswers.notWebSocket)
      return visit.refuse(found === door ? hostAnswers[found] : hostAnswers['no-path'])
    }
    // Where they share it, who answers is decided when the request is whole, and somebody idle.
    const members = (): readonly Service[] => {
      const now = find()
      return typeof now === 'string' ? [] : now
    }
    const [alone, another] = found
    const answering = another === undefined && alone !== undefined ? alone : new Shared(this.#queue, members)
    // Whatever goes wrong in it is one client's.
    visit.run(answering, target, expectsContinue).catch(() => visit.cut())
  }

  /** Who may accept what a request asks for. */
  #doorsOf(request: IncomingMessage): readonly Door[] {
    const target = targetOf({ url: request.url ?? '', rawHeaders: request.rawHeaders }, this.#hosts)
    if (target === undefined) return []
    const found = this.#doors.find(target.host, target.path, this.#isOwn(request.socket, target.host))
    return typeof found === 'string' ? [] : found
  }

  /** A client asks for a WebSocket connection. */
  #asked(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
    if (!(duplex instanceof Socket)) {
      duplex.destroy()
      return
    }
    const socket = duplex
    const gone = new AbortController()
    socket.on('error', () => undefined)
    socket.once('close', () => gone.abort())
    if (head.length > 0) socket.destroy()
    awaitAnswer(socket)
    this.#visits += 1
    this.#admit(request, socket, gone.signal)
      .catch(() => socket.destroy())
      .finally(() => {
        this.#visits -= 1
        if (this.#visits === 0) this.#idle?.()
      })
  }

  async #admit(request: IncomingMessage, socket: Socket, gone: AbortSignal): Promise<void> {
    const target = targetOf({ url: request.url ?? '', rawHeaders: request.rawHeaders }, this.#hosts)
    const doors = this.#doorsOf(request)
    const refusal =
      target === undefined || !isHandshake(request)
        ? hostAnswers.badRequest
        : this.#visits > this.#limits.requests || this.#closing !== undefined
          ? hostAnswers.busy
          : await this.#enter({ request, socket, gone }, target, doors)
    if (refusal !== undefined && socket.writable) socket.end(rawAnswer(refusal), () => socket.destroy())
  }

  /** Has an actor asked, the one of those that share the route that has the fewest connections. */
  async #enter(
    handshake: Handshake,
    target: Target,
    doors: readonly Door[],
  ): Promise<HostAnswer | undefined> {
    const { request } = handshake
    const open = doors.filter(({ route }) => allows(route, request.headers.origin, target.authority))
    const [first, ...others] = open
    if (first === undefined) return hostAnswers.badOrigin
    const door = others.reduce((least, one) => (one.sockets.size < least.sockets.size ? one : least), first)
    if (sizeOf(fieldsOf(request.rawHeaders)) > door.sockets.limits['header-bytes'])
      return hostAnswers.headerTooLarge
    return door.sockets.open(handshake, openingOf(request, target, door.route))
  }

  #refusal(request: IncomingMessage, onConnection: number): HostAnswer | undefined {
    if (this.#visits > this.#limits.requests || onConnection > this.#limits.pipelined) return hostAnswers.busy
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers
    // The parser refuses these; a request that two servers read differently is not worth relying on one line.
    if (length !== undefined && coding !== undefined) return hostAnswers.badRequest
    return undefined
  }

  /** Whether routes without a host are for requests to this one. */
  #isOwn(socket: Socket, host: string): boolean {
    return !isLoopback(socket.localAddress ?? '') || isLoopbackName(host)
  }

  /** What a client sent is no request, or took too long. */
  #broken(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.#connections.get(socket)
    const answer = answerToBroken(error.code)
    if (connection === undefined || answer === undefined || !socket.writable) {
      socket.destroy()
      return
    }
    if (connection.broken !== undefined) return
    // Requests before it are whole and get their own answers first: in the middle of them, or instead of them, this one
    // would be taken for theirs.
    socket.pause()
    let begun = false
    for (const visit of connection.visits) {
      if (visit.isWhole) continue
      begun ||= visit.begun
      visit.abandon()
      connection.visits.delete(visit)
    }
    connection.broken = () => {
      connection.broken = () => undefined
      if (begun || !socket.writable) socket.destroy()
      else socket.end(rawAnswer(answer), () => socket.destroy())
    }
    if (connection.visits.size === 0) connection.broken()
  }
}

const BROKEN: ReadonlyMap<string, HostAnswer> = new Map<string, HostAnswer>([
  ['HPE_HEADER_OVERFLOW', hostAnswers.headerTooLarge],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', hostAnswers.bodyTooLarge],
  ['ERR_HTTP_REQUEST_TIMEOUT', hostAnswers.tooSlow],
])

/** What is said of what is no request; `undefined`: nobody is there to read it. */
function answerToBroken(code = ''): HostAnswer | undefined {
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined
  return BROKEN.get(code) ?? hostAnswers.badRequest
}

/** An answer where there is no request that Node could answer. */
function rawAnswer({ status, text, retryAfter }: HostAnswer): string {
  const body = `${text}\n`
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: text/plain; charset=utf-8',
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}
