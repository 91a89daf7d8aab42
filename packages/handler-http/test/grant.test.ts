import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { http, type HttpAsk, type HttpGrant } from '../src/index.ts'

const handler = http()
const within = (child: HttpGrant, parent: HttpGrant) => handler.within(child, parent)
const authorize = (one: HttpGrant, wanted: HttpAsk) => handler.authorize(one, wanted)

const origin = fc.constantFrom(
  'https://*',
  'https://*.example.com',
  'https://*.api.example.com',
  'https://api.example.com',
  'https://api.example.com:8443',
  'https://example.com',
  'http://*',
  'http://127.0.0.1',
  'http://127.0.0.1:8080',
  'http://*:8080',
  'http://[::1]',
)
const method = fc.constantFrom('GET', 'POST', 'DELETE', '*')
const path = fc.constantFrom('/', '/v1', '/v1/', '/v1/models', '/v10', '/admin')
const header = fc.record({
  secret: fc.constantFrom('A', 'B'),
  prefix: fc.constantFrom('', 'Bearer '),
})

const grant: fc.Arbitrary<HttpGrant> = fc.record(
  {
    out: fc.array(
      fc.record(
        {
          origin,
          methods: fc.array(method, { maxLength: 3 }),
          paths: fc.array(path, { maxLength: 3 }),
          headers: fc.dictionary(fc.constantFrom('authorization', 'x-key'), header, { maxKeys: 2 }),
          'private-network': fc.boolean(),
        },
        { requiredKeys: ['origin'] },
      ),
      { maxLength: 3 },
    ),
    limits: fc.record(
      {
        'request-bytes': fc.nat(3),
        'total-ms': fc.nat(3),
        concurrent: fc.nat(3),
        'total-requests': fc.nat(3),
        'total-bytes': fc.nat(3),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)

const ask: fc.Arbitrary<HttpAsk> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PATCH', 'CONNECT', 'get'),
  origin: fc.constantFrom(
    'https://api.example.com',
    'https://api.example.com:8443',
    'https://a.api.example.com',
    'https://example.com',
    'https://evil.example',
    'http://127.0.0.1',
    'http://127.0.0.1:8080',
    'http://[::1]',
    'http://10.0.0.1',
    'http://8.8.8.8',
  ),
  path: fc.constantFrom('/', '/v1', '/v1/', '/v1/models', '/v10', '/v1/../admin', '/v1//x', '/admin'),
})

/** Grants that lie within each other now and then. */
const small: fc.Arbitrary<HttpGrant> = fc
  .record({
    origin: fc.constantFrom('https://*', 'https://*.example.com', 'https://api.example.com', 'http://*'),
    methods: fc.subarray(['GET', '*']),
    paths: fc.subarray(['/', '/v1', '/v1/models']),
    'private-network': fc.boolean(),
  })
  .map((entry) => ({ out: [entry] }))

/** A grant that says less than another, made of it by leaving out and narrowing. */
const narrowed = (outer: HttpGrant): fc.Arbitrary<HttpGrant> =>
  fc.record({
    out: fc.subarray([...(outer.out ?? [])]).chain((kept) =>
      fc.tuple(
        ...kept.map((entry) =>
          fc.record({
            origin: fc.constant(entry.origin),
            methods: fc.subarray([...(entry.methods ?? [])]),
            paths: fc.subarray([...(entry.paths ?? [])]),
            headers: fc.constant(entry.headers ?? {}),
            'private-network': fc.boolean().map((wish) => wish && entry['private-network'] === true),
          }),
        ),
      ),
    ),
    limits: fc.constant(outer.limits ?? {}),
  })

describe('within', () => {
  it('is reflexive', () => {
    fc.assert(
      fc.property(grant, (a) => {
        expect(within(a, a)).toBe(true)
      }),
    )
  })

  it('is transitive', () => {
    fc.assert(
      fc.property(
        grant.chain((a) => narrowed(a).chain((b) => fc.tuple(fc.constant(a), fc.constant(b), narrowed(b)))),
        ([a, b, c]) => {
          expect(within(b, a)).toBe(true)
          expect(within(c, b)).toBe(true)
          expect(within(c, a)).toBe(true)
        },
      ),
    )
    let held = 0
    fc.assert(
      fc.property(small, small, small, (a, b, c) => {
        if (within(a, b) !== true || within(b, c) !== true) return
        held++
        expect(within(a, c)).toBe(true)
      }),
      { numRuns: 5000 },
    )
    expect(held).toBeGreaterThan(0)
  })

  it('is never wider: what a child may, its parent may', () => {
    let held = 0
    fc.assert(
      fc.property(small, small, ask, (child, parent, one) => {
        if (within(child, parent) !== true || authorize(child, one) !== true) return
        held++
        expect(authorize(parent, one)).toBe(true)
      }),
      { numRuns: 20_000 },
    )
    fc.assert(
      fc.property(
        grant.chain((a) => fc.tuple(fc.constant(a), narrowed(a))),
        ask,
        ([parent, child], one) => {
          const verdict = authorize(child, one)
          expect(verdict === true ? authorize(parent, one) : true).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
    expect(held).toBeGreaterThan(0)
  })

  const entry = { origin: 'https://api.example.com', methods: ['GET'], paths: ['/v1'] }
  it.each<[string, HttpGrant, HttpGrant]>([
    ['another origin', { out: [{ ...entry, origin: 'https://example.com' }] }, { out: [entry] }],
    ['a wider pattern', { out: [{ ...entry, origin: 'https://*.example.com' }] }, { out: [entry] }],
    ['no TLS', { out: [{ ...entry, origin: 'http://api.example.com' }] }, { out: [entry] }],
    ['another method', { out: [{ ...entry, methods: ['GET', 'POST'] }] }, { out: [entry] }],
    ['all methods', { out: [{ ...entry, methods: ['*'] }] }, { out: [entry] }],
    ['a shorter path', { out: [{ ...entry, paths: ['/'] }] }, { out: [entry] }],
    ['a path beside', { out: [{ ...entry, paths: ['/v10'] }] }, { out: [entry] }],
    ['the private network', { out: [{ ...entry, 'private-network': true }] }, { out: [entry] }],
    ['a secret', { out: [{ ...entry, headers: { authorization: { secret: 'A' } } }] }, { out: [entry] }],
    [
      'a secret in another header',
      { out: [{ ...entry, headers: { 'x-key': { secret: 'A' } } }] },
      { out: [{ ...entry, headers: { authorization: { secret: 'A' } } }] },
    ],
    [
      'a secret with something else before it',
      { out: [{ ...entry, headers: { 'x-key': { secret: 'A' } } }] },
      { out: [{ ...entry, headers: { 'x-key': { secret: 'A', prefix: 'Bearer ' } } }] },
    ],
    ['more than the default', { limits: { concurrent: 17 } }, {}],
    ['more time', { limits: { 'total-ms': 2 } }, { limits: { 'total-ms': 1 } }],
  ])('does not let a child have %s', (_what, child, parent) => {
    expect(within(child, parent)).toEqual({ refused: expect.any(String) })
  })

  it('lets a child have the secret of its parent, and do without it', () => {
    const parent = { out: [{ ...entry, headers: { authorization: { secret: 'A', prefix: 'Bearer ' } } }] }
    expect(within(parent, parent)).toBe(true)
    expect(within({ out: [entry] }, parent)).toBe(true)
  })
})

describe('authorize', () => {
  it('is total: it says yes only to what names a request', () => {
    fc.assert(
      fc.property(grant, fc.dictionary(fc.string(), fc.jsonValue()), (one, data) => {
        expect(authorize(one, data as never)).toEqual({ refused: expect.any(String) })
      }),
    )
  })

  it('covers nothing without an entry that does', () => {
    fc.assert(
      fc.property(grant, ask, (one, wanted) => {
        const alone = (one.out ?? []).some((entry) => authorize({ out: [entry] }, wanted) === true)
        expect(authorize(one, wanted) === true).toBe(alone)
      }),
    )
  })
})
