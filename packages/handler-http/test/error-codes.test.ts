import { readFileSync } from 'node:fs'
import type { LookupFunction } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { ErrorCode, HttpGrant, HttpOptions } from '../src/index.ts'
import {
  bytes,
  client,
  codeIn,
  everything,
  failure,
  request,
  response,
  serve,
  serveTcp,
  serveTls,
  text,
  thrown,
  wait,
  write,
  type Client,
  type Local,
  type Made,
} from './support.ts'
import { untrusted } from './untrusted.ts'

/** What one request came to, wherever it shows. */
async function came(actor: Client, made: Made, options?: object): Promise<ErrorCode> {
  try {
    return await failure(await actor.handle(request(actor, made), options))
  } catch (error) {
    return (await thrown(() => Promise.reject(error as Error))) as ErrorCode
  }
}

/** The same of an actor that may do everything at one place. */
async function asked(
  place: Local,
  grant: Partial<HttpGrant> = {},
  made: Partial<Made> = {},
): Promise<ErrorCode> {
  await using server = place
  await using actor = await client({ ...everything(server.origin), ...grant })
  return await came(actor, { authority: server.authority, ...made })
}

/** The same of a name, whose resolver answers so. */
async function resolved(lookup: LookupFunction, ms?: bigint): Promise<ErrorCode> {
  await using actor = await client(
    { out: [{ origin: 'http://named.example', methods: ['*'], paths: ['/'] }] },
    { lookup },
  )
  const options = actor.types['[constructor]request-options']()
  options.setConnectTimeout(ms)
  return await came(actor, { authority: 'named.example' }, options)
}

const fails =
  (code: string): LookupFunction =>
  (_host, _options, callback) =>
    callback(Object.assign(new Error(code), { code }), '', 0)

/** A server that says one thing to whoever comes. */
function says(answer: string | Uint8Array, thenCloses = false): Promise<Local> {
  return serveTcp((socket) => {
    socket.once('data', () => (thenCloses ? socket.end(answer) : socket.write(answer)))
  })
}

/** The error in the stream of a response's body. */
async function inBody(place: Local, grant: Partial<HttpGrant> = {}): Promise<ErrorCode | undefined> {
  await using server = place
  await using actor = await client({ ...everything(server.origin), ...grant })
  const got = await response(await actor.handle(request(actor, { authority: server.authority })))
  return codeIn(actor, await thrown(() => text(got.consume().stream())))
}

/** Where nobody listens. */
async function nowhere(): Promise<Local> {
  const server = await serve(() => undefined)
  await server[Symbol.asyncDispose]()
  return { ...server, [Symbol.asyncDispose]: async () => undefined }
}

const silent = (): Promise<Local> => serve(() => undefined)
const HEAD = 'HTTP/1.1 200 OK\r\n'
const secretless: HttpOptions = {
  secrets: {
    KEY: () => {
      throw new Error('not to be had')
    },
  },
}

