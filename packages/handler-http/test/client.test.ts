import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { WitError } from '@theater/handler'
import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, it } from 'vitest'
import { http, type ClientExchange, type HttpGrant, type HttpOptions } from '../src/index.ts'
import {
  bodyOf,
  bytes,
  client,
  everything,
  request,
  response,
  serve,
  serveTcp,
  serveTls,
  thrown,
} from './support.ts'
import { untrusted } from './untrusted.ts'

const CLIENT = 'theater:http/client@0.1'
const KEYED = { 'idempotency-key': true }
const UUID = /^"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/

interface Asked {
  readonly method?: string
  readonly url: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: Uint8Array
  readonly timeoutMs?: number
  readonly bodyBytes?: number
}

/** An actor that makes requests over `theater:http/client`, each an intent of its own. */
async function caller(grant: HttpGrant, options: HttpOptions = {}) {
  const handler = http(options)
  let seq = 0
  const actor = {
    ...fakeActor({ id: 'actor' }),
    get intent() {
      return { chain: new Uint8Array(32).fill(1), seq: seq++, hash: new Uint8Array(32).fill(2) }
    },
  }
  const binding = await handler.bind(actor, grant)
  const functions = binding.imports[CLIENT]
  const declared = handler.functions[`${CLIENT}#start`]
  /** As the boundary calls it: grant check, then handler. */
  const start = async ({ timeoutMs = 0, bodyBytes = 0, ...asked }: Asked): Promise<ClientExchange> => {
    const made = { method: 'GET', headers: [], body: new Uint8Array(), ...asked }
    const args = [made, { timeoutMs, bodyBytes }] as const
    const fn = `${CLIENT}#start`
    const ask = declared?.ask?.({ fn, args })
    const verdict = ask === undefined ? true : handler.authorize(grant, ask)
    if (verdict !== true && ask !== undefined) throw declared?.deny?.({ fn, ask, refusal: verdict })
    return functions.start(...args)
  }
  return {
    binding,
    start,
    fetch: async (asked: Asked) => functions['[static]exchange.finish'](await start(asked)),
    finish: (exchange: object) => functions['[static]exchange.finish'](exchange),
    effect: (asked: Asked) =>
      declared?.effectOf?.({ fn: '', args: [{ method: 'GET', headers: [], ...asked }] }, grant),
    async [Symbol.asyncDispose]() {
      await binding[Symbol.asyncDispose]?.()
    },
  }
}

function granting(origin: string, more: object): HttpGrant {
  return { out: (everything(origin).out ?? []).map((entry) => ({ ...entry, ...more })) }
}

const text = ({ body }: { readonly body: Uint8Array }): string => Buffer.from(body).toString()

describe('a request with its whole body', () => {
  it('is answered with status, fields and the whole body', async () => {
    await using server = await serve(async (req, res) => {
      res.setHeader(
        'X-Asked',
        `${req.method} ${req.url} ${req.headers['content-length']} ${String(req.headers['x-mine'])}`,
      )
      res.setHeader('set-cookie', ['a=1', 'b=2'])
      res.writeEarlyHints({ link: '</style.css>; rel=preload' })
      res.writeHead(201).end((await bodyOf(req)).repeat(50_000))
    })
    await using actor = await caller(everything(server.origin))
    const got = await actor.fetch({
      method: 'POST',
      url: `${server.origin}/a/../b?c=%20d`,
      headers: [['X-Mine', 'é']],
      body: bytes('hello'),
    })
    expect(got.status).toBe(201)
    // Bytes above ASCII are one character each, both ways.
    expect(got.headers).toContainEqual(['x-asked', 'POST /a/../b?c=%20d 5 é'])
    expect(got.headers.filter(([name]) => name === 'set-cookie')).toHaveLength(2)
    expect(got.headers.some(([name]) => name === 'connection')).toBe(false)
    expect(text(got)).toBe('hello'.repeat(50_000))
  })

  it('runs beside another', async () => {
    const waiting: ServerResponse[] = []
    await using server = await serve((req, res) => {
      waiting.push(res)
      if (waiting.length === 2) for (const one of waiting) one.end(String(one.req.url))
    })
    await using actor = await caller(everything(server.origin))
    const [first, second] = await Promise.all([
      actor.start({ url: `${server.origin}/1` }),
      actor.start({ url: `${server.origin}/2` }),
    ])
    expect(text(await actor.finish(second))).toBe('/2')
    expect(text(await actor.finish(first))).toBe('/1')
  })

  it('that is dropped closes its connection, and makes room for another', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    await using server = await serve((req, res) => (req.url === '/' ? asked.resolve(res) : res.end()))
    await using actor = await caller({ ...everything(server.origin), limits: { concurrent: 1 } })
    const exchange = await actor.start({ url: server.origin })
    const res = await asked.promise
    const closed = once(res, 'close')
    expect(await thrown(() => actor.start({ url: server.origin }))).toEqual({ tag: 'too-many', val: 1 })
    exchange[Symbol.dispose]()
    await closed
    expect(await actor.fetch({ url: `${server.origin}/more` })).toMatchObject({ status: 200 })
  })

  it('is not redirected', async () => {
    const seen: string[] = []
    await using server = await serve((req, res) => {
      seen.push(String(req.url))
      res.writeHead(302, { location: '/secret' }).end()
    })
    await using actor = await caller(everything(server.origin))
    expect(await actor.fetch({ url: `${server.origin}/a` })).toMatchObject({
      status: 302,
      headers: expect.arrayContaining([['location', '/secret']]) as unknown,
    })
    expect(seen).toEqual(['/a'])
  })
})

