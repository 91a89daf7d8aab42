import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorCode } from './errors.ts'
import { isNamed, lengthIn, sizeOf, type Field } from './fields.ts'
import { Inflow } from './inflow.ts'
import { methodOf, type RequestHead } from './incoming-request.ts'
import type { Answer, OutgoingResponse } from './outgoing-response.ts'
import type { Outflow } from './outflow.ts'
import { answerToFailure, hostAnswers, statusOf, type HostAnswer } from './refusal.ts'
import { Presence } from './presence.ts'
import type { Answering } from './service.ts'
import { fieldsOf, type Target } from './target.ts'

/** Bytes of request bodies that wait for their turns, of all clients together. */
export interface Budget {
  /** Takes some of it; `false`: there is not as much. */
  take(bytes: number): boolean
  give(bytes: number): void
}

/** What a visit needs of the listener. */
export interface VisitHost {
  readonly budget: Budget
  /** Milliseconds that a client may take to fetch an answer. */
  readonly sendMs: number
}

/** How much more of a body is read, and dropped, after it was refused: so that the client gets to read why. */
const LINGER_BYTES = 1024 * 1024

/** Up to here a copy is cheaper than another write. */
const SHORT_BODY = 16 * 1024

const EMPTY = new Uint8Array()

const GONE: ErrorCode = { tag: 'connection-terminated' }

/** One request of a client: its body comes in, its actor answers, the answer goes out. */
export class Visit {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #host: VisitHost
  readonly #client = new Presence()
  #answer: Answer | undefined
  /** The answer leaves while the turn runs. */
  #sending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** The body, where it comes while the turn runs. */
  #inflow: Inflow | undefined

