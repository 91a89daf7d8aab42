import { describe, expect, it } from 'vitest'
import {
  answer,
  bytes,
  client,
  codeIn,
  everything,
  failure,
  fetch,
  request,
  response,
  serve,
  serveTcp,
  text,
  thrown,
  untouched,
  write,
} from './support.ts'
import { Time } from './time.ts'

const DENIED = { tag: 'HTTP-request-denied' }

describe('header fields', () => {
  it.each([
    ['a line break in a value', 'x-a', 'b\r\nx-injected: 1', 'invalid-syntax'],
    ['a bare line feed in a value', 'x-a', 'b\nx-injected: 1', 'invalid-syntax'],
    ['a NUL in a value', 'x-a', 'b\0', 'invalid-syntax'],
    ['a line break in a name', 'x-a\r\nx-injected', '1', 'invalid-syntax'],
    ['a colon in a name', 'x-a: 1, x-b', '1', 'invalid-syntax'],
    ['a space in a name', 'host ', 'evil.example', 'invalid-syntax'],
    ['no name', '', '1', 'invalid-syntax'],
    ['host', 'Host', 'evil.example', 'forbidden'],
    ['connection', 'connection', 'x-a', 'forbidden'],
    ['transfer-encoding', 'Transfer-Encoding', 'chunked', 'forbidden'],
    ['upgrade', 'upgrade', 'websocket', 'forbidden'],
    ['keep-alive', 'keep-alive', 'timeout=99', 'forbidden'],
    ['te, but for trailers', 'te', 'gzip', 'forbidden'],
    ['expect, but for 100-continue', 'expect', '200-ok', 'forbidden'],
    ['proxy-authorization', 'proxy-authorization', 'Basic x', 'forbidden'],
    ['proxy-connection', 'Proxy-Connection', 'keep-alive', 'forbidden'],
  ])('with %s are not made', async (_what, name, value, tag) => {
    await using actor = await client({})
    const { types } = actor
    const fields = types['[constructor]fields']()
    expect(await thrown(() => fields.append(name, bytes(value)))).toEqual({ tag })
    expect(await thrown(() => fields.set(name, [bytes('ok'), bytes(value)]))).toMatchObject({
      tag: expect.any(String),
    })
    expect(await thrown(() => types['[static]fields.from-list']([[name, bytes(value)]]))).toEqual({ tag })
    expect(fields.entries()).toEqual([])
  })

  it('of a message that was received, and of one that is sent, do not change', async () => {
    await using server = await serve((_req, res) => res.setHeader('x-a', '1').end())
    await using actor = await client(everything(server.origin))
    const made = request(actor, { authority: server.authority, headers: { 'x-b': '2' } })
    expect(await thrown(() => made.headers().set('x-b', []))).toEqual({ tag: 'immutable' })
    const got = await response(await actor.handle(made))
    expect(await thrown(() => got.headers().append('x-a', bytes('2')))).toEqual({ tag: 'immutable' })
    const copy = got.headers().clone()
    copy.delete('x-a')
    expect(copy.has('x-a')).toBe(false)
    expect(got.headers().has('x-a')).toBe(true)
  })

  it('beyond what was granted are not sent', async () => {
    const { reached, listening } = untouched()
    await using server = await listening
    await using actor = await client({ ...everything(server.origin), limits: { 'header-bytes': 100 } })
    const made = request(actor, { authority: server.authority, headers: { 'x-long': 'x'.repeat(100) } })
    expect(await thrown(() => actor.handle(made))).toEqual({
      tag: 'HTTP-request-header-section-size',
      val: 100,
    })
    expect(reached).toEqual([])
  })

  it('without end are not kept', async () => {
    await using actor = await client({})
    const fields = actor.types['[constructor]fields']()
    const value = bytes('x'.repeat(60_000))
    for (let n = 0; n < 4; n++) fields.append('x-long', value)
    expect(await thrown(() => fields.append('x-long', value))).toEqual({ tag: 'invalid-syntax' })
  })

  it('of a response, beyond what was granted, end it', async () => {
    await using server = await serve((_req, res) => res.setHeader('x-long', 'x'.repeat(2000)).end())
    await using actor = await client({ ...everything(server.origin), limits: { 'header-bytes': 1000 } })
    expect(await fetch(actor, { authority: server.authority })).toMatchObject({
      tag: 'HTTP-response-header-section-size',
    })
  })

  it('of a response, byte by byte and without end, end it when their time is over', async () => {
    await using server = await serveTcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
      const drip = setInterval(() => socket.write('x'), 5)
      socket.on('close', () => clearInterval(drip))
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'first-byte-ms': 40 } })
    expect(await fetch(actor, { authority: server.authority })).toEqual({ tag: 'HTTP-response-timeout' })
  })
})

