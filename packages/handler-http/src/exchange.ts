import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { codeOfFailure, isHeaderTooLong } from './failure.ts'
import type { ErrorCode } from './errors.ts'
import type { Field } from './fields.ts'
import { framed, trailing } from './framing.ts'
import { Inflow } from './inflow.ts'
import type { Wanted } from './network.ts'
import { request as begin } from './node-http.ts'
import type { Outflow } from './outflow.ts'
import { fieldsOf } from './target.ts'
import type { Totals } from './totals.ts'
import { Wakeup } from './wakeup.ts'

/** One request, ready to leave. */
export interface ExchangeRequest {
  /** What it leaves over. */
  readonly pool: Agent
  readonly method: string
  readonly origin: string
  readonly pathWithQuery: string
  readonly headers: readonly Field[]
  readonly body: Outflow | undefined
  /** Fields that the host sets, by lower-case name: no trailer of the guest's has such a name. */
  readonly hosts: ReadonlySet<string>
  /** Milliseconds, see `HttpLimits`. */
  readonly times: {
    readonly connect: number
    readonly firstByte: number
    readonly betweenBytes: number
    readonly total: number
    readonly continue: number
  }
  readonly responseBytes: number
  /** Of a response's header, and of its trailers. */
  readonly headerBytes: number
  /** What the actor may still receive. */
  readonly totals: Totals
  /** Takes out of received fields what no guest may see. */
  readonly redact: (value: string) => string
}

/** Who wants to know what comes of an exchange. */
export interface ExchangeListener {
  readonly response: (status: number, headers: readonly Field[], body: Inflow) => void
  readonly failed: (error: ErrorCode) => void
  /** It is over, one way or the other. Called once. */
  readonly over: () => void
}

/** The most answers of 1xx before the one that counts: a server that only ever says that it will answer does not. */
const MOST_INFORMATIONAL = 100

const GONE: ErrorCode = { tag: 'connection-terminated' }

function tooLong(most: number): ErrorCode {
  return { tag: 'HTTP-response-body-size', val: BigInt(most) }
}

/** One request and its response on their way. Nothing follows a redirect. */
export class Exchange implements Disposable {
  readonly #request: ExchangeRequest
  readonly #listener: ExchangeListener
  readonly #inflow: Inflow
  #wire: ClientRequest | undefined
  #response: IncomingMessage | undefined
  #informational = 0
  #over = false
  #sent = false
  #timer: NodeJS.Timeout | undefined
  readonly #total: NodeJS.Timeout
  readonly #stop = new AbortController()
  /** The server wants the body, or has waited long enough for it. */
  #wanted = false
  readonly #changed = new Wakeup()

