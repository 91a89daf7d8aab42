import type { WasiHttpOutgoingHandler, WasiHttpTypes, WasiIoStreams } from '@theater/wit'
import { isBytes } from '../bytes.ts'
import { FetchError } from '../host-errors.ts'
import { asked, type Asked } from './asked.ts'
import { Cancel, type Signal } from './cancel.ts'
import { fieldsOf, headersOf } from './headers.ts'
import { dispose, payloadOf } from './host.ts'
import type { Loop } from './loop.ts'
import { mostRedirects, redirected } from './redirect.ts'

type Types = typeof WasiHttpTypes

/** What `fetch` is made over. */
export interface FetchHost {
  /** `wasi:http/types`. */
  readonly types: Types
  /** `wasi:http/outgoing-handler`. */
  readonly outgoing: Pick<typeof WasiHttpOutgoingHandler, 'handle'>
  /** What it waits in. */
  readonly loop: Loop
}

const piece = 65_536n

/** The `fetch` of one actor. What a turn leaves under way, or unread, ends with it. */
export class Fetches {
  readonly #host: FetchHost
  readonly #open = new Set<Cancel>()

  /** Calls nothing: it is made at build time. */
  constructor(host: FetchHost) {
    this.#host = host
  }

  /** The global `fetch`. It has neither cookies nor a cache. */
  async fetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const given = init.signal ?? (input instanceof Request ? input.signal : undefined)
    const mode = init.redirect ?? (input instanceof Request ? input.redirect : undefined) ?? 'follow'
    let request = asked(input, init)
    for (let redirects = 0; ; redirects++) {
      const response = await this.#exchange(request, given)
      if (mode === 'manual') return response
      const next = redirected(request, response.status, response.headers.get('location'))
      if (next === undefined) return redirects === 0 ? response : marked(response)
      await response.body?.cancel()
      if (mode === 'error') throw new TypeError(`${request.url} redirects to ${next.url}`)
      if (redirects === mostRedirects) throw new TypeError(`more than ${mostRedirects} redirects`)
      request = next
    }
  }

  async #exchange(request: Asked, given: AbortSignal | undefined): Promise<Response> {
    given?.throwIfAborted()
    // One signal for the abort of whoever asked and for the end of the turn.
    const cancel = new Cancel()
    const pass = (): void => cancel.abort(given!.reason)
    given?.addEventListener('abort', pass)
    const over = (): void => {
      given?.removeEventListener('abort', pass)
      this.#open.delete(cancel)
    }
    this.#open.add(cancel)
    try {
      return await new Exchange(this.#host, request, cancel, over).run()
    } catch (error) {
      over()
      throw error
    }
  }

  /** Gives up what is still under way, and bodies that nobody read to their end. */
  clear(): void {
    for (const cancel of this.#open) cancel.abort(new Error('the turn that made this fetch is over'))
    this.#open.clear()
  }
}

/** One request and its response. Each handle goes back to the host as soon as it is of no more use. */
class Exchange {
  readonly #host: FetchHost
  readonly #request: Asked
  readonly #signal: Signal
  readonly #over: () => void
  readonly #what: string

  constructor(host: FetchHost, request: Asked, signal: Signal, over: () => void) {
    this.#host = host
    this.#request = request
    this.#signal = signal
    this.#over = over
    this.#what = `${request.method} ${request.url}`
  }

