/** A guest that makes any call of `wasi:http` and `theater:http`, and a server that must not be reached. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { relayed, relayGuest } from '@theater/guests/relay'
import { http, type HttpGrant, type HttpOptions } from '@theater/handler-http'
import type { Json } from '@theater/values'
import { type Outcome, through, variants } from '../escape.ts'
import { type Called, outcomeOf, stage, type Stage } from '../stage.ts'

const TYPES = 'wasi:http/types@0.2'

/** Resolves every name to one address. */
export const resolving =
  (address: string): LookupFunction =>
  (_name, options, callback) => {
    const family = address.includes(':') ? 6 : 4
    if (options.all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }

/** A request, as a guest makes it. */
interface Request {
  readonly method?: string
  readonly scheme?: 'HTTP' | 'HTTPS'
  readonly authority: string
  readonly path?: string
  readonly headers?: readonly (readonly [string, string])[]
  /** Asks for a body, and writes this into it. */
  readonly body?: string
}

const STANDARD = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch']
/** UTF-8. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Answers once it has all of the request, and what came behind it. */
function reply(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => setImmediate(() => response.end('reached')))
}

/** A server on loopback that tells who got through to it, and a guest that makes any call of `wasi:http`. */
export class World implements AsyncDisposable {
  readonly reached: IncomingMessage[] = []
  readonly port: number
  readonly stage: Stage
  readonly #server: Server

  private constructor(server: Server, made: Stage, port: number) {
    this.#server = server
    this.stage = made
    this.port = port
  }

  static async make(
    grant: (port: number) => HttpGrant,
    options: HttpOptions = {},
    answer: (request: IncomingMessage, response: ServerResponse) => void = reply,
  ): Promise<World> {
    const made: { world?: World } = {}
    const server = createServer((request, response) => {
      const { world } = made
      if (world === undefined) return
      world.reached.push(request)
      answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const guest = await stage(relayGuest('http'), {
      handlers: [http(options)],
      grants: { http: grant(port) as Json },
    })
    return (made.world = new World(server, guest, port))
  }

  call(name: string, ...args: unknown[]): Promise<Called> {
    return this.stage.call(relayed(`${TYPES}#${name}`), args)
  }

  /** Makes a request as a guest does, step by step; how it ended, or the status and text of the answer. */
  async fetch({
    method = 'GET',
    scheme = 'HTTP',
    authority,
    path = '/',
    headers = [],
    body,
  }: Request): Promise<Called> {
    const fields = await this.call(
      '[static]fields.from-list',
      headers.map(([name, value]) => [name, bytes(value)]),
    )
    if (fields.value === undefined) return fields
    const { value: request } = await this.call('[constructor]outgoing-request', fields.value)
    const tag = STANDARD.find((one) => one.toUpperCase() === method)
    const steps: readonly (readonly [string, unknown])[] = [
      ['set-method', tag === undefined ? { tag: 'other', val: method } : { tag }],
      ['set-scheme', { tag: scheme }],
      ['set-authority', authority],
      ['set-path-with-query', path],
    ]
    for (const [name, value] of steps) {
      const set = await this.call(`[method]outgoing-request.${name}`, request, value)
      if (set.err !== undefined || set.failed !== undefined)
        return { ...set, ...(set.err !== undefined && { err: `${name}: ${set.err}` }) }
    }
    const outgoing =
      body === undefined ? undefined : await this.call('[method]outgoing-request.body', request)
    const handled = await this.stage.call(relayed('wasi:http/outgoing-handler@0.2#handle'), [
      request,
      undefined,
    ])
    if (handled.value === undefined) return handled
    if (outgoing !== undefined && body !== undefined) {
      const written = await this.#write(outgoing.value, body)
      if (written.failed !== undefined || written.err !== undefined) return written
    }
    return this.#answer(handled.value)
  }

  /** Makes a request over `theater:http/client`; how it ended, or the status of the answer. */
  async client(request: {
    readonly url: string
    readonly headers?: Request['headers']
    readonly bounds?: object
  }) {
    const { url, headers = [], bounds = {} } = request
    const made = { method: 'GET', url, headers, body: new Uint8Array() }
    const name = (fn: string): string => relayed(`theater:http/client@0.1#${fn}`)
    const started = await this.stage.call(name('start'), [made, { timeoutMs: 0, bodyBytes: 0, ...bounds }])
    if (started.value === undefined) return started
    const finished = await this.stage.call(name('[static]exchange.finish'), [started.value])
    if (finished.value === undefined) return finished
    return { value: (finished.value as { readonly status: number }).status }
  }

  async #write(body: unknown, text: string): Promise<Called> {
    const stream = await this.call('[method]outgoing-body.write', body)
    const wrote = await this.stage.call(
      relayed('wasi:io/streams@0.2#[method]output-stream.blocking-write-and-flush'),
      [stream.value, bytes(text)],
    )
    if (wrote.err !== undefined) return wrote
    await this.stage.call(relayed('wasi:io/streams@0.2#[drop]output-stream'), [stream.value])
    return this.call('[static]outgoing-body.finish', body, undefined)
  }

  async #answer(future: unknown): Promise<Called> {
    const { value: pollable } = await this.call('[method]future-incoming-response.subscribe', future)
    await this.stage.call(relayed('wasi:io/poll@0.2#[method]pollable.block'), [pollable])
    const got = await this.call('[method]future-incoming-response.get', future)
    const { tag, val } = got.value as { tag: 'ok' | 'err'; val: { tag: string } | number }
    if (tag === 'err') return { err: (val as { tag: string }).tag }
    const status = await this.call('[method]incoming-response.status', val)
    const { value: body } = await this.call('[method]incoming-response.consume', val)
    const { value: stream } = await this.call('[method]incoming-body.stream', body)
    let text = ''
    for (;;) {
      const read = await this.stage.call(relayed('wasi:io/streams@0.2#[method]input-stream.blocking-read'), [
        stream,
        65_536n,
      ])
      if (read.value === undefined)
        return read.err === 'closed' ? { value: `${String(status.value)} ${text.slice(0, 100)}` } : read
      text += new TextDecoder().decode(read.value as Uint8Array)
      if (text.length > 1_000_000) return { value: `more than ${text.length} bytes` }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

/** Whether requests that must not reach the server do. */
export async function unreached(world: World, requests: readonly Request[]): Promise<Outcome> {
  return variants(requests, async (request) => {
    const before = world.reached.length
    const came = await world.fetch(request)
    if (world.reached.length > before) {
      const last = world.reached.at(-1)
      return through(`it reached ${last?.method} ${last?.url} of the host ${last?.headers.host}`)
    }
    return outcomeOf(came)
  })
}

/** An attempt in a world of its own. */
export async function within(
  world: Promise<World>,
  attempt: (world: World) => Promise<Outcome>,
): Promise<Outcome> {
  await using made = await world
  return await attempt(made)
}
