import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { relayed, relayGuest } from '@theater/guests/relay'
import type { HttpGrant } from '@theater/handler-http'
import type { Store } from '@theater/event-chain'
import type { Theater } from '@theater/runtime'
import { decodeData, type Data } from '@theater/values'
import { eventsOf } from './files.ts'

/** A component that makes any call of wasi:http, made from outside. */
export const httpRelay = relayGuest('http')

/** A server on loopback, closed with its connections. */
export interface Local extends AsyncDisposable {
  readonly origin: string
  readonly authority: string
}

/** An HTTP server on loopback. */
export async function serve(listener: RequestListener): Promise<Local> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    authority,
    origin: `http://${authority}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A grant for everything at one origin on loopback. */
export function everything(origin: string, more: object = {}): { readonly http: HttpGrant } {
  return { http: { out: [{ origin, methods: ['*'], paths: ['/'], 'private-network': true, ...more }] } }
}

const TYPES = 'wasi:http/types@0.2'
const utf8 = new TextEncoder()

/** What a relay is told to request. */
export interface Asked {
  readonly method?: 'get' | 'post' | 'put'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls of wasi:http through a relay, each one turn. Resources are numbers. */
export class HttpRelay {
  readonly #theater: Theater
  readonly #id: string

  constructor(theater: Theater, id: string) {
    this.#theater = theater
    this.#id = id
  }

  call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#theater.call(this.#id, relayed(name.includes('#') ? name : `${TYPES}#${name}`), args)
  }

  /** Makes a request and answers its number. */
  async request(authority: string, { method = 'get', path, headers = {} }: Asked): Promise<number> {
    const entries = Object.entries(headers).map(([name, value]) => [name, utf8.encode(value)])
    const { val } = (await this.call('[static]fields.from-list', entries)) as { val: number }
    const request = (await this.call('[constructor]outgoing-request', val)) as number
    await this.call('[method]outgoing-request.set-method', request, { tag: method })
    await this.call('[method]outgoing-request.set-scheme', request, { tag: 'HTTP' })
    await this.call('[method]outgoing-request.set-authority', request, authority)
    await this.call('[method]outgoing-request.set-path-with-query', request, path)
    return request
  }

  handle(request: number): Promise<unknown> {
    return this.call('wasi:http/outgoing-handler@0.2#handle', request, undefined)
  }

  /** Waits for what came of a request. */
  async answer(future: number): Promise<unknown> {
    const pollable = await this.call('[method]future-incoming-response.subscribe', future)
    await this.call('wasi:io/poll@0.2#[method]pollable.block', pollable)
    const got = (await this.call('[method]future-incoming-response.get', future)) as { val: unknown }
    return got.val
  }

  /** Status, fields and body of a response. */
  async read(response: number): Promise<{ status: number; headers: Record<string, string>; body: string }> {
    const status = (await this.call('[method]incoming-response.status', response)) as number
    const fields = await this.call('[method]incoming-response.headers', response)
    const entries = (await this.call('[method]fields.entries', fields)) as [string, Uint8Array][]
    const body = ((await this.call('[method]incoming-response.consume', response)) as { val: number }).val
    const stream = ((await this.call('[method]incoming-body.stream', body)) as { val: number }).val
    const parts: Uint8Array[] = []
    for (;;) {
      const read = 'wasi:io/streams@0.2#[method]input-stream.blocking-read'
      const got = (await this.call(read, stream, 4096n)) as { tag: string; val: Uint8Array }
      if (got.tag !== 'ok') break
      parts.push(got.val)
    }
    return {
      status,
      headers: Object.fromEntries(entries.map(([name, value]) => [name, Buffer.from(value).toString()])),
      body: Buffer.concat(parts).toString(),
    }
  }
}

const CLIENT = 'theater:http/client@0.1'

/** What a relay is told to request over `theater:http/client`. */
export type ClientRequest = {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

/** A POST of a few bytes. */
export function post(url: string, headers: ClientRequest['headers'] = []): ClientRequest {
  return { method: 'POST', url, headers, body: utf8.encode('5 euros') }
}

/** What a relay answers: the number of an exchange or a response, or the error. */
export type Answer<T> =
  | { readonly tag: 'ok'; readonly val: T }
  | { readonly tag: 'err'; readonly val: { readonly tag: string; readonly val?: unknown } }

/** Starts a request over `theater:http/client`, in a turn of the actor `client`. */
export function start(theater: Theater, request: ClientRequest, bounds = {}): Promise<Answer<number>> {
  const all = { timeoutMs: 0, bodyBytes: 0, ...bounds }
  return theater.call('client', relayed(`${CLIENT}#start`), [request, all]) as Promise<Answer<number>>
}

/** What came of a request, as text. */
export interface Finished {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

/** Waits for what came of it, in another turn. */
export function finish(theater: Theater, exchange: number): Promise<Answer<Finished>> {
  return theater.call('client', relayed(`${CLIENT}#[static]exchange.finish`), [exchange]) as Promise<
    Answer<Finished>
  >
}

/** What the last turn answered that has returned, as the record has it. */
export async function lastReturn(store: Store, chain: Uint8Array): Promise<Data> {
  const last = (await eventsOf(store, chain)).findLast(({ kind }) => kind === 'return')
  if (last?.kind !== 'return' || last.content === null) throw new Error('no turn has returned')
  const [result] = decodeData(last.content.result) as readonly Data[]
  return result!
}
