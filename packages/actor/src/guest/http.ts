import type { TheaterHttpRequestHandler, WasiHttpTypes, WasiIoStreams } from '@theater/wit'
import { concat, isBytes } from '../bytes.ts'
import { fieldsOf, headersOf, latin1Of, linesOf } from './headers.ts'
import { dispose, payloadOf } from './host.ts'
import type { Environment } from './environment.ts'
import type { Turn } from './turn.ts'

type Types = typeof WasiHttpTypes

type Answer = TheaterHttpRequestHandler.Response

const piece = 65_536n

/** Who asked, in whatever form the request came. */
export interface Exchange<T> {
  /** Says what the handler answered, and commits the turn when nothing of that can fail any more. */
  answer(response: Response, turn: Turn): T | Promise<T>
  /** Says that it failed, and nothing of why. */
  refuse(status: number, text: string): T
}

/** Who gave a request that came whole, and takes the answer so. */
export class Whole implements Exchange<Answer> {
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  answer(response: Response, turn: Turn): Answer | Promise<Answer> {
    const environment = this.#environment
    const made = environment.madeOf(response)
    if (made === undefined && !isResponse(response)) throw new TypeError('fetch must return a Response')
    const { status, headers } = made ?? response
    const lines =
      headers !== undefined ? linesOf(headers, mayBeSent) : made?.type === undefined ? '' : typed(made.type)
    if (!(status >= 200 && status <= 599)) throw new TypeError(`${status} is no status of a Response`)
    if (made === undefined && response.body !== null)
      return wholeOf(response.body).then((body) => {
        turn.commit()
        return { status, headers: latin1Of(lines) ?? environment.bytesOf(lines), body }
      })
    const kept = made?.body ?? ''
    const body = typeof kept === 'string' ? environment.bytesOf(kept) : kept
    turn.commit()
    return { status, headers: latin1Of(lines) ?? environment.bytesOf(lines), body }
  }

  refuse(status: number, text: string): Answer {
    const { bytesOf } = this.#environment
    return { status, headers: bytesOf(typed('text/plain; charset=utf-8')), body: bytesOf(`${text}\n`) }
  }
}

/** What belongs to the connection, which is the host's. Not a pattern: the engine takes longer to try one than for all else of a request. */
const connection: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Throws for a header that is the host's to set. @param name in lower case */
function mayBeSent(name: string): void {
  if (connection.has(name) || (name[0] === 'p' && name.startsWith('proxy-')))
    throw new TypeError(`a header of the Response cannot be sent: ${name} is the host's`)
}

function typed(type: string): string {
  return `content-type: ${type}\r\n`
}

/** All of a body. */
async function wholeOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const reader = body.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (!isBytes(next.value)) throw new TypeError('the body of a Response is bytes')
    pieces.push(next.value)
  }
  return concat(pieces)
}

/** One request to an actor that has a `fetch`, and the answer to it. Closing it drops all that it took from the host. */
export class Visit implements Exchange<void> {
  readonly #types: Types
  readonly #incoming: WasiHttpTypes.IncomingRequest
  /** What was taken from the host and is not given back, in that order. */
  readonly #held: object[] = []
  #out: WasiHttpTypes.ResponseOutparam | undefined
  #over = false

  /** Takes over both resources. */
  constructor(types: Types, incoming: WasiHttpTypes.IncomingRequest, out: WasiHttpTypes.ResponseOutparam) {
    this.#types = types
    this.#incoming = incoming
    this.#out = out
    this.#held.push(incoming)
  }

