import { once } from 'node:events'
import { get as ask, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HttpGrant } from '../src/index.ts'
import { Network } from '../src/network.ts'
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
  text,
  thrown,
  wait,
  write,
  type Client,
  type Made,
} from './support.ts'

type Trailers = readonly (readonly [string, string])[]

/** Makes a request whose body is whole before it leaves. */
async function whole(actor: Client, made: Made, body: string, trailers?: Trailers) {
  const asked = request(actor, { method: 'POST', ...made })
  const out = asked.body()
  await write(out.write(), bytes(body))
  await finish(actor, out, trailers)
  return actor.handle(asked)
}

function finish({ types }: Client, body: object, trailers?: Trailers): Promise<void> {
  const fields = trailers?.map(([name, value]) => [name, bytes(value)] as const)
  return types['[static]outgoing-body.finish'](body, fields && types['[static]fields.from-list'](fields))
}

/** A server that notes what it reads, and answers as it is told when a part of a message has come. */
async function listening(...says: readonly (readonly [after: string, answer: string])[]) {
  let read = ''
  const left = [...says]
  const server = await serveTcp((socket: Socket) => {
    socket.on('data', (chunk) => {
      read += chunk.toString('latin1')
      while (left[0] !== undefined && read.includes(left[0][0])) socket.write(left.shift()?.[1] ?? '')
    })
  })
  return {
    server,
    get read() {
      return read
    },
  }
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const unhurried = { abandoned: new AbortController().signal }
const END = '\r\n\r\n'

describe('trailers of a request', () => {
  it('follow its body, whether it is whole before it leaves or not', async () => {
    const seen: unknown[] = []
    await using server = await serve(async (req, res) => {
      const body = Buffer.concat((await req.toArray()) as Buffer[]).toString()
      seen.push([body, req.headers.trailer, req.rawTrailers, req.headers['content-length']])
      res.end()
    })
    await using actor = await client(everything(server.origin))
    const { authority } = server
    await response(await whole(actor, { authority }, 'text', [['X-Sum', '42']]))
    await response(await whole(actor, { authority }, '', [['x-sum', '0']]))

    const made = request(actor, { method: 'PUT', authority, headers: { trailer: 'x-sum' } })
    const body = made.body()
    const future = await actor.handle(made)
    const stream = body.write()
    await write(stream, bytes('te'))
    await write(stream, bytes('xt'))
    await finish(actor, body, [['x-sum', '43']])
    await response(future)
    expect(seen).toEqual([
      ['text', 'X-Sum', ['X-Sum', '42'], undefined],
      ['', 'x-sum', ['x-sum', '0'], undefined],
      ['text', 'x-sum', ['x-sum', '43'], undefined],
    ])
  })

  it('have no place behind a body that says how long it is: it is broken off, not sent without them', async () => {
    const complete: boolean[] = []
    await using server = await serve((req, res) => {
      req.on('error', () => undefined).on('close', () => complete.push(req.complete))
      req.on('end', () => res.end()).resume()
    })
    await using actor = await client(everything(server.origin))
    const { authority } = server
    const made = request(actor, { method: 'POST', authority, headers: { 'content-length': '4' } })
    const body = made.body()
    const future = await actor.handle(made)
    await write(body.write(), bytes('text'))
    const error = { tag: 'HTTP-request-trailer-section-size', val: 0 }
    expect(await thrown(() => finish(actor, body, [['x-sum', '42']]))).toEqual(error)
    expect(await failure(future)).toEqual(error)
    expect(complete).not.toContain(true)
  })

  it('beyond what was granted are not sent', async () => {
    await using server = await serve((req, res) => req.on('end', () => res.end()).resume())
    await using actor = await client({ ...everything(server.origin), limits: { 'header-bytes': 100 } })
    const made = request(actor, { method: 'POST', authority: server.authority })
    const body = made.body()
    expect(await thrown(() => finish(actor, body, [['x-long', 'x'.repeat(100)]]))).toEqual({
      tag: 'HTTP-request-trailer-section-size',
      val: 100,
    })
  })

  it('say nothing that its header has to say, and nothing that is the host’s to set', async () => {
    const seen: unknown[] = []
    await using server = await serve((req, res) => {
      req
        .on('end', () => {
          seen.push(req.rawTrailers, req.headers.authorization)
          res.end()
        })
        .resume()
    })
    const [entry] = everything(server.origin).out ?? []
    const grant: HttpGrant = { out: [{ ...entry!, headers: { authorization: { secret: 'KEY' } } }] }
    await using actor = await client(grant, { secrets: { KEY: 'secret' } })
    await response(
      await whole(actor, { authority: server.authority }, 'text', [
        ['Content-Length', '3'],
        ['Trailer', 'x'],
        ['Authorization', 'mine'],
        ['expect', '100-continue'],
        ['x-sum', '1'],
      ]),
    )
    expect(seen).toEqual([['x-sum', '1'], 'secret'])
  })
})

describe('trailers of a response', () => {
  it('are there when its body has ended, and are asked for by te', async () => {
    await using server = await serve((req, res) => {
      res.writeHead(200, { trailer: 'X-Sum' })
      res.write(`${String(req.headers.te)}; ${req.headers.connection}`)
      res.addTrailers({ 'X-Sum': '42' })
      res.end()
    })
    await using actor = await client(everything(server.origin))
    const made = request(actor, { authority: server.authority, headers: { TE: 'trailers' } })
    const got = await response(await actor.handle(made))
    const body = got.consume()
    expect(await text(body.stream())).toBe('trailers; keep-alive, te')
    const trailers = body.finish()
    await wait(trailers.subscribe())
    const answered = trailers.get()
    if (answered?.tag !== 'ok' || answered.val.tag !== 'ok') throw new Error('no trailers')
    const fields = answered.val.val
    expect(fields?.entries()).toEqual([['X-Sum', Buffer.from('42')]])
    expect(await thrown(() => fields?.append('x-sum', bytes('43')))).toEqual({ tag: 'immutable' })
  })

  it('are not read before the body has ended, and not without its rest being read', async () => {
    const go = Promise.withResolvers<void>()
    await using server = await serve(async (_req, res) => {
      res.write('begun')
      await go.promise
      res.addTrailers({ 'x-sum': '42' })
      res.end('x'.repeat(200_000))
    })
    await using actor = await client(everything(server.origin))
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const trailers = got.consume().finish()
    expect(trailers.get()).toBeUndefined()
    go.resolve()
    await wait(trailers.subscribe())
    expect(trailers.get()).toMatchObject({ tag: 'ok', val: { tag: 'ok', val: expect.anything() } })
  })

  it('beyond what was granted break it off', async () => {
    await using server = await serve((_req, res) => {
      res.write('body')
      res.addTrailers({ 'x-long': 'x'.repeat(2000) })
      res.end()
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'header-bytes': 1000 } })
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const trailers = got.consume().finish()
    await wait(trailers.subscribe())
    const error = { tag: 'HTTP-response-trailer-section-size', val: 1000 }
    expect(trailers.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: error } })
  })
})

