import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import {
  answer,
  bodyOf,
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
  serveTls,
  text,
  thrown,
  wait,
  write,
} from './support.ts'
import { untrusted } from './untrusted.ts'

describe('a request', () => {
  it('is made, and answered with status, fields and body', async () => {
    await using server = await serve((req, res) => {
      res.setHeader('X-Asked', `${req.method} ${req.url}`)
      res.setHeader('set-cookie', ['a=1', 'b=2'])
      res.writeHead(201).end('hello')
    })
    await using actor = await client(everything(server.origin))
    const got = await response(
      await actor.handle(
        request(actor, { authority: server.authority, path: '/a?b=c', headers: { 'X-Mine': 'é' } }),
      ),
    )
    expect(got.status()).toBe(201)
    const headers = got.headers()
    expect(headers.get('x-asked')).toEqual([Buffer.from('GET /a?b=c')])
    expect(headers.get('Set-Cookie').map(String)).toHaveLength(2)
    expect(headers.has('connection')).toBe(false)
    expect(await thrown(() => headers.delete('x-asked'))).toEqual({ tag: 'immutable' })
    const body = got.consume()
    expect(await text(body.stream())).toBe('hello')
    const trailers = body.finish()
    await wait(trailers.subscribe())
    expect(trailers.get()).toEqual({ tag: 'ok', val: { tag: 'ok', val: undefined } })
    expect(trailers.get()).toEqual({ tag: 'err', val: undefined })
  })

  it('sends its body as it is written', async () => {
    const seen: string[] = []
    const first = Promise.withResolvers<void>()
    await using server = await serve(async (req, res) => {
      for await (const chunk of req) {
        seen.push(String(chunk))
        first.resolve()
      }
      res.end(`got ${seen.join('|')}`)
    })
    await using actor = await client(everything(server.origin))
    const made = request(actor, { method: 'POST', authority: server.authority })
    const body = made.body()
    const future = await actor.handle(made)
    const stream = body.write()
    await write(stream, bytes('one'))
    await first.promise
    expect(seen).toEqual(['one'])
    await write(stream, bytes('two'))
    await actor.types['[static]outgoing-body.finish'](body, undefined)
    const got = await response(future)
    expect(await text(got.consume().stream())).toContain('got one')
    expect(seen.join('')).toBe('onetwo')
  })

  it('with a body that is written before it leaves has its length', async () => {
    await using server = await serve(async (req, res) => {
      res.end(`${req.headers['content-length']} ${req.headers['transfer-encoding']} ${await bodyOf(req)}`)
    })
    await using actor = await client(everything(server.origin))
    const made = request(actor, { method: 'PUT', authority: server.authority })
    const body = made.body()
    await write(body.write(), bytes('whole'))
    await actor.types['[static]outgoing-body.finish'](body, undefined)
    const got = await response(await actor.handle(made))
    expect(await text(got.consume().stream())).toBe('5 undefined whole')
  })

  it('streams a large body in both directions without keeping it', async () => {
    await using server = await serve((req, res) => void req.pipe(res))
    await using actor = await client(everything(server.origin))
    const made = request(actor, { method: 'POST', authority: server.authority })
    const body = made.body()
    const future = await actor.handle(made)
    const piece = new Uint8Array(50_000).fill(7)
    const stream = body.write()
    const sent = (async () => {
      for (let n = 0; n < 40; n++) await write(stream, piece)
      await actor.types['[static]outgoing-body.finish'](body, undefined)
    })()
    const got = await response(future)
    expect((await text(got.consume().stream())).length).toBe(40 * 50_000)
    await sent
  })

  it('gets the answer, not what is said before it', async () => {
    await using server = await serve((req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' })
      res.setHeader('content-length', 1_000_000_000)
      if (req.method === 'HEAD') res.end()
    })
    await using actor = await client(everything(server.origin))
    expect(await fetch(actor, { method: 'HEAD', authority: server.authority })).toEqual({
      status: 200,
      text: '',
    })
  })

  it('gets the trailers', async () => {
    await using server = await serve((_req, res) => {
      res.writeHead(200, { trailer: 'x-sum' })
      res.write('a')
      res.addTrailers({ 'X-Sum': '42' })
      res.end()
    })
    await using actor = await client(everything(server.origin))
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const trailers = got.consume().finish()
    await wait(trailers.subscribe())
    const answered = trailers.get()
    if (answered?.tag !== 'ok' || answered.val.tag !== 'ok') throw new Error('no trailers')
    expect(answered.val.val?.entries()).toEqual([['X-Sum', Buffer.from('42')]])
  })
})

