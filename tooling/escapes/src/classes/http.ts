/** What a guest does to reach what it was not granted over HTTP. */
import type { HttpGrant } from '@theater/handler-http'
import { type Escape, stopped, through, variants } from '../escape.ts'
import { bytes, resolving, unreached, within, World } from '../hostile/http-world.ts'
import { outcomeOf } from '../stage.ts'
import { overTheClient } from './http-client.ts'

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
        (_request, response) =>
          void response.writeHead(302, { location: `http://127.0.0.1:${inner.port}/secret` }).end(),
      )
      const first = await outer.fetch({ authority: `127.0.0.1:${outer.port}` })
      if (inner.reached.length > 0) return through('the host followed it')
      if (typeof first.value !== 'string' || !first.value.startsWith('302')) return outcomeOf(first)
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
            ['POST', 'DELETE', 'PATCH'].map((method) => ({
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
    code: 'HTTP-request-method-invalid',
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
          if (came.err === 'last-operation-failed') return outcomeOf(came)
          const smuggled = world.reached.some(({ url }) => url === '/smuggled')
          return through(smuggled ? 'the server saw a second request' : 'more went out than the request has')
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
  ...overTheClient,
]