  constructor(request: ExchangeRequest, listener: ExchangeListener) {
    this.#request = request
    this.#listener = listener
    this.#inflow = new Inflow(
      {
        resume: () => {
          this.#arm(request.times.betweenBytes, 'connection-read-timeout')
          this.#response?.resume()
        },
        cancel: () => this[Symbol.dispose](),
      },
      request.responseBytes,
    )
    this.#total = setTimeout(() => this.fail({ tag: 'HTTP-response-timeout' }), request.times.total)
    request.body?.claim()
    void this.#begin()
  }

  /** The guest waits for the answer: the header leaves, though nothing of the body was written. */
  hurry(): void {
    this.#request.body?.hurry()
  }

  /** Gives it up: the connection is closed, and whoever reads or writes finds out. */
  [Symbol.dispose](): void {
    this.fail(GONE)
  }

  /** Ends it with an error. Only the first time counts. */
  fail(error: ErrorCode): void {
    if (this.#over) return
    this.#settle()
    if (this.#response === undefined) this.#listener.failed(error)
    else this.#inflow.fail(error)
    this.#request.body?.fail(error)
    this.#wire?.destroy()
  }

  /** Waits for the first byte of a body, so that one that turns out empty is none, and a short one has a length. */
  async #begin(): Promise<void> {
    const { body } = this.#request
    try {
      await body?.started(this.#stop.signal)
      if (this.#over) return
      if (body?.error !== undefined) return this.fail(body.error)
      await this.#send(body)
    } catch (error) {
      this.fail(codeOfFailure(error))
    }
  }

  async #send(body: Outflow | undefined): Promise<void> {
    const { method, origin, pathWithQuery, headers, pool, hosts, headerBytes, times } = this.#request
    const { hostname, host, port, protocol } = new URL(origin)
    const whole = body?.whole
    const plan = body && { whole, declared: body.declared, trailers: trailing(body.trailers, hosts) }
    const frame = framed(method, host, headers, plan)
    this.#arm(times.connect, 'connection-timeout')
    const wanted: Wanted = {
      agent: pool,
      method,
      host: hostname.replaceAll(/^\[|\]$/g, ''),
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      path: pathWithQuery,
      headers: frame.headers,
      maxHeaderSize: Math.max(1, headerBytes),
      insecureHTTPParser: false,
      abandoned: this.#stop.signal,
    }
    const wire = begin(wanted)
    this.#wire = wire
    // All of them: what is left out of a header is another message.
    wire.maxHeadersCount = 0
    wire.once('socket', () => this.#disarm())
    wire.once('finish', () => this.#requestSent())
    wire.on('information', ({ statusCode }) => this.#informed(statusCode))
    wire.once('continue', () => this.#want())
    wire.once('upgrade', (_response, socket) => {
      socket.destroy()
      this.fail({ tag: 'HTTP-upgrade-failed' })
    })
    wire.once('response', (response) => this.#responded(wire, response))
    wire.on('error', (error) => this.#broke(error))
    if (body === undefined || !frame.hasBody) wire.end()
    else if (!frame.expects || (await this.#isWanted(wire))) await this.#sendBody(wire, body, whole)
    // Who waits for its bytes to leave would wait for ever.
    else body.fail(GONE)
  }

  async #sendBody(wire: ClientRequest, body: Outflow, whole: Uint8Array | undefined): Promise<void> {
    // Without a piece to go with it the header would stay.
    if (whole === undefined && !body.isWaiting) wire.flushHeaders()
    if (whole === undefined)
      for await (const piece of body) {
        await written(wire, piece)
        this.#arm(this.#request.times.betweenBytes, 'connection-write-timeout')
      }
    const trailers = trailing(body.trailers, this.#request.hosts)
    if (trailers.length > 0)
      wire.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]))
    wire.end(whole)
  }

  /** Whether the body is to be sent: the server said so, or says nothing. A final answer says that it is not. */
  async #isWanted(wire: ClientRequest): Promise<boolean> {
    wire.flushHeaders()
    const given = setTimeout(() => this.#want(), this.#request.times.continue)
    try {
      await this.#changed.until(() => this.#wanted || this.#response !== undefined, this.#stop.signal)
    } finally {
      clearTimeout(given)
    }
    return this.#response === undefined
  }

  #want(): void {
    this.#wanted = true
    this.#changed.wake()
  }

  /** A 1xx is not the answer, and WASI has no place for it. */
  #informed(status: number): void {
    this.#informational += 1
    if (status === 101) this.fail({ tag: 'HTTP-upgrade-failed' })
    else if (this.#informational > MOST_INFORMATIONAL) this.fail({ tag: 'HTTP-protocol-error' })
  }

  #requestSent(): void {
    if (this.#sent) return
    this.#sent = true
    if (this.#response === undefined) this.#arm(this.#request.times.firstByte, 'HTTP-response-timeout')
  }

  #responded(wire: ClientRequest, response: IncomingMessage): void {
    response.on('error', (error) => this.#broke(error))
    if (this.#over) return
    const headers = this.#received(response.rawHeaders)
    const { method, responseBytes, totals, times } = this.#request
    const status = response.statusCode ?? 0
    if (status < 200)
      return this.fail({ tag: status === 101 ? 'HTTP-upgrade-failed' : 'HTTP-protocol-error' })
    const bare = method === 'HEAD' || status === 204 || status === 304
    const coding = bare ? undefined : codingOf(response)
    if (coding !== undefined) return this.fail({ tag: 'HTTP-response-transfer-coding', val: coding })
    const most = Math.min(responseBytes, totals.bytes)
    if (!bare && Number(response.headers['content-length']) > most) return this.fail(tooLong(most))
    this.#response = response
    this.#changed.wake()
    // The time for the first byte of the body has begun with the end of the request.
    if (!this.#sent) this.#arm(times.betweenBytes, 'connection-read-timeout')
    response.on('data', (chunk: Uint8Array) => this.#receive(response, chunk))
    response.once('end', () => this.#ended(wire, response))
    this.#listener.response(status, headers, this.#inflow)
  }

  #receive(response: IncomingMessage, chunk: Uint8Array): void {
    if (this.#over) return
    const { totals, times } = this.#request
    const left = totals.bytes
    if (!totals.spend(chunk.length)) return this.fail(tooLong(left))
    this.#arm(times.betweenBytes, 'connection-read-timeout')
    if (this.#inflow.push(chunk)) return
    response.pause()
    this.#disarm()
  }

  #ended(wire: ClientRequest, response: IncomingMessage): void {
    if (this.#over) return
    this.#settle()
    // A guest that still writes would write for nobody; what is not whole leaves no connection that can be used again.
    this.#request.body?.fail(GONE)
    if (!wire.writableFinished) wire.destroy()
    this.#inflow.finish(this.#received(response.rawTrailers))
  }

  /** A connection that ends in the middle of a response is a response that is not whole. */
  #broke(error: Error): void {
    const answered = this.#response !== undefined
    const { headerBytes } = this.#request
    if (isHeaderTooLong(error)) {
      const tag = answered ? 'HTTP-response-trailer-section-size' : 'HTTP-response-header-section-size'
      return this.fail({ tag, val: headerBytes })
    }
    const code = codeOfFailure(error)
    this.fail(answered && code.tag === 'connection-terminated' ? { tag: 'HTTP-response-incomplete' } : code)
  }

  /** Received fields, without those of the connection: a guest that passes them on would not be let. */
  #received(raw: readonly string[]): Field[] {
    return fieldsOf(raw).map(([name, value]) => [name, this.#request.redact(value)])
  }

  #arm(
    ms: number,
    tag:
      | 'connection-timeout'
      | 'connection-read-timeout'
      | 'connection-write-timeout'
      | 'HTTP-response-timeout',
  ): void {
    this.#disarm()
    if (!this.#over) this.#timer = setTimeout(() => this.fail({ tag }), ms)
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #settle(): void {
    if (this.#over) return
    this.#over = true
    this.#disarm()
    clearTimeout(this.#total)
    this.#stop.abort()
    this.#listener.over()
  }
}

/** Resolves when a piece is on its way. */
function written(wire: ClientRequest, piece: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  wire.write(piece, (error) => {
    if (error === null || error === undefined) resolve()
    else reject(error)
  })
  return promise
}

/** A transfer coding that would have to be undone to get at the body; `chunked` alone is. */
function codingOf({ headers }: IncomingMessage): string | undefined {
  const codings = (headers['transfer-encoding'] ?? '').split(',').map((one) => one.trim().toLowerCase())
  return codings.find((one) => one !== '' && one !== 'chunked')
}
