import type { AtLarge } from '@theater/handler-conformance'
import type { Json } from '@theater/values'
import fc from 'fast-check'
import type { HttpGrant } from '../src/index.ts'

const path = fc.constantFrom('/', '/v1', '/v1/', '/v1/models', '/v10')
const header = fc.record(
  { secret: fc.constantFrom('A', 'B'), prefix: fc.constantFrom('', 'Bearer ') },
  { requiredKeys: ['secret'] },
)

const outgoing = fc.record(
  {
    origin: fc.constantFrom(
      'https://*',
      'https://*.example.com',
      'https://*.api.example.com',
      'https://api.example.com',
      'https://api.example.com:8443',
      'https://*:8443',
      'http://*',
      'http://127.0.0.1',
      'http://[::1]',
    ),
    methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', '*'), { maxLength: 3 }),
    paths: fc.uniqueArray(path, { maxLength: 3 }),
    headers: fc.dictionary(fc.constantFrom('authorization', 'x-key'), header, {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    'private-network': fc.boolean(),
    'idempotency-key': fc.boolean(),
  },
  { requiredKeys: ['origin'] },
)
const route = fc.record(
  { host: fc.constantFrom('*', 'a', 'b.example', '[::1]'), path, shared: fc.boolean() },
  { requiredKeys: ['path'] },
)
const limits = fc.record(
  { 'request-bytes': fc.nat(3), concurrent: fc.nat(3), 'total-requests': fc.nat(3) },
  { requiredKeys: [] },
)

/** Requests that come in, and the names under which they do; a route without a host is for what leads to this machine. */
const VISITS = ['a', 'b.example', '[::1]', 'localhost'].flatMap((host) =>
  ['/', '/v1', '/v1/models', '/v10', '/w'].map((to) => [host, to] as const),
)

function answers({
  host,
  path: prefix,
}: {
  readonly host?: string
  readonly path: string
}): readonly string[] {
  const base = prefix.length > 1 && prefix.endsWith('/') ? prefix : `${prefix === '/' ? '' : prefix}/`
  return VISITS.filter(([name, to]) => {
    const here = host === '*' || (host === undefined ? name === 'localhost' : host === name)
    return here && (to.startsWith(base) || to === prefix)
  }).map(([name, to]) => `answers ${name}${to}`)
}

/** Grants of few origins; what one gives beside are what it answers, headers with secrets, streams, and its limits. */
export const atLarge: AtLarge = {
  grant: fc.record(
    {
      out: fc.array(outgoing, { maxLength: 3 }),
      serve: fc.array(route, { maxLength: 2 }),
      stream: fc.boolean(),
      limits,
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Json>,
  ask: fc.record({
    method: fc.constantFrom('GET', 'POST', 'PATCH', 'CONNECT', 'get'),
    origin: fc.constantFrom(
      'https://api.example.com',
      'https://api.example.com:8443',
      'https://a.api.example.com',
      'https://example.com',
      'https://evil.example',
      'https://evilexample.com',
      'http://127.0.0.1',
      'http://[::1]',
      'http://8.8.8.8',
    ),
    path: fc.constantFrom('/', '/v1', '/v1/', '/v1/models', '/v10', '/v1/../w', '/v1//x', '/v1/%2e%2e/w'),
  }),
  reach(grant) {
    const { out = [], serve = [], stream = false, limits: said = {} } = grant as HttpGrant
    const secrets = out.flatMap(({ headers = {} }) =>
      Object.entries(headers).map(([name, { secret, prefix = '' }]) => `sends ${name}: ${prefix}${secret}`),
    )
    const keys = out.some((entry) => entry['idempotency-key'] === true) ? ['has POST made again'] : []
    const most = { 'request-bytes': 4, concurrent: 4, 'total-requests': 4, ...said }
    const room = Object.entries(most).flatMap(([name, n]) =>
      Array.from({ length: Math.min(n, 4) }, (_, i) => `${name} ${i + 1}`),
    )
    return [...secrets, ...keys, ...serve.flatMap(answers), ...(stream ? ['streams'] : []), ...room]
  },
}