  constructor(request: IncomingMessage, response: ServerResponse, host: VisitHost) {
    this.#request = request
    this.#response = response
    this.#host = host
    // A client that goes away is no error of ours; `close` says so too.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    response.once('close', () => {
      clearTimeout(this.#timer)
      if (!response.writableFinished) this.#client.leave()
    })
  }

  /** Whether all of the request has come. */
  get isWhole(): boolean {
    return this.#request.complete
  }

  /** Whether anything of an answer is on its way. */
  get begun(): boolean {
    return this.#response.headersSent
  }

  /** Gives it up: the client finds its connection closed. */
  cut(): void {
    this.#client.leave()
    this.#request.socket.destroy()
  }

  /** The connection is not to be written to any more. */
  abandon(): void {
    this.#client.leave()
  }

  /** Answers in the actor's place. What is left of the body is read and dropped, up to a point. */
  refuse({ status, text, retryAfter, fields = [] }: HostAnswer): void {
    if (this.#client.gone) return
    const body = Buffer.from(`${text}\n`)
    this.#drain()
    this.#write(
      status,
      [
        ['content-type', 'text/plain; charset=utf-8'],
        ...fields,
        ...(retryAfter === undefined ? [] : [['retry-after', String(retryAfter)] as const]),
      ],
      body,
      [],
    )
  }

  /** Has an actor answer. */
  async run(service: Answering, target: Target, expectsContinue: boolean): Promise<void> {
    const { limits } = service
    const fields = fieldsOf(this.#request.rawHeaders)
    if (sizeOf(fields) > limits['header-bytes']) return this.refuse(hostAnswers.headerTooLarge)
    if (Number(this.#request.headers['content-length'] ?? 0) > limits['request-bytes'])
      return this.refuse(hostAnswers.bodyTooLarge)
    if (expectsContinue) this.#response.writeContinue()
    const head: RequestHead = {
      method: methodOf(this.#request.method ?? 'GET'),
      authority: target.authority,
      pathWithQuery: target.pathWithQuery,
      scheme: 'HTTP',
      headers: fields,
    }
    const whole = service.streams ? undefined : await this.#whole(limits['request-bytes'])
    if (whole !== undefined && 'status' in whole) return this.refuse(whole)
    const coming = whole === undefined ? this.#incoming(limits['request-bytes']) : undefined
    try {
      if (!this.#client.gone)
        await service.handle({
          head,
          body: () => coming ?? Inflow.of(whole?.bytes ?? EMPTY, fieldsOf(this.#request.rawTrailers)),
          whole: whole?.bytes,
          answered: (answer) => this.#answered(answer),
          client: this.#client,
        })
    } catch (error) {
      return this.#failed(answerToFailure(error))
    } finally {
      if (whole !== undefined) this.#host.budget.give(whole.bytes.length)
    }
    await this.#conclude()
  }

  /** What the guest answers: it leaves now where the service streams, else when the turn is over. */
  #answered(answer: Answer): void {
    this.#answer = checked(answer)
    const outflow = this.#answer.tag === 'ok' ? this.#answer.val.outflow : undefined
    if (this.#answer.tag !== 'ok' || outflow === undefined || outflow.isHeld) return
    if (this.#client.gone) outflow.fail(GONE)
    else this.#sending = this.#stream(this.#answer.val, outflow)
  }

  /** The turn is over, and durable. */
  async #conclude(): Promise<void> {
    const answer = this.#answer
    // The turn ends the answer: what the guest has not finished by now is not the whole.
    if (answer?.tag === 'ok') answer.val.outflow?.fail(GONE)
    await this.#sending
    if (this.#client.gone || this.begun) return
    if (answer === undefined) return this.refuse(hostAnswers.noAnswer)
    if (answer.tag === 'err')
      return this.refuse({ status: statusOf(answer.val), text: 'The actor answered with an error.' })
    if (answer.tag === 'whole') {
      const { status, fields, body } = answer.val
      return this.#complete(status, fields, body, [])
    }
    const { outflow } = answer.val
    const body = outflow === undefined ? EMPTY : outflow.whole
    // A guest that did not finish its body says that it is not the whole (wasi:http/types.outgoing-body).
    if (body === undefined) return this.refuse(hostAnswers.badAnswer)
    this.#complete(answer.val.statusCode(), answer.val.fields.list, body, outflow?.trailers ?? [])
  }

  /** Sends the answer of an actor, where it is as long as it says. */
  #complete(status: number, fields: readonly Field[], body: Uint8Array, trailers: readonly Field[]): void {
    const declared = lengthIn(fields)
    if (declared !== undefined && declared !== body.length && !this.#isBare(status))
      return this.refuse(hostAnswers.badAnswer)
    this.#write(status, fields, body, trailers)
  }

  /** The turn came to no good end. */
  #failed(answer: HostAnswer): void {
    if (this.#client.gone) return
    // The turn may go on; nobody waits for it.
    this.#inflow?.fail(GONE)
    // What left of the answer is not the whole, and the client has to see that.
    if (this.begun) this.cut()
    else this.refuse(answer)
  }

  /** Whether there is no body, whatever the header says (RFC 9110, 6.4.1). */
  #isBare(status: number): boolean {
    return this.#request.method === 'HEAD' || status === 204 || status === 304
  }

  /** Sends an answer that is whole. */
  #write(status: number, fields: readonly Field[], body: Uint8Array, trailers: readonly Field[]): void {
    const response = this.#response
    if (response.headersSent || response.destroyed) return
    const trailing = this.#trailing(status, trailers)
    this.#limitSending()
    const bare = this.#isBare(status)
    const says = bare && status !== 204 && fields.some((one) => isNamed(one, 'content-length'))
    const silent = says || status === 204 || trailing.length > 0 || (bare && body.length === 0)
    const length: readonly Field[] = silent ? [] : [['content-length', String(body.length)]]
    response.writeHead(status, headersOf(fields, length, trailing, says))
    if (trailing.length > 0) response.addTrailers(trailing)
    // Text goes out in one piece with the header, bytes in a second one.
    if (body.length <= SHORT_BODY) response.end(Buffer.from(body).toString('latin1'), 'latin1')
    else response.end(body)
  }

  /** Trailers can only follow a body in chunks. */
  #trailing(status: number, trailers: readonly Field[]): readonly [string, string][] {
    if (this.#request.httpVersion !== '1.1' || this.#isBare(status)) return []
    const sent = trailers.filter((one) => !isNamed(one, 'content-length') && !isNamed(one, 'trailer'))
    return sent.map(([name, value]) => [name, value])
  }

  /** Sends an answer as the guest writes it. Never rejects. */
  async #stream(answer: OutgoingResponse, outflow: Outflow): Promise<void> {
    const response = this.#response
    const status = answer.statusCode()
    const bare = this.#isBare(status)
    const declared = answer.fields.declaredLength
    const length: readonly Field[] =
      declared === undefined || bare ? [] : [['content-length', String(declared)]]
    try {
      // The header leaves with the first bytes, whose write is an effect of the turn; or at the turn's end.
      outflow.claim()
      await outflow.started(this.#departure())
      if (outflow.error !== undefined) return
      response.writeHead(status, headersOf(answer.fields.list, length, [], bare && status !== 204))
      response.flushHeaders()
      for await (const piece of outflow) {
        if (!bare && !response.write(piece)) await this.#drained()
        if (this.#client.gone) return
      }
      const trailing = declared === undefined ? this.#trailing(status, outflow.trailers) : []
      if (trailing.length > 0) response.addTrailers(trailing)
      this.#limitSending()
      response.end()
    } catch {
      // The guest broke its body off, or the connection did.
      outflow.fail(GONE)
      this.cut()
    }
  }

  /** Aborts when the client goes. */
  #departure(): AbortSignal {
    const gone = new AbortController()
    this.#client.onGone(() => gone.abort())
    return gone.signal
  }

  /** Resolves when the client has taken what was written, or is gone; a client that takes too long is cut off. */
  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#limitSending()
    this.#response.once('drain', resolve)
    const forget = this.#client.onGone(resolve)
    await promise
    forget()
    clearTimeout(this.#timer)
  }

  #limitSending(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      // Behind another answer on its connection it has not begun to leave.
      if (this.#response.socket === null) this.#limitSending()
      else this.cut()
    }, this.#host.sendMs)
  }

  /** Reads all of the body. */
  async #whole(limit: number): Promise<{ readonly bytes: Uint8Array } | HostAnswer> {
    const request = this.#request
    if (!hasBody(request)) return { bytes: EMPTY }
    const { promise, resolve } = Promise.withResolvers<{ readonly bytes: Uint8Array } | HostAnswer>()
    const pieces: Uint8Array[] = []
    let size = 0
    let over = false
    const refuse = (answer: HostAnswer): void => {
      if (over) return
      over = true
      request.off('data', take)
      this.#host.budget.give(size)
      resolve(answer)
    }
    const take = (piece: Uint8Array): void => {
      if (size + piece.length > limit) return refuse(hostAnswers.bodyTooLarge)
      if (!this.#host.budget.take(piece.length)) return refuse(hostAnswers.busy)
      size += piece.length
      pieces.push(piece)
    }
    request.on('data', take)
    request.once('end', () => {
      if (!over) resolve({ bytes: Buffer.concat(pieces) })
      over = true
    })
    this.#client.onGone(() => refuse(hostAnswers.badRequest))
    return promise
  }

  /** The body as it arrives. */
  #incoming(limit: number): Inflow {
    const request = this.#request
    if (!hasBody(request)) return Inflow.of(EMPTY)
    const inflow = new Inflow(
      { resume: () => request.resume(), cancel: () => this.#drain() },
      limit,
      (most) => ({
        tag: 'HTTP-request-body-size',
        val: BigInt(most),
      }),
    )
    this.#inflow = inflow
    request.on('data', (piece: Uint8Array) => {
      if (!inflow.push(Uint8Array.from(piece))) request.pause()
    })
    request.once('end', () => inflow.finish(fieldsOf(request.rawTrailers)))
    this.#client.onGone(() => inflow.fail(GONE))
    return inflow
  }

  /** Reads what is left of the body and drops it, as far as that is worth the connection. */
  #drain(): void {
    let dropped = 0
    this.#request.on('data', (piece: Uint8Array) => {
      dropped += piece.length
      if (dropped > LINGER_BYTES) this.cut()
    })
    this.#request.resume()
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

/** An answer that can be sent. `set` has no error for the guest: where it cannot, the client hears of it, and the body's stream says so. */
function checked(answer: Answer): Answer {
  if (answer.tag !== 'ok') return answer
  const { fields, isLost, tooLong, outflow } = answer.val
  if (!isLost && tooLong === undefined && !Number.isNaN(fields.declaredLength)) return answer
  const error: ErrorCode = tooLong ?? { tag: 'HTTP-protocol-error' }
  outflow?.fail(error)
  return { tag: 'err', val: error }
}

/** Names and values in turn. How long the body is, and what follows it, is the host's to say. */
function headersOf(
  fields: readonly Field[],
  length: readonly Field[],
  trailing: readonly Field[],
  keepsLength: boolean,
): string[] {
  const own: Field[] = [...length]
  if (trailing.length > 0) own.push(['trailer', trailing.map(([name]) => name).join(', ')])
  const said = fields.filter(
    (one) =>
      !isNamed(one, 'trailer') && !isNamed(one, 'expect') && (keepsLength || !isNamed(one, 'content-length')),
  )
  return [...said, ...own].flat()
}