/** How each code is come to. */
const reached: { readonly [T in ErrorCode['tag']]?: () => Promise<ErrorCode | undefined> } = {
  'DNS-timeout': () => resolved(fails('EAI_AGAIN')),
  'DNS-error': () => resolved(fails('ENOTFOUND')),
  'destination-IP-prohibited': () =>
    resolved((_host, _options, callback) => callback(null, [{ address: '10.0.0.1', family: 4 }])),
  'destination-IP-unroutable': () => resolved(fails('EHOSTUNREACH')),
  'connection-refused': async () => asked(await nowhere()),
  'connection-terminated': async () => asked(await says('', true)),
  'connection-timeout': () => resolved(() => undefined, 1n),
  'connection-read-timeout': async () =>
    inBody(await says(`${HEAD}content-length: 9\r\n\r\npart`), { limits: { 'between-bytes-ms': 1 } }),
  async 'connection-write-timeout'() {
    await using server = await serveTcp((socket) => socket.pause())
    const limits = { 'between-bytes-ms': 1, 'request-bytes': 1_000_000_000 }
    await using actor = await client({ ...everything(server.origin), limits })
    const made = request(actor, { method: 'POST', authority: server.authority })
    const stream = made.body().write()
    const future = await actor.handle(made)
    const piece = new Uint8Array(60_000)
    const error = await thrown(async () => {
      for (;;) await write(stream, piece)
    })
    expect(codeIn(actor, error)).toEqual({ tag: 'connection-write-timeout' })
    return await failure(future)
  },
  'connection-limit-reached': async () => asked(await silent(), { limits: { concurrent: 0 } }),
  async 'TLS-protocol-error'() {
    await using server = await silent()
    await using actor = await client(everything(`https://${server.authority}`))
    return await came(actor, { scheme: 'HTTPS', authority: server.authority })
  },
  async 'TLS-certificate-error'() {
    await using server = await serveTls(untrusted, (_req, res) => res.end())
    await using actor = await client(everything(`https://${server.authority}`))
    return await came(actor, { scheme: 'HTTPS', authority: server.authority })
  },
  async 'TLS-alert-received'() {
    // A fatal alert, handshake_failure: RFC 8446, 6.
    await using server = await says(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40))
    await using actor = await client(everything(`https://${server.authority}`))
    const code = await came(actor, { scheme: 'HTTPS', authority: server.authority })
    expect(code).toMatchObject({ val: { alertId: 40 } })
    return code
  },
  'HTTP-request-denied': async () => asked(await silent(), { out: [] }),
  'HTTP-request-body-size': async () => asked(await silent(), {}, { headers: { 'content-length': '1' } }),
  'HTTP-request-method-invalid': async () => asked(await silent(), {}, { method: 'CONNECT' }),
  async 'HTTP-request-URI-invalid'() {
    await using actor = await client({})
    const made = actor.types['[constructor]outgoing-request'](actor.types['[constructor]fields']())
    return (await thrown(() => actor.handle(made))) as ErrorCode
  },
  'HTTP-request-URI-too-long': async () =>
    asked(await silent(), { limits: { 'header-bytes': 10 } }, { path: '/longer-than-that' }),
  'HTTP-request-header-section-size': async () =>
    asked(await silent(), { limits: { 'header-bytes': 10 } }, { headers: { 'x-long': 'x'.repeat(10) } }),
  async 'HTTP-request-trailer-section-size'() {
    await using actor = await client({ limits: { 'header-bytes': 10 } })
    const body = request(actor, { authority: 'named.example' }).body()
    const trailers = actor.types['[static]fields.from-list']([['x-long', bytes('x'.repeat(10))]])
    return (await thrown(() => actor.types['[static]outgoing-body.finish'](body, trailers))) as ErrorCode
  },
  'HTTP-response-incomplete': async () => inBody(await says(`${HEAD}content-length: 9\r\n\r\npart`, true)),
  'HTTP-response-header-section-size': async () =>
    asked(await says(`${HEAD}x-long: ${'x'.repeat(1000)}\r\n\r\n`), { limits: { 'header-bytes': 500 } }),
  'HTTP-response-body-size': async () =>
    asked(await says(`${HEAD}content-length: 9\r\n\r\nall of it`), { limits: { 'response-bytes': 8 } }),
  async 'HTTP-response-trailer-section-size'() {
    const chunked = `${HEAD}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-long: ${'x'.repeat(1000)}\r\n\r\n`
    await using server = await says(chunked)
    await using actor = await client({ ...everything(server.origin), limits: { 'header-bytes': 500 } })
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const trailers = got.consume().finish()
    await wait(trailers.subscribe())
    const answered = trailers.get()
    return answered?.tag === 'ok' && answered.val.tag === 'err' ? answered.val.val : undefined
  },
  'HTTP-response-transfer-coding': async () =>
    asked(await says(`${HEAD}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`)),
  'HTTP-response-timeout': async () => asked(await silent(), { limits: { 'first-byte-ms': 1 } }),
  'HTTP-upgrade-failed': async () =>
    asked(await says('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')),
  'HTTP-protocol-error': async () => asked(await says('220 smtp\r\n')),
  async 'configuration-error'() {
    const entry = {
      origin: 'http://named.example',
      methods: ['*'],
      paths: ['/'],
      headers: { 'x-key': { secret: 'KEY' } },
    }
    await using actor = await client({ out: [entry] }, secretless)
    return await came(actor, { authority: 'named.example' })
  },
  'internal-error': () => resolved(fails('ENOBODYKNOWS')),
}

const wit = readFileSync(new URL('../../../wit/wasi/http.wit', import.meta.url), 'utf8')
const codes = (/variant error-code \{([^}]*)\}/.exec(wit)?.[1] ?? '')
  .split('\n')
  .flatMap((line) => /^\s*([A-Za-z-]+)/.exec(line)?.[1] ?? [])
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const written = new Map(
  [...readme.matchAll(/^\| `([A-Za-z-]+)` \| (.*) \|$/gm)].map(([, code = '', when = '']) => [code, when]),
)
const never = codes.filter((code) => written.get(code)?.startsWith('never: ') === true)

describe('an error code', () => {
  it.each(Object.entries(reached))('is come to: %s', async (tag, come) => {
    expect(await come()).toMatchObject({ tag })
  })

  it('has its row in the README, which says when it is, or why it never is', () => {
    expect(codes).toHaveLength(39)
    expect(codes.filter((code) => !written.has(code))).toEqual([])
    expect([...Object.keys(reached), ...never].toSorted()).toEqual(codes.toSorted())
  })
})