describe('an answer before the answer', () => {
  it('is passed over, however many there are', async () => {
    const hints = `HTTP/1.1 103 Early Hints\r\nlink: </a>${END}`
    const heard = await listening([END, `HTTP/1.1 102 Processing${END}${hints.repeat(9)}${OK}`])
    await using server = heard.server
    await using actor = await client(everything(server.origin))
    expect(await fetch(actor, { authority: server.authority })).toEqual({ status: 200, text: 'ok' })
  })

  it('without end is none', async () => {
    const heard = await listening([END, `HTTP/1.1 103 Early Hints${END}`.repeat(200)])
    await using server = heard.server
    await using actor = await client(everything(server.origin))
    expect(await fetch(actor, { authority: server.authority })).toEqual({ tag: 'HTTP-protocol-error' })
  })

  it.each(['upgrade: x\r\nconnection: upgrade\r\n', '', 'upgrade: h2c\r\n'])(
    'that changes the protocol is refused (%j)',
    async (fields) => {
      const heard = await listening([END, `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n${OK}`])
      await using server = heard.server
      await using actor = await client(everything(server.origin))
      expect(await fetch(actor, { authority: server.authority })).toEqual({ tag: 'HTTP-upgrade-failed' })
    },
  )
})

describe('a body that is expected', () => {
  const expects = { expect: '100-continue' }
  const slow = (origin: string): HttpGrant => ({
    ...everything(origin),
    limits: { 'continue-ms': 600_000, 'total-ms': 600_000 },
  })

  it('leaves when the server asks for it', async () => {
    const order: string[] = []
    await using server = await serve(() => order.push('unasked'))
    server.http?.on('checkContinue', (req, res) => {
      req.once('data', () => order.push('body'))
      order.push('asks')
      res.writeContinue()
      req.on('end', () => res.end('ok'))
    })
    await using actor = await client(slow(server.origin))
    const { authority } = server
    const got = await response(await whole(actor, { authority, headers: expects }, 'text'))
    expect(await text(got.consume().stream())).toBe('ok')

    const made = request(actor, { method: 'PUT', authority, headers: expects })
    const body = made.body()
    const future = await actor.handle(made)
    await write(body.write(), bytes('text'))
    await finish(actor, body)
    await response(future)
    expect(order).toEqual(['asks', 'body', 'asks', 'body'])
  })

  it('stays where the server answers instead, and the guest is told', async () => {
    const heard = await listening([END, `HTTP/1.1 417 Expectation Failed\r\ncontent-length: 2${END}no`])
    await using server = heard.server
    await using actor = await client(slow(server.origin))
    const { authority } = server
    const made = request(actor, { method: 'POST', authority, headers: expects })
    const body = made.body()
    const future = await actor.handle(made)
    const stream = body.write()
    stream.write(bytes('never-sent'))
    const got = await response(future)
    expect(got.status()).toBe(417)
    expect(await text(got.consume().stream())).toBe('no')
    expect(await thrown(() => finish(actor, body))).toEqual({ tag: 'connection-terminated' })
    expect(heard.read).toContain('expect: 100-continue')
    expect(heard.read).not.toContain('never-sent')
  })

  it('leaves when its time is over where the server says nothing', async () => {
    const heard = await listening(['text', OK])
    await using server = heard.server
    await using actor = await client({ ...everything(server.origin), limits: { 'continue-ms': 1 } })
    const made = { authority: server.authority, headers: expects }
    expect((await response(await whole(actor, made, 'text'))).status()).toBe(200)
  })

  it('is given up with its request', async () => {
    const heard = await listening()
    await using server = heard.server
    await using actor = await client({ ...slow(server.origin), limits: { concurrent: 1 } })
    const { authority } = server
    const future = await whole(actor, { authority, headers: expects }, 'never-sent')
    future[Symbol.dispose]()
    expect(await failure(future)).toEqual({ tag: 'connection-terminated' })
    expect(heard.read).not.toContain('never-sent')
  })

  it('that there is not is not waited for', async () => {
    const heard = await listening([END, OK])
    await using server = heard.server
    await using actor = await client(slow(server.origin))
    await fetch(actor, { authority: server.authority, headers: expects })
    expect(heard.read).not.toContain('expect')
  })
})