  async run(): Promise<Response> {
    const future = this.#send()
    try {
      await this.#host.loop.wait(future.subscribe(), this.#signal)
      const got = future.get()
      if (got?.tag !== 'ok') throw new FetchError(this.#what, 'internal-error')
      if (got.val.tag === 'err') throw new FetchError(this.#what, got.val.val.tag)
      return this.#response(got.val.val)
    } finally {
      dispose(future)
    }
  }

  #send(): WasiHttpTypes.FutureIncomingResponse {
    const { types, outgoing } = this.#host
    const { method, body } = this.#request
    const url = new URL(this.#request.url)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new TypeError(`${this.#what}: fetch knows http: and https:, not ${url.protocol}`)
    }
    const request = new types.OutgoingRequest(
      this.#attempt(() => types.Fields.fromList(fieldsOf(this.#request.headers))),
    )
    try {
      this.#attempt(() => {
        request.setMethod(methodOf(method))
        request.setScheme({ tag: url.protocol === 'http:' ? 'HTTP' : 'HTTPS' })
        request.setAuthority(url.host)
        request.setPathWithQuery(url.pathname + url.search)
      })
    } catch (error) {
      dispose(request)
      throw error
    }
    const outgoingBody = body === null ? undefined : this.#attempt(() => request.body())
    try {
      const future = this.#attempt(() => outgoing.handle(request, undefined))
      if (body !== null) void this.#write(body, outgoingBody!)
      return future
    } catch (error) {
      if (outgoingBody !== undefined) dispose(outgoingBody)
      throw error
    }
  }

  /** Sends the body. One that fails, or that nobody takes any more, breaks off: the response says what came of it. */
  async #write(body: ReadableStream<Uint8Array>, outgoing: WasiHttpTypes.OutgoingBody): Promise<void> {
    const stream = outgoing.write()
    const reader = body.getReader()
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        if (!isBytes(next.value)) throw new TypeError('the body of a Request is bytes')
        for (let at = 0; at < next.value.length;) {
          const room = Number(stream.checkWrite())
          if (room === 0) await this.#host.loop.wait(stream.subscribe(), this.#signal)
          stream.write(next.value.slice(at, at + room))
          at += room
        }
      }
      dispose(stream)
    } catch (error) {
      disposeError(error)
      dispose(stream)
      dispose(outgoing)
      await reader.cancel(error).catch(() => {})
      return
    }
    try {
      this.#host.types.OutgoingBody.finish(outgoing, undefined)
    } catch (error) {
      disposeError(error)
    }
  }

  #response(incoming: WasiHttpTypes.IncomingResponse): Response {
    const held: object[] = [incoming]
    try {
      const status = incoming.status()
      const fields = incoming.headers()
      const headers = headersOf(fields)
      dispose(fields)
      const bare = this.#request.method === 'HEAD' || status === 204 || status === 205 || status === 304
      const response = new Response(bare ? null : this.#body(incoming, held), { status, headers })
      Object.defineProperty(response, 'url', { value: this.#request.url, configurable: true })
      if (bare) this.#end(held)
      return response
    } catch (error) {
      this.#end(held)
      throw error
    }
  }

  /** The body, read from the host as it is read here. */
  #body(incoming: WasiHttpTypes.IncomingResponse, held: object[]): ReadableStream<Uint8Array> {
    const body = incoming.consume()
    held.push(body)
    const stream = body.stream()
    held.push(stream)
    const signal = this.#signal
    let abort: () => void
    const end = (): void => {
      signal.removeEventListener('abort', abort)
      this.#end(held)
    }
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          abort = () => {
            end()
            controller.error(signal.reason)
          }
          signal.addEventListener('abort', abort)
        },
        pull: async (controller) => {
          try {
            let bytes = stream.read(piece)
            while (bytes.length === 0) {
              await this.#host.loop.wait(stream.subscribe(), signal)
              bytes = stream.read(piece)
            }
            controller.enqueue(bytes)
          } catch (thrown) {
            if (signal.aborted) return
            const error = payloadOf<WasiIoStreams.StreamError>(thrown)
            if (error === undefined) throw thrown
            const code = error.tag === 'closed' ? undefined : this.#codeOf(error.val)
            end()
            if (code === undefined) controller.close()
            else controller.error(new FetchError(this.#what, code))
          }
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    )
  }

  #codeOf(error: WasiIoStreams.Error): WasiHttpTypes.ErrorCode['tag'] {
    const code = this.#host.types.httpErrorCode(error)
    dispose(error)
    return code?.tag ?? 'internal-error'
  }

  /** Gives back, children first. */
  #end(held: object[]): void {
    for (const resource of held.splice(0).toReversed()) dispose(resource)
    this.#over()
  }

  #attempt<T>(call: () => T): T {
    try {
      return call()
    } catch (thrown) {
      if (typeof thrown !== 'object' || thrown === null || !('payload' in thrown)) throw thrown
      const { tag } = (thrown.payload ?? {}) as { readonly tag?: WasiHttpTypes.ErrorCode['tag'] }
      throw new FetchError(this.#what, tag ?? 'HTTP-request-URI-invalid')
    }
  }
}

/** A response that was got by way of a redirect. */
function marked(response: Response): Response {
  return Object.defineProperty(response, 'redirected', { value: true, configurable: true })
}

function methodOf(method: string): WasiHttpTypes.Method {
  const known = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'] as const
  const tag = known.find((name) => name.toUpperCase() === method)
  return tag === undefined ? { tag: 'other', val: method } : { tag }
}

/** The error of a stream holds a handle. */
function disposeError(thrown: unknown): void {
  const error = payloadOf<WasiIoStreams.StreamError>(thrown)
  if (error?.tag === 'last-operation-failed') dispose(error.val)
}