  /** The request as a handler sees it. Throws for one that has no such form: a method or a path that URLs do not know. */
  request(): Request {
    const incoming = this.#incoming
    const method = methodOf(incoming.method())
    const scheme = incoming.scheme()?.tag === 'HTTPS' ? 'https' : 'http'
    const path = incoming.pathWithQuery() ?? '/'
    if (!path.startsWith('/')) throw new TypeError('a path that no URL has')
    const url = `${scheme}://${incoming.authority() ?? 'localhost'}${path}`
    const fields = incoming.headers()
    const headers = headersOf(fields)
    dispose(fields)
    if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers })
    return new Request(url, { method, headers, body: this.#body(), duplex: 'half' } as RequestInit)
  }

  /** Sends the answer. The turn is committed when all of its body is written and before that is said to be whole. */
  async answer(response: Response, turn: Turn): Promise<void> {
    if (!isResponse(response)) throw new TypeError('fetch must return a Response')
    const reader = response.body?.getReader()
    // Before the status is said, so that a body that fails at once is still a 500.
    let next = await reader?.read()
    const body = this.#begin(response.status, response.headers, next !== undefined && !next.done)
    if (body === undefined) return turn.commit()
    const stream = this.#hold(body.write())
    for (; reader !== undefined && next?.done === false; next = await reader.read()) {
      if (!isBytes(next.value)) throw new TypeError('the body of a Response is bytes')
      write(stream, next.value)
    }
    this.#drop(stream)
    turn.commit(() => {
      this.#release(body)
      this.#types.OutgoingBody.finish(body, undefined)
    })
  }

  /** Answers that it failed, and nothing of why. Where an answer has begun, that breaks off. */
  refuse(status: number, text: string): void {
    if (this.#out === undefined) return
    const body = this.#begin(status, new Headers({ 'content-type': 'text/plain; charset=utf-8' }), true)!
    const stream = this.#hold(body.write())
    write(stream, new TextEncoder().encode(`${text}\n`))
    this.#drop(stream)
    this.#release(body)
    this.#types.OutgoingBody.finish(body, undefined)
  }

  /** Gives back all that it holds. A body that is not whole breaks off. */
  close(): void {
    this.#over = true
    for (const resource of this.#held.splice(0).toReversed()) dispose(resource)
    if (this.#out !== undefined) dispose(this.#out)
  }

  #begin(status: number, headers: Headers, hasBody: boolean): WasiHttpTypes.OutgoingBody | undefined {
    const { Fields, OutgoingResponse, ResponseOutparam } = this.#types
    const response = new OutgoingResponse(
      attempt('a header of the Response cannot be sent', () => Fields.fromList(fieldsOf(headers))),
    )
    attempt(`${status} is no status of a Response`, () => response.setStatusCode(status))
    const body = hasBody ? this.#hold(response.body()) : undefined
    const out = this.#out!
    this.#out = undefined
    ResponseOutparam.set(out, { tag: 'ok', val: response })
    return body
  }

  /** The body, read from the host when the handler reads it. */
  #body(): ReadableStream<Uint8Array> {
    let stream: WasiIoStreams.InputStream | undefined
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (this.#over) return controller.error(new TypeError('the request is over'))
      try {
        stream ??= this.#hold(this.#hold(this.#incoming.consume()).stream())
        controller.enqueue(stream.blockingRead(piece))
      } catch (thrown) {
        const error = payloadOf<WasiIoStreams.StreamError>(thrown)
        if (error?.tag === 'closed') return controller.close()
        if (error === undefined) throw thrown
        dispose(error.val)
        controller.error(new TypeError('the body of the request broke off'))
      }
    }
    // Without a high-water mark the first piece would be read whether or not the handler wants the body.
    return new ReadableStream({ pull }, { highWaterMark: 0 })
  }

  #hold<R extends object>(resource: R): R {
    this.#held.push(resource)
    return resource
  }

  #release(resource: object): void {
    this.#held.splice(this.#held.indexOf(resource), 1)
  }

  #drop(resource: object): void {
    this.#release(resource)
    dispose(resource)
  }
}

/** Writes all bytes, waiting for room. Throws where nobody takes them any more. */
function write(stream: WasiIoStreams.OutputStream, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const room = attempt('the body of the Response cannot be sent', () => stream.checkWrite())
    if (room === 0n) {
      const pollable = stream.subscribe()
      pollable.block()
      dispose(pollable)
      continue
    }
    const end = Math.min(bytes.length, at + Number(room))
    attempt('the body of the Response cannot be sent', () => stream.write(bytes.slice(at, end)))
    at = end
  }
}

/** What the host refuses is an error of the handler, in words. */
function attempt<T>(what: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    if (typeof thrown !== 'object' || thrown === null || !('payload' in thrown)) throw thrown
    const error = thrown.payload as { readonly tag?: string; readonly val?: unknown } | undefined
    if (typeof error?.val === 'object' && error.val !== null) dispose(error.val)
    throw new TypeError(error?.tag === undefined ? what : `${what}: ${error.tag}`)
  }
}

function methodOf(method: WasiHttpTypes.Method): string {
  return method.tag === 'other' ? method.val : method.tag.toUpperCase()
}

/** Not `instanceof`: a Response of another realm is one, too. */
function isResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && 'body' in value
  )
}