describe('a connection', () => {
  /** A server that counts its connections, and says over which one it was asked. */
  async function counting() {
    const seen: Socket[] = []
    const server = await serve((req, res) => {
      if (!seen.includes(req.socket)) seen.push(req.socket)
      res.end(String(seen.indexOf(req.socket)))
    })
    return { server, seen }
  }

  it('is used again by its actor, and by no other', async () => {
    const { server: held, seen } = await counting()
    await using server = held
    const { authority } = server
    await using one = await client(everything(server.origin))
    await using other = await client(everything(server.origin))
    const over: string[] = []
    for (const actor of [one, one, other, one, other]) {
      const got = await fetch(actor, { authority })
      over.push('text' in got ? got.text : got.tag)
    }
    expect(over).toEqual(['0', '0', '1', '0', '1'])
    expect(seen).toHaveLength(2)
  })

  it('carries a body too, and is used again', async () => {
    const { server: held } = await counting()
    await using server = held
    await using actor = await client(everything(server.origin))
    const over: string[] = []
    for (const trailers of [undefined, [['x-a', '1']] as const]) {
      const got = await response(await whole(actor, { authority: server.authority }, 'text', trailers))
      over.push(await text(got.consume().stream()))
    }
    expect(over).toEqual(['0', '0'])
  })

  it('that may end anywhere is not one that may only end at a public address', async () => {
    const { server: held, seen } = await counting()
    await using server = held
    // Whoever asks is told that this one is public.
    const network = new Network(undefined, () => true)
    for (const privateToo of [true, false, true, false]) {
      const asked = ask(`${server.origin}/`, { agent: network.pool('http:', privateToo), ...unhurried })
      const [got] = (await once(asked, 'response')) as [IncomingMessage]
      await bodyOf(got)
    }
    expect(seen).toHaveLength(2)
    network.end()
  })

  it('on which something comes unasked is not used again', async () => {
    let asked = 0
    const connections: Socket[] = []
    await using server = await serveTcp((socket) => {
      connections.push(socket)
      socket.on('data', () => {
        asked += 1
        // One answer to the request, and one to a request that was never made.
        socket.write(asked === 1 ? `${OK}HTTP/1.1 200 OK\r\ncontent-length: 6${END}poison` : OK)
      })
    })
    await using actor = await client(everything(server.origin))
    const { authority } = server
    await fetch(actor, { authority })
    await once(connections[0]!, 'close')
    expect(await fetch(actor, { authority })).toEqual({ status: 200, text: 'ok' })
    expect(connections).toHaveLength(2)
  })

  it('whose body was not sent whole is not used again', async () => {
    let connections = 0
    await using server = await serveTcp((socket) => {
      connections += 1
      socket.once('data', () => socket.write(OK))
    })
    await using actor = await client(everything(server.origin))
    const { authority } = server
    const made = request(actor, { method: 'POST', authority })
    const body = made.body()
    const future = await actor.handle(made)
    const stream = body.write()
    await write(stream, bytes('part'))
    const got = await response(future)
    expect(await text(got.consume().stream())).toBe('ok')
    expect(await thrown(() => finish(actor, body))).toEqual({ tag: 'connection-terminated' })
    expect(await fetch(actor, { authority })).toEqual({ status: 200, text: 'ok' })
    expect(connections).toBe(2)
  })

  it('that is still being made is given up with its request', async () => {
    let resolved: (() => void) | undefined
    const looked = Promise.withResolvers<void>()
    let connections = 0
    await using server = await serve((_req, res) => res.end())
    server.http?.on('connection', () => (connections += 1))
    const origin = `http://slow.example.com:${server.port}`
    await using actor = await client(
      { ...everything(origin), limits: { concurrent: 1 } },
      {
        lookup: (_host, _options, callback) => {
          resolved = () => callback(null, [{ address: '127.0.0.1', family: 4 }])
          looked.resolve()
        },
      },
    )
    const future = await actor.handle(request(actor, { authority: `slow.example.com:${server.port}` }))
    await looked.promise
    future[Symbol.dispose]()
    resolved?.()
    // Its place is free: the next one is made, and is the only one that connects.
    const next = await actor.handle(request(actor, { authority: `slow.example.com:${server.port}` }))
    await wait({ ready: () => true, wait: async () => undefined })
    resolved?.()
    expect(await answer(next)).toMatchObject({})
    expect(connections).toBe(1)
  })
})