describe('a request that is none is not made', () => {
  const origin = 'https://api.example.com'
  it.each<[string, Partial<Asked>, string]>([
    ['a method that is no token', { method: 'GE T' }, 'method'],
    ['no method', { method: '' }, 'method'],
    ['CONNECT', { method: 'CONNECT' }, 'method'],
    ['small letters', { method: 'post' }, 'method'],
    ['a URL without a scheme', { url: '//api.example.com/' }, 'url'],
    ['another scheme', { url: 'ftp://api.example.com/' }, 'url'],
    ['capitals in the scheme', { url: 'HTTPS://api.example.com/' }, 'url'],
    ['no host', { url: 'https:///a' }, 'url'],
    ['a user', { url: 'https://me@api.example.com/' }, 'url'],
    ['a fragment', { url: `${origin}/a#b` }, 'url'],
    ['a space', { url: `${origin}/a b` }, 'url'],
    ['a line break', { url: `${origin}/a\r\nx-injected: 1` }, 'url'],
    ['what is not ASCII', { url: `${origin}/é` }, 'url'],
    ['a backslash for a slash', { url: 'https:\\\\api.example.com/' }, 'url'],
    ['a port that is none', { url: 'https://api.example.com:0/' }, 'url'],
    ['a field without a name', { headers: [['', 'a']] }, 'header'],
    ['a name with a colon', { headers: [['x-a:', 'a']] }, 'header'],
    ['a value that begins another line', { headers: [['x-a', 'a\r\nx-injected: 1']] }, 'header'],
    ['a value above U+00FF', { headers: [['x-a', '\u0100']] }, 'header'],
    ['host', { headers: [['Host', 'evil.example']] }, 'host-header'],
    ['content-length', { headers: [['Content-Length', '1000000']] }, 'host-header'],
    ['expect', { headers: [['expect', '100-continue']] }, 'host-header'],
    ['transfer-encoding', { headers: [['transfer-encoding', 'chunked']] }, 'host-header'],
    ['proxy-authorization', { headers: [['Proxy-Authorization', 'a']] }, 'host-header'],
  ])('%s', async (_what, asked, fault) => {
    await using actor = await caller({ out: [{ origin, methods: ['*'], paths: ['/'] }] })
    const made = { url: origin, ...asked }
    expect(await thrown(() => actor.start(made))).toEqual({ tag: 'bad-request', val: fault })
    expect(actor.effect(made)).toBe('none')
  })

  it('what the grant does not cover', async () => {
    await using actor = await caller({ out: [{ origin, methods: ['GET'], paths: ['/v1'] }] })
    for (const asked of [
      { url: `${origin}/v2` },
      { url: `${origin}/v1/../v2` },
      { url: `${origin}/v1`, method: 'POST' },
      { url: 'https://api.example.com.evil.example/v1' },
      { url: 'http://169.254.169.254/v1' },
    ])
      expect(await thrown(() => actor.start(asked))).toEqual({ tag: 'denied' })
  })
})