describe('giving up', () => {
  it('by dropping the future closes the connection', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    await using server = await serve((_req, res) => asked.resolve(res))
    await using actor = await client(everything(server.origin))
    const future = await actor.handle(request(actor, { authority: server.authority }))
    const res = await asked.promise
    const closed = once(res, 'close')
    future[Symbol.dispose]()
    await closed
    expect(res.writableEnded).toBe(false)
  })

  it('by dropping the response, or its body, closes the connection', async () => {
    for (const what of ['response', 'body'] as const) {
      const asked = Promise.withResolvers<ServerResponse>()
      await using server = await serve((_req, res) => {
        res.write('begun')
        asked.resolve(res)
      })
      await using actor = await client(everything(server.origin))
      const got = await response(await actor.handle(request(actor, { authority: server.authority })))
      const res = await asked.promise
      const closed = once(res, 'close')
      if (what === 'response') got[Symbol.dispose]()
      else got.consume()[Symbol.dispose]()
      await closed
      expect(res.writableEnded).toBe(false)
    }
  })

  it('by dropping a body that is not finished breaks the request off', async () => {
    const broken = Promise.withResolvers<boolean>()
    await using server = await serve((req) => {
      req.on('error', () => undefined).on('close', () => broken.resolve(req.complete))
      req.resume()
    })
    await using actor = await client(everything(server.origin))
    const made = request(actor, { method: 'POST', authority: server.authority })
    const body = made.body()
    const future = await actor.handle(made)
    await write(body.write(), bytes('half'))
    body[Symbol.dispose]()
    expect(await broken.promise).toBe(false)
    expect(await failure(future)).toEqual({ tag: 'connection-terminated' })
  })

  it('by the end of the actor closes every connection', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    await using server = await serve((_req, res) => asked.resolve(res))
    const actor = await client(everything(server.origin))
    const future = await actor.handle(request(actor, { authority: server.authority }))
    const closed = once(await asked.promise, 'close')
    await actor[Symbol.asyncDispose]()
    await closed
    expect(await failure(future)).toEqual({ tag: 'connection-terminated' })
  })
})

describe('what fails', () => {
  it('a server that speaks no TLS, and one whose certificate nobody trusts', async () => {
    await using plain = await serve((_req, res) => res.end())
    await using secure = await serveTls(untrusted, (_req, res) => res.end('trusted'))
    await using actor = await client(everything(`https://${plain.authority}`, `https://${secure.authority}`))
    expect(await fetch(actor, { scheme: 'HTTPS', authority: plain.authority })).toEqual({
      tag: 'TLS-protocol-error',
    })
    expect(await fetch(actor, { scheme: 'HTTPS', authority: secure.authority })).toEqual({
      tag: 'TLS-certificate-error',
    })
  })

  it('nobody listens', async () => {
    const { origin, authority } = await (async () => {
      await using server = await serve(() => undefined)
      return server
    })()
    await using actor = await client(everything(origin))
    expect(await fetch(actor, { authority })).toEqual({ tag: 'connection-refused' })
  })

  it('what answers is no HTTP', async () => {
    await using server = await serveTcp((socket) => socket.end('220 smtp\r\n'))
    await using actor = await client(everything(server.origin))
    expect(await fetch(actor, { authority: server.authority })).toEqual({ tag: 'HTTP-protocol-error' })
  })

  it('the connection closes in the middle', async () => {
    await using server = await serveTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'))
    })
    await using actor = await client(everything(server.origin))
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const stream = got.consume().stream()
    const error = await thrown(() => text(stream))
    expect(codeIn(actor, error)).toEqual({ tag: 'HTTP-response-incomplete' })
    expect(await thrown(() => stream.read(1))).toEqual({ tag: 'closed' })
  })

  it('more at once than was granted', async () => {
    await using server = await serve(() => undefined)
    await using actor = await client({ ...everything(server.origin), limits: { concurrent: 1 } })
    const made = { authority: server.authority }
    const first = await actor.handle(request(actor, made))
    expect(await thrown(() => actor.handle(request(actor, made)))).toEqual({
      tag: 'connection-limit-reached',
    })
    first[Symbol.dispose]()
    const second = await actor.handle(request(actor, made))
    second[Symbol.dispose]()
    await answer(second)
  })
})