describe('bodies', () => {
  it('beyond what was granted are not sent', async () => {
    const ended: boolean[] = []
    await using server = await serve((req) => {
      req.on('error', () => undefined).on('close', () => ended.push(req.complete))
      req.resume()
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'request-bytes': 1000 } })
    const made = request(actor, { method: 'POST', authority: server.authority })
    const body = made.body()
    const future = await actor.handle(made)
    const stream = body.write()
    await write(stream, new Uint8Array(600))
    const error = await thrown(() => write(stream, new Uint8Array(600)))
    expect(codeIn(actor, error)).toEqual({ tag: 'HTTP-request-body-size', val: 1000n })
    expect(await failure(future)).toEqual({ tag: 'HTTP-request-body-size', val: 1000n })
    expect(ended).not.toContain(true)
  })

  it('that are not as long as they say are not sent for whole: no request hides in another', async () => {
    const seen: string[] = []
    await using server = await serve((req, res) => {
      seen.push(`${req.method} ${req.url}`)
      res.end()
    })
    await using actor = await client(everything(server.origin))
    const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n'
    const made = request(actor, {
      method: 'POST',
      authority: server.authority,
      headers: { 'content-length': '3' },
    })
    const body = made.body()
    const future = await actor.handle(made)
    const error = await thrown(() => write(body.write(), bytes(`abc${smuggled}`)))
    expect(codeIn(actor, error)).toEqual({ tag: 'HTTP-request-body-size', val: 3n })
    expect(await failure(future)).toEqual({ tag: 'HTTP-request-body-size', val: 3n })

    const short = request(actor, {
      method: 'POST',
      authority: server.authority,
      headers: { 'content-length': '9' },
    })
    const half = short.body()
    const second = await actor.handle(short)
    await write(half.write(), bytes('four'))
    expect(await thrown(() => actor.types['[static]outgoing-body.finish'](half, undefined))).toEqual({
      tag: 'HTTP-request-body-size',
      val: 4n,
    })
    expect(await failure(second)).toEqual({ tag: 'HTTP-request-body-size', val: 4n })
    expect(seen).not.toContain('GET /smuggled')
  })

  it.each(['3, 4', '+3', '-1', '0x3', '3 ', ''])('with the length %j are not sent', async (length) => {
    const { reached, listening } = untouched()
    await using server = await listening
    await using actor = await client(everything(server.origin))
    const headers = { 'content-length': length }
    const made = request(actor, { method: 'POST', authority: server.authority, headers })
    made.body()
    expect(await thrown(() => actor.handle(made))).toEqual({ tag: 'HTTP-protocol-error' })
    expect(reached).toEqual([])
  })

  it('of a response that says it is too big end at once', async () => {
    await using server = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': 5000 })
      res.write('x'.repeat(10))
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'response-bytes': 1000 } })
    const got = await answer(await actor.handle(request(actor, { authority: server.authority })))
    expect(got).toEqual({ tag: 'HTTP-response-body-size', val: 1000n })
  })

  it('of a response that never end, end where they were granted', async () => {
    await using server = await serve((_req, res) => {
      const more = (): void => {
        while (!res.destroyed && res.write('x'.repeat(1000)));
        if (!res.destroyed) res.once('drain', more)
      }
      more()
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'response-bytes': 100_000 } })
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const error = await thrown(() => text(got.consume().stream()))
    expect(codeIn(actor, error)).toEqual({ tag: 'HTTP-response-body-size', val: 100_000n })
  })

  it('of a response that stop in the middle end when their time is over', async () => {
    await using server = await serve((_req, res) => void res.write('begun'))
    await using actor = await client({ ...everything(server.origin), limits: { 'between-bytes-ms': 30 } })
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const error = await thrown(() => text(got.consume().stream()))
    expect(codeIn(actor, error)).toEqual({ tag: 'connection-read-timeout' })
  })

  it('that nobody reads do not fill the host, and end with the whole exchange', async () => {
    let written = 0
    // Turns of the event loop in which nothing more could be written.
    let still = 0
    const closed = Promise.withResolvers<void>()
    await using server = await serve((_req, res) => {
      const more = (): void => {
        still = 0
        while (!res.destroyed && res.write('x'.repeat(10_000))) written += 10_000
        if (!res.destroyed) res.once('drain', more)
      }
      res.on('close', () => closed.resolve())
      more()
    })
    const limits = { 'response-bytes': 1_000_000_000, 'total-ms': 1000 }
    await using actor = await client({ ...everything(server.origin), limits })
    using time = new Time()
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const stream = got.consume().stream()
    stream.read(1)
    // Buffers of the system, of the client and of ours, and no more.
    for (; still < 100 && written < 50_000_000; still++)
      await new Promise((resolve) => void setImmediate(resolve))
    expect(written).toBeLessThan(50_000_000)
    time.pass(1000)
    await closed.promise
    expect(codeIn(actor, await thrown(() => text(stream)))).toEqual({ tag: 'HTTP-response-timeout' })
  })

  it('that a guest never writes do not hold a place for ever', async () => {
    const { reached, listening } = untouched()
    await using server = await listening
    const limits = { concurrent: 1, 'total-ms': 1000 }
    await using actor = await client({ ...everything(server.origin), limits })
    using time = new Time()
    const made = request(actor, { method: 'POST', authority: server.authority })
    made.body()
    const future = await actor.handle(made)
    time.pass(1000)
    expect(await failure(future)).toEqual({ tag: 'HTTP-response-timeout' })
    expect(reached).toEqual([])
    expect(await fetch(actor, { authority: server.authority })).toMatchObject({ status: 200 })
  })
})