describe('there is no response, and why:', () => {
  const none = async (grant: HttpGrant, asked: Asked, options?: HttpOptions): Promise<unknown> => {
    await using actor = await caller(grant, options)
    return await thrown(() => actor.fetch(asked))
  }

  it('the name is nobody’s, or leads into a private network', async () => {
    const grant = { out: [{ origin: 'http://api.example.com', methods: ['*'], paths: ['/'] }] }
    const asked = { url: 'http://api.example.com/' }
    const nobody: HttpOptions['lookup'] = (_name, _options, callback) =>
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '')
    expect(await none(grant, asked, { lookup: nobody })).toEqual({ tag: 'dns' })
    const inside: HttpOptions['lookup'] = (_name, options, callback) =>
      options.all === true
        ? callback(null, [{ address: '10.0.0.1', family: 4 }])
        : callback(null, '10.0.0.1', 4)
    expect(await none(grant, asked, { lookup: inside })).toEqual({ tag: 'address-denied' })
  })

  it('nobody listens', async () => {
    let origin: string
    {
      await using server = await serve(() => undefined)
      origin = server.origin
    }
    expect(await none(everything(origin), { url: origin })).toEqual({ tag: 'connect' })
  })

  it('the certificate is nobody’s', async () => {
    await using server = await serveTls(untrusted, (_req, res) => res.end())
    const origin = server.origin.replace('http:', 'https:')
    expect(await none(everything(origin), { url: origin })).toEqual({ tag: 'tls' })
  })

  it('the time is up', async () => {
    await using server = await serve(() => undefined)
    const grant = everything(server.origin)
    expect(await none(grant, { url: server.origin, timeoutMs: 20 })).toEqual({ tag: 'timeout' })
    const less = { ...grant, limits: { 'total-ms': 20 } }
    expect(await none(less, { url: server.origin, timeoutMs: 4_000_000_000 })).toEqual({ tag: 'timeout' })
  })

  it('more than the bounds, or than the grant', async () => {
    await using server = await serve((req, res) => {
      if (req.url === '/said') res.setHeader('content-length', 5)
      res.end('hello')
      if (req.url === '/headers') res.destroy()
    })
    const grant = everything(server.origin)
    for (const url of [`${server.origin}/said`, `${server.origin}/chunks`]) {
      expect(await none(grant, { url, bodyBytes: 4 })).toEqual({ tag: 'response-too-large', val: 4n })
      const less = { ...grant, limits: { 'response-bytes': 3 } }
      expect(await none(less, { url, bodyBytes: 4 })).toEqual({ tag: 'response-too-large', val: 3n })
    }
    await using actor = await caller(grant)
    expect(await actor.fetch({ url: server.origin, bodyBytes: 5 })).toMatchObject({ status: 200 })
    const small = { ...grant, limits: { 'header-bytes': 10 } }
    expect(await none(small, { url: server.origin })).toEqual({ tag: 'response-too-large', val: 10n })
  })

  it('the connection ends, or speaks something else', async () => {
    await using cut = await serveTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'))
    })
    expect(await none(everything(cut.origin), { url: cut.origin })).toEqual({ tag: 'reset' })
    await using mail = await serveTcp((socket) => socket.end('220 smtp\r\n'))
    expect(await none(everything(mail.origin), { url: mail.origin })).toEqual({ tag: 'protocol' })
  })

  it('the request is larger than the grant says, or the budget is spent', async () => {
    let reached = 0
    await using server = await serve((_req, res) => {
      reached++
      res.end()
    })
    const grant = everything(server.origin)
    const asked = { url: server.origin, method: 'POST', body: bytes('hello') }
    expect(await none({ ...grant, limits: { 'request-bytes': 4 } }, asked)).toEqual({
      tag: 'request-too-large',
      val: 4n,
    })
    const wide = { url: server.origin, headers: [['x-a', 'a'.repeat(20)]] as const }
    expect(await none({ ...grant, limits: { 'header-bytes': 20 } }, wide)).toEqual({
      tag: 'request-too-large',
      val: 20n,
    })
    const far = { url: `${server.origin}/${'a'.repeat(20)}` }
    expect(await none({ ...grant, limits: { 'header-bytes': 20 } }, far)).toEqual({
      tag: 'request-too-large',
      val: 20n,
    })
    expect(await none({ ...grant, limits: { 'total-bytes': 4 } }, asked)).toEqual({ tag: 'budget-spent' })
    expect(reached).toBe(0)
    await using actor = await caller({ ...grant, limits: { 'total-requests': 1 } })
    expect(await actor.fetch(asked)).toMatchObject({ status: 200 })
    expect(await thrown(() => actor.start(asked))).toEqual({ tag: 'budget-spent' })
    expect(reached).toBe(1)
  })
})

