import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { codeOfFailure, ResponseFault } from './failure.ts'
import type { ErrorCode } from './errors.ts'
import { isForbidden, type Field } from './fields.ts'
import { Inflow } from './inflow.ts'
import type { Outflow } from './outflow.ts'
import type { Totals } from './totals.ts'

/** One request, ready to leave. */
export interface ExchangeRequest {
  readonly dispatcher: Dispatcher
  readonly method: string
  readonly origin: string
  readonly pathWithQuery: string
  readonly headers: readonly Field[]
  readonly body: Outflow | undefined
  /** Milliseconds, see `HttpLimits`. */
  readonly times: {
    readonly connect: number
    readonly firstByte: number
    readonly betweenBytes: number
    readonly total: number
  }
  readonly responseBytes: number
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

/** The client takes any async iterable; its types say streams only. */
function payload(body: Outflow | undefined, whole: Uint8Array | undefined): Uint8Array | Readable | null {
  if (body === undefined || whole?.length === 0) return null
  return whole ?? (body as unknown as Readable)
}

function tooLong(most: number): ErrorCode {
  return { tag: 'HTTP-response-body-size', val: BigInt(most) }
}

/** One request and its response on their way. Nothing follows a redirect. */
export class Exchange implements Disposable {
  readonly #request: ExchangeRequest
  readonly #listener: ExchangeListener
  readonly #inflow: Inflow
  #controller: Dispatcher.DispatchController | undefined
  #failure: ErrorCode | undefined
  #answered = false
  #over = false
  #sent = false
  #timer: NodeJS.Timeout | undefined
  readonly #total: NodeJS.Timeout
  readonly #stop = new AbortController()

  constructor(request: ExchangeRequest, listener: ExchangeListener) {
    this.#request = request
    this.#listener = listener
    this.#inflow = new Inflow(
      {
        resume: () => {
          this.#arm(request.times.betweenBytes, 'connection-read-timeout')
          this.#controller?.resume()
        },
        cancel: () => this[Symbol.dispose](),
      },
      request.responseBytes,
    )
    this.#total = setTimeout(() => this.fail({ tag: 'HTTP-response-timeout' }), request.times.total)
    request.body?.claim()
    void this.#begin()
  }

  /** Gives it up: the connection is closed, and whoever reads or writes finds out. */
  [Symbol.dispose](): void {
    this.fail({ tag: 'connection-terminated' })
  }

  /** Ends it with an error. Only the first time counts. */
  fail(error: ErrorCode): void {
    if (this.#over) return
    this.#failure = error
    this.#settle()
    if (this.#answered) this.#inflow.fail(error)
    else this.#listener.failed(error)
    this.#request.body?.fail(error)
    this.#controller?.abort(new ResponseFault(error))
  }

  /** Waits for the first byte of a body, so that one that turns out empty is none, and a short one has a length. */
  async #begin(): Promise<void> {
    const { body } = this.#request
    try {
      await body?.started(this.#stop.signal)
    } catch {
      return
    }
    if (this.#over) return
    if (body?.error !== undefined) return this.fail(body.error)
    this.#arm(this.#request.times.connect, 'connection-timeout')
    try {
      this.#dispatch(body)
    } catch (error) {
      this.fail(codeOfFailure(error))
    }
  }

  #dispatch(body: Outflow | undefined): void {
    const { dispatcher, method, origin, pathWithQuery, headers } = this.#request
    const whole = body?.whole
    dispatcher.dispatch(
      {
        origin,
        path: pathWithQuery,
        method: method as Dispatcher.HttpMethod,
        headers: headers.flatMap(([name, value]) => [name, value]),
        body: payload(body, whole),
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart: (controller) => {
          this.#controller = controller
          if (this.#failure !== undefined) return controller.abort(new ResponseFault(this.#failure))
          this.#disarm()
          if (body === undefined || whole !== undefined) this.#requestSent()
        },
        onBodySent: () => this.#arm(this.#request.times.betweenBytes, 'connection-write-timeout'),
        onRequestSent: () => this.#requestSent(),
        onResponseStart: (controller, status) => this.#responseStarted(controller, status),
        onResponseData: (controller, chunk) => {
          const left = this.#request.totals.bytes
          if (!this.#request.totals.spend(chunk.length)) return this.fail(tooLong(left))
          this.#arm(this.#request.times.betweenBytes, 'connection-read-timeout')
          // A copy: the parser uses its memory again.
          if (this.#inflow.push(Uint8Array.from(chunk))) return
          controller.pause()
          this.#disarm()
        },
        onResponseEnd: (controller) => {
          this.#settle()
          // The client lets go of the connection then; a guest that still writes would wait for nobody.
          body?.fail({ tag: 'connection-terminated' })
          this.#inflow.finish(this.#received(controller.rawTrailers))
        },
        onResponseError: (_controller, error) => this.#broke(codeOfFailure(error)),
      },
    )
  }

  /** A connection that ends in the middle of a response is a response that is not whole. */
  #broke(error: ErrorCode): void {
    const cut = this.#answered && error.tag === 'connection-terminated'
    this.fail(cut ? { tag: 'HTTP-response-incomplete' } : error)
  }

  #requestSent(): void {
    if (this.#sent) return
    this.#sent = true
    if (!this.#answered) this.#arm(this.#request.times.firstByte, 'HTTP-response-timeout')
  }

  #responseStarted(controller: Dispatcher.DispatchController, status: number): void {
    // 1xx are not the response, and WASI has no place for them.
    if (status < 200 || this.#over) return
    const headers = this.#received(controller.rawHeaders)
    const { method, responseBytes, totals, times } = this.#request
    const length = headers.find(([name]) => name === 'content-length')?.[1]
    const most = Math.min(responseBytes, totals.bytes)
    if (method !== 'HEAD' && status !== 304 && Number(length) > most) return this.fail(tooLong(most))
    this.#answered = true
    this.#arm(times.betweenBytes, 'connection-read-timeout')
    this.#listener.response(status, headers, this.#inflow)
  }

  /** Received fields, without those of the connection: a guest that passes them on would not be let. */
  #received(raw: Dispatcher.DispatchController['rawHeaders']): Field[] {
    if (!Array.isArray(raw)) return []
    const texts = raw.map((one) => (typeof one === 'string' ? one : one.toString('latin1')))
    const fields: Field[] = []
    for (let i = 0; i + 1 < texts.length; i += 2) {
      const name = (texts[i] ?? '').toLowerCase()
      if (!isForbidden(name)) fields.push([name, this.#request.redact(texts[i + 1] ?? '')])
    }
    return fields
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