describe('more than was granted', () => {
  it('timeouts that a guest asks for only lower those of the grant', async () => {
    await using server = await serve(() => undefined)
    await using actor = await client({ ...everything(server.origin), limits: { 'first-byte-ms': 30 } })
    const options = actor.types['[constructor]request-options']()
    options.setFirstByteTimeout(2n ** 64n - 1n)
    const future = await actor.handle(request(actor, { authority: server.authority }), options)
    expect(await failure(future)).toEqual({ tag: 'HTTP-response-timeout' })
  })

  it('a method that was not granted is refused, in whatever letters', async () => {
    const { reached, listening } = untouched()
    await using server = await listening
    const out = [{ origin: server.origin, methods: ['GET'], paths: ['/'], 'private-network': true }]
    await using actor = await client({ out })
    const invalid = { tag: 'HTTP-request-method-invalid' }
    for (const method of ['POST', 'DELETE', 'get', 'Get', 'PATCH']) {
      const made = request(actor, { method, authority: server.authority })
      const refused = method === method.toUpperCase() ? DENIED : invalid
      expect(await thrown(() => actor.handle(made))).toEqual(refused)
    }
    expect(reached).toEqual([])
  })

  it('an entry without methods, or without paths, grants nothing', async () => {
    const origin = 'https://api.example.com'
    for (const out of [[{ origin }], [{ origin, methods: ['*'] }], [{ origin, paths: ['/'] }], []]) {
      await using actor = await client({ out })
      const made = request(actor, { scheme: 'HTTPS', authority: 'api.example.com' })
      expect(await thrown(() => actor.handle(made))).toEqual(DENIED)
    }
  })
})