describe('a secret', () => {
  const secret = 'sk-0123456789-secret'
  const headers = { authorization: { secret: 'KEY', prefix: 'Bearer ' } }

  it('is put in when the request leaves, and taken out of fields that come back', async () => {
    await using server = await serve((req, res) =>
      res.setHeader('x-echo', `${req.headers.authorization}`).end(),
    )
    await using actor = await caller(granting(server.origin, { headers }), { secrets: { KEY: secret } })
    const asked = { url: server.origin, headers: [['Authorization', 'Bearer mine']] as const }
    const exchange = await actor.start(asked)
    expect(JSON.stringify(actor.binding.describe?.(`${CLIENT}#exchange`, exchange))).not.toContain(secret)
    const got = await actor.finish(exchange)
    expect(got.headers).toContainEqual(['x-echo', 'Bearer [redacted]'])
  })

  it('that cannot be had sends nothing, and is in no error', async () => {
    let error: unknown
    const fails = (): string => {
      throw new Error(`cannot read ${secret}`)
    }
    await using server = await serve((_req, res) => res.end())
    await using actor = await caller(granting(server.origin, { headers }), { secrets: { KEY: fails } })
    await actor.start({ url: server.origin }).catch((caught: unknown) => (error = caught))
    expect(WitError.is(error) && error.payload).toEqual({ tag: 'misconfigured' })
    expect(String(error)).not.toContain(secret)
  })
})

describe('Idempotency-Key', () => {
  it('is on what is neither safe nor idempotent, another for each, where the grant says so', async () => {
    const seen: [method: string, key: string | string[] | undefined][] = []
    await using server = await serve((req, res) => {
      seen.push([String(req.method), req.headers['idempotency-key']])
      res.end()
    })
    const methods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'POST', 'PATCH', 'PURGE']
    await using actor = await caller(granting(server.origin, KEYED))
    for (const method of methods) await actor.fetch({ method, url: server.origin })
    expect(seen.filter(([, key]) => key === undefined).map(([method]) => method)).toEqual(methods.slice(0, 5))
    const keys = seen.slice(5).map(([, key]) => key)
    for (const key of keys) expect(key).toMatch(UUID)
    expect(new Set(keys).size).toBe(4)
    seen.length = 0
    await using without = await caller(everything(server.origin))
    await without.fetch({ method: 'POST', url: server.origin })
    expect(seen).toEqual([['POST', undefined]])
  })

  it('of the guest stays', async () => {
    const seen: unknown[] = []
    await using server = await serve((req, res) => {
      seen.push(req.headers['idempotency-key'])
      res.end()
    })
    const headers = [['idempotency-key', 'mine']] as const
    for (const grant of [granting(server.origin, KEYED), everything(server.origin)]) {
      await using actor = await caller(grant)
      await actor.fetch({ method: 'POST', url: server.origin, headers })
    }
    expect(seen).toEqual(['mine', 'mine'])
  })

  it('decides what a request does', async () => {
    const url = 'https://api.example.com/'
    const entry = { origin: 'https://api.example.com', methods: ['*'], paths: ['/'] }
    await using plain = await caller({ out: [entry] })
    await using keyed = await caller({ out: [{ ...entry, ...KEYED }] })
    const effects = (actor: typeof plain): unknown[] =>
      ['GET', 'PUT', 'POST', 'PATCH'].map((method) => actor.effect({ method, url }))
    expect(effects(plain)).toEqual(['idempotent', 'idempotent', 'once', 'once'])
    expect(effects(keyed)).toEqual(['idempotent', 'idempotent', 'idempotent', 'idempotent'])
  })

  it('is of the first entry that covers the request', async () => {
    const entry = { origin: 'https://api.example.com', methods: ['*'], paths: ['/'] }
    await using actor = await caller({ out: [{ ...entry, paths: ['/pay'], ...KEYED }, entry] })
    expect(actor.effect({ method: 'POST', url: 'https://api.example.com/pay/1' })).toBe('idempotent')
    expect(actor.effect({ method: 'POST', url: 'https://api.example.com/other' })).toBe('once')
  })

  it('is a child’s only where it is its parent’s', () => {
    const entry = { origin: 'https://api.example.com', methods: ['*'], paths: ['/'] }
    const handler = http()
    const plain = { out: [entry] }
    const keyed = { out: [{ ...entry, ...KEYED }] }
    expect(handler.within(plain, keyed)).toBe(true)
    expect(handler.within(keyed, plain)).toMatchObject({ refused: expect.any(String) as unknown })
  })

  it('is on requests of wasi:http too', async () => {
    const seen: unknown[] = []
    await using server = await serve((req, res) => {
      seen.push(req.headers['idempotency-key'])
      res.end()
    })
    await using actor = await client(granting(server.origin, KEYED))
    for (const [method, headers] of [
      ['POST', {}],
      ['POST', { 'Idempotency-Key': 'mine' }],
      ['PUT', {}],
    ] as const) {
      const made = request(actor, { method, authority: server.authority, headers })
      await response(await actor.handle(made))
      expect(made.headers().has('idempotency-key')).toBe('Idempotency-Key' in headers)
    }
    expect(seen).toEqual([expect.stringMatching(UUID), 'mine', undefined])
  })
})