describe('what the guest drops', () => {
  it('before it is sent is not sent, and what is written to it leads nowhere', async () => {
    const heard = await listening()
    await using server = heard.server
    await using actor = await client(everything(server.origin))
    const made = request(actor, { method: 'POST', authority: server.authority })
    const stream = made.body().write()
    made[Symbol.dispose]()
    const error = await thrown(() => stream.write(bytes('never-sent')))
    expect(codeIn(actor, error)).toEqual({ tag: 'connection-terminated' })
    expect(heard.read).toBe('')
  })

  it('of a body that is sent, or of trailers that are waited for, ends the connection and gives its place back', async () => {
    const heard = await listening(['POST', ''], ['GET', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'])
    await using server = heard.server
    await using actor = await client({ ...everything(server.origin), limits: { concurrent: 1 } })
    const { authority } = server
    const made = request(actor, { method: 'POST', authority })
    const body = made.body()
    const future = await actor.handle(made)
    await write(body.write(), bytes('part'))
    body[Symbol.dispose]()
    expect(await failure(future)).toEqual({ tag: 'connection-terminated' })

    const got = await response(await actor.handle(request(actor, { authority })))
    const trailers = got.consume().finish()
    expect(await thrown(() => actor.handle(request(actor, { authority })))).toEqual({
      tag: 'connection-limit-reached',
    })
    trailers[Symbol.dispose]()
    const last = await actor.handle(request(actor, { authority }))
    last[Symbol.dispose]()
  })
})

describe('the time between bytes', () => {
  it('begins with the first one: until then it is that of the first', async () => {
    const asked = Promise.withResolvers<Socket>()
    await using server = await serveTcp((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n')
        asked.resolve(socket)
      })
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'between-bytes-ms': 1 } })
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    const socket = await asked.promise
    socket.write('late')
    expect(await text(got.consume().stream())).toBe('late')
  })
})
