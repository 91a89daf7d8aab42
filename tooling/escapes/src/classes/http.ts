/** What a guest does to reach what it was not granted over HTTP. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { relayed, relayGuest } from '@theater/guests/relay'
import { http, type HttpGrant, type HttpOptions } from '@theater/handler-http'
import type { Json } from '@theater/values'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { type Called, outcomeOf, stage, type Stage } from '../stage.ts'

const TYPES = 'wasi:http/types@0.2'

/** Resolves every name to one address. */
const resolving =
  (address: string): LookupFunction =>
  (_name, options, callback) => {
    const family = address.includes(':') ? 6 : 4
    if (options.all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }

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
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A server on loopback that tells who got through to it, and a guest that makes any call of `wasi:http`. */
class World implements AsyncDisposable {
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
    answer: (world: World, request: IncomingMessage, response: import('node:http').ServerResponse) => void = (
      _world,
      _request,
      response,
    ) => void response.end('reached'),
  ): Promise<World> {
    let world: World | undefined
    const server = createServer((request, response) => {
      if (world === undefined) return
      world.reached.push(request)
      answer(world, request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const made = await stage(relayGuest('http'), {
      handlers: [http(options)],
      grants: { http: grant(port) as Json },
    })
    world = new World(server, made, port)
    return world
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

const everywhere = (port: number): HttpGrant => ({
  out: [{ origin: `http://*:${port}`, methods: ['*'], paths: ['/'] }],
})
const here = (
  port: number,
  paths: readonly string[] = ['/'],
  methods: readonly string[] = ['*'],
): HttpGrant => ({
  out: [{ origin: `http://127.0.0.1:${port}`, methods, paths, 'private-network': true }],
})

/** Whether requests that must not reach the server do. */
async function unreached(world: World, requests: readonly Request[]): Promise<Outcome> {
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

async function within(world: Promise<World>, attempt: (world: World) => Promise<Outcome>): Promise<Outcome> {
  await using made = await world
  return await attempt(made)
}

const common = { class: 'http' } as const

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'http/a-name-that-leads-to-loopback',
    guard: 'http-addresses',
    code: 'destination-IP-prohibited',
    attempt: () =>
      variants(['127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0.0.0.0'], (address) =>
        within(World.make(everywhere, { lookup: resolving(address) }), (world) =>
          unreached(world, [
            { authority: `rebind.example.com:${world.port}` },
            { authority: `localhost:${world.port}` },
          ]),
        ),
      ),
  },
  {
    ...common,
    id: 'http/loopback-in-the-place-of-a-name',
    guard: 'http-addresses',
    code: 'HTTP-request-denied',
    attempt: () =>
      within(World.make(everywhere), (world) =>
        unreached(
          world,
          [
            '127.0.0.1',
            '127.9.9.9',
            '2130706433',
            '0177.0.0.1',
            '0x7f000001',
            '127.1',
            '0.0.0.0',
            '0',
            '[::ffff:127.0.0.1]',
            '[::ffff:7f00:1]',
          ].map((host) => ({
            authority: `${host}:${world.port}`,
          })),
        ),
      ),
  },
  {
    ...common,
    id: 'http/an-address-that-changes-between-looking-and-connecting',
    guard: 'http-connected-address',
    code: 'destination-IP-prohibited',
    // What the resolver says is public is loopback all the same: the answer is made up, the connection is not.
    attempt: () =>
      within(
        World.make(everywhere, {
          lookup: (_name, options, callback) => {
            let asked = 0
            const address = {
              get address() {
                return asked++ === 0 ? '8.8.8.8' : '127.0.0.1'
              },
              family: 4,
            }
            if (options.all === true) callback(null, [address])
            else callback(null, '127.0.0.1', 4)
          },
        }),
        (world) => unreached(world, [{ authority: `changing.example.com:${world.port}` }]),
      ),
  },
  {
    ...common,
    id: 'http/a-redirect-to-what-was-not-granted',
    guard: 'http-origins',
    code: 'HTTP-request-denied',
    attempt: async () => {
      await using inner = await World.make(() => ({}))
      await using outer = await World.make(
        (port) => ({
          out: [
            { origin: `http://127.0.0.1:${port}`, methods: ['*'], paths: ['/'], 'private-network': true },
          ],
        }),
        {},
        (_world, _request, response) =>
          void response.writeHead(302, { location: `http://127.0.0.1:${inner.port}/secret` }).end(),
      )
      const first = await outer.fetch({ authority: `127.0.0.1:${outer.port}` })
      if (inner.reached.length > 0) return through('the host followed it')
      if (first.value === undefined || !String(first.value).startsWith('302')) return outcomeOf(first)
      const hop = await outer.fetch({ authority: `127.0.0.1:${inner.port}`, path: '/secret' })
      return inner.reached.length > 0 ? through('it reached what the redirect names') : outcomeOf(hop)
    },
  },
  {
    ...common,
    id: 'http/a-host-that-looks-like-one-that-was-granted',
    guard: 'http-origins',
    code: 'HTTP-request-denied',
    attempt: () =>
      within(
        World.make((port) => ({
          out: [
            { origin: `http://api.localhost:${port}`, methods: ['*'], paths: ['/'], 'private-network': true },
          ],
        })),
        (world) =>
          unreached(
            world,
            ['localhost', 'evilapi.localhost', 'api.localhost.', 'xapi.localhost'].map((host) => ({
              authority: `${host}:${world.port}`,
            })),
          ),
      ),
  },
  {
    ...common,
    id: 'http/an-authority-with-more-in-it',
    guard: 'http-authority',
    code: 'set-authority: refused',
    attempt: () =>
      within(World.make(everywhere, { lookup: resolving('127.0.0.1') }), (world) =>
        variants(
          [
            'good.example@127.0.0.1',
            'user:password@evil.example',
            'good.example/../x',
            'good.example\\@evil',
            'good.example?@evil',
            'a\r\nx-injected: 1',
            'a\tb',
            'a%2eb',
            '①②⑦.⓪.⓪.①',
          ],
          async (authority) => {
            const { value: fields } = await world.call('[constructor]fields')
            const { value: request } = await world.call('[constructor]outgoing-request', fields)
            const set = await world.call('[method]outgoing-request.set-authority', request, authority)
            return set.err === undefined
              ? through(`${JSON.stringify(authority)} was taken for a host`)
              : stopped(`set-authority: ${set.err}`)
          },
        ),
      ),
  },
  {
    ...common,
    id: 'http/a-path-that-leads-out-of-the-one-that-was-granted',
    guard: 'http-paths',
    code: 'HTTP-request-denied',
    attempt: () =>
      within(
        World.make((port) => here(port, ['/api'])),
        (world) =>
          unreached(
            world,
            [
              '/apiary',
              '/api/../admin',
              '/api/%2e%2e/admin',
              '/api/%252e%252e/admin',
              '/api/..%2fadmin',
              '/api/..;/admin',
              '/api/..%5cadmin',
              '/api//admin',
              '/%61pi/x',
            ].map((path) => ({
              authority: `127.0.0.1:${world.port}`,
              path,
            })),
          ),
      ),
  },
  {
    ...common,
    id: 'http/a-line-break-in-a-path',
    guard: 'http-request-line',
    code: 'set-path-with-query: refused',
    attempt: () =>
      within(
        World.make((port) => here(port)),
        (world) =>
          variants(
            ['/a HTTP/1.1\r\nx-injected: 1', '/a b', '/a#b', 'http://evil.example/', '/\u{ff0e}'],
            async (path) => {
              const { value: fields } = await world.call('[constructor]fields')
              const { value: request } = await world.call('[constructor]outgoing-request', fields)
              const set = await world.call('[method]outgoing-request.set-path-with-query', request, path)
              return set.err === undefined
                ? through(`${JSON.stringify(path)} was taken for a path`)
                : stopped(`set-path-with-query: ${set.err}`)
            },
          ),
      ),
  },
  {
    ...common,
    id: 'http/a-method-that-was-not-granted',
    guard: 'http-methods',
    code: 'HTTP-request-denied',
    attempt: () =>
      within(
        World.make((port) => here(port, ['/'], ['GET'])),
        (world) =>
          unreached(
            world,
            ['POST', 'DELETE', 'PATCH', 'get'].map((method) => ({
              method,
              authority: `127.0.0.1:${world.port}`,
            })),
          ),
      ),
  },
  {
    ...common,
    id: 'http/a-tunnel',
    guard: 'http-tunnel',
    code: 'HTTP-request-denied',
    attempt: () =>
      within(
        World.make((port) => here(port)),
        async (world) => {
          const came = await world.fetch({ method: 'CONNECT', authority: `127.0.0.1:${world.port}` })
          return came.err?.startsWith('HTTP-request') === true
            ? outcomeOf(came)
            : through(`the request was made: ${came.err ?? String(came.value)}`)
        },
      ),
  },
  {
    ...common,
    id: 'http/a-line-break-in-a-header',
    guard: 'http-field-values',
    code: 'invalid-syntax',
    attempt: () =>
      within(
        World.make((port) => here(port)),
        (world) =>
          variants(['b\r\nx-injected: 1', 'b\nx-injected: 1', 'b\0'], async (value) => {
            const { value: fields } = await world.call('[constructor]fields')
            return outcomeOf(await world.call('[method]fields.append', fields, 'x-a', bytes(value)))
          }),
      ),
  },
  {
    ...common,
    id: 'http/a-header-of-the-connection',
    guard: 'http-forbidden-fields',
    code: 'forbidden',
    attempt: () =>
      within(
        World.make((port) => here(port)),
        (world) =>
          variants(
            [
              ['host', 'evil.example'],
              ['transfer-encoding', 'chunked'],
              ['connection', 'x-a'],
              ['proxy-authorization', 'Basic x'],
            ] as const,
            async (header) => {
              const came = await world.fetch({ authority: `127.0.0.1:${world.port}`, headers: [header] })
              const last = world.reached.at(-1)
              return last === undefined
                ? outcomeOf(came)
                : through(`the server got ${header[0]}: ${last.headers[header[0]]}`)
            },
          ),
      ),
  },
  {
    ...common,
    id: 'http/a-request-inside-a-body',
    guard: 'http-length',
    code: 'last-operation-failed',
    attempt: () =>
      within(
        World.make((port) => here(port)),
        async (world) => {
          const came = await world.fetch({
            method: 'POST',
            authority: `127.0.0.1:${world.port}`,
            headers: [['content-length', '3']],
            body: 'abcGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n',
          })
          const smuggled = world.reached.some(({ url }) => url === '/smuggled')
          return smuggled ? through('the server saw a second request') : outcomeOf(came)
        },
      ),
  },
  {
    ...common,
    id: 'http/headers-without-end',
    guard: 'http-header-bytes',
    code: 'HTTP-request-header-section-size',
    attempt: () =>
      within(
        World.make((port) => ({ ...here(port), limits: { 'header-bytes': 100 } })),
        (world) =>
          unreached(world, [
            { authority: `127.0.0.1:${world.port}`, headers: [['x-long', 'x'.repeat(200)]] },
          ]),
      ),
  },
  {
    ...common,
    id: 'http/fields-without-end',
    guard: 'http-field-bytes',
    code: 'invalid-syntax',
    attempt: () =>
      within(
        World.make((port) => here(port)),
        async (world) => {
          const { value: fields } = await world.call('[constructor]fields')
          for (let i = 0; i < 8; i++) {
            const added = await world.call(
              '[method]fields.append',
              fields,
              'x-long',
              bytes('x'.repeat(50_000)),
            )
            if (added.err !== undefined) return stopped(added.err)
          }
          return through('the host keeps what it cannot send')
        },
      ),
  },
  {
    ...common,
    id: 'http/requests-beyond-the-budget',
    guard: 'http-totals',
    code: 'connection-limit-reached',
    attempt: () =>
      within(
        World.make((port) => ({ ...here(port), limits: { 'total-requests': 2 } })),
        async (world) => {
          for (let i = 0; i < 4; i++) {
            const came = await world.fetch({ authority: `127.0.0.1:${world.port}` })
            if (came.err !== undefined) return stopped(came.err)
          }
          return through('it made four requests')
        },
      ),
  },
]
