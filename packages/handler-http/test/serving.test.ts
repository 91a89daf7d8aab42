import { once } from 'node:events'
import { createServer, request as nodeRequest } from 'node:http'
import { memoryStore, readEvents } from '@theater/event-chain'
import { fakeActor } from '@theater/handler-conformance'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { http } from '../src/index.ts'
import { Site } from './serving-support.ts'

describe('a request that an actor answers', () => {
  it('reaches it as it was sent, without what belongs to the connection', async () => {
    await using site = await Site.open()
    const wire = await site.wire()
    await wire.send(
      'PROPFIND /a/%7Eb?q=1&r=%20 HTTP/1.1\r\nHost: LocalHost:80\r\nX-Forwarded-For: 203.0.113.9\r\nX-Two: 1\r\nx-two: 2\r\n' +
        'Connection: close, X-Hop\r\nX-Hop: secret\r\nTE: deflate\r\nProxy-Authorization: x\r\nUpgrade: websocket\r\nX-Latin: \xe9\r\n\r\n',
    )
    const received = await wire.ended()
    expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe(
      'PROPFIND http://LocalHost:80/a/%7Eb?q=1&r=%20\nX-Forwarded-For: 203.0.113.9\nX-Two: 1\nx-two: 2\nX-Latin: \xe9\n',
    )
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  const answers: readonly (readonly [string, RequestInit & { duplex?: 'half' }, number, string])[] = [
    ['/echo', { method: 'POST', body: 'one two' }, 200, 'one two'],
    ['/echo', { method: 'POST', body: '' }, 200, ''],
    ['/echo', {}, 200, ''],
    ['/echo', { method: 'PUT', body: 'x'.repeat(300_000) }, 200, 'x'.repeat(300_000)],
    ['/status/404', {}, 404, 'as asked'],
    ['/status/599', {}, 599, 'as asked'],
    ['/bare', {}, 201, ''],
    ['/gentle/100000', {}, 200, 'abcdefghijklmnopqrstuvwxyz'.repeat(3847).slice(0, 100_000)],
    ['/trailers', {}, 200, 'with'],
    ['/count', { method: 'HEAD' }, 200, ''],
    ['/status/204', {}, 204, ''],
    ['/status/304', {}, 304, ''],
  ]
  it.each(answers)('%s %o is answered with %i', async (path, init, status, text) => {
    await using site = await Site.open()
    expect(await site.ask(path, init)).toEqual([status, text])
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  const failures: readonly (readonly [string, number, RegExp])[] = [
    ['/boom', 502, /^The actor failed\.\n$/],
    ['/status/100', 502, /^The actor failed\.\n$/],
    ['/status/600', 502, /^The actor failed\.\n$/],
    ['/lie', 502, /^The actor gave an answer that is none\.\n$/],
    ['/unfinished', 502, /^The actor gave an answer that is none\.\n$/],
    ['/kept', 502, /^The actor gave an answer that is none\.\n$/],
    ['/silent', 500, /^The actor gave no answer\.\n$/],
    ['/leak', 500, /^The actor gave no answer\.\n$/],
    ['/denied', 403, /^The actor answered with an error\.\n$/],
    ['/failed', 500, /^The actor answered with an error\.\n$/],
  ]
  it.each(failures)(
    '%s gets a plain %i that says nothing of the inside, and the next one is answered',
    async (path, status, text) => {
      await using site = await Site.open()
      const response = await site.fetch(path)
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(await response.text()).toMatch(text)
      expect((await site.ask('/count'))[0]).toBe(200)
      expect(await site.verdicts()).toEqual({ web: 'verified' })
    },
  )

  const headers: readonly (readonly [string, number, boolean, number])[] = [
    ['/bare', 13, false, 201],
    ['/bare', 12, false, 502],
    ['/bare', 12, true, 502],
    ['/status/200', 26, true, 200],
    ['/status/200', 25, false, 502],
    ['/status/200', 25, true, 502],
    ['/trailers', 10, false, 200],
    ['/trailers', 9, false, 502],
  ]
  it.each(headers)(
    '%s within %i bytes of header, streamed: %s, is %i',
    async (path, bytes, stream, status) => {
      const limits = { 'header-bytes': bytes }
      await using site = await Site.open({}, { serve: [{ path: '/' }], limits, stream })
      const wire = await site.wire()
      await wire.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect(await wire.ended()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(await site.verdicts()).toEqual({ web: 'verified' })
    },
  )

  it('undoes what a trapped turn did, and no other', async () => {
    await using site = await Site.open()
    expect(await site.ask('/count')).toEqual([200, '1'])
    expect((await site.ask('/boom'))[0]).toBe(502)
    expect(await site.ask('/count')).toEqual([200, '2'])
  })

  it('has its trailers read, and is answered with some', async () => {
    await using site = await Site.open()
    const wire = await site.wire()
    await wire.send(
      'POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n',
    )
    await wire.until((text) => text.endsWith('5\nX-Sum: 5\n'))
    await wire.send('GET /trailers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(await wire.ended()).toMatch(/trailer: x-sum\r\n[^]*\r\n4\r\nwith\r\n0\r\nx-sum: 4\r\n\r\n$/)
  })

  it('over HTTP/1.0 is answered without chunks', async () => {
    await using site = await Site.open()
    const wire = await site.wire()
    await wire.send('GET /trailers HTTP/1.0\r\nHost: localhost\r\n\r\n')
    const received = await wire.ended()
    expect(received).toContain('content-length: 4\r\n')
    expect(received).not.toContain('chunked')
    expect(received.endsWith('\r\n\r\nwith')).toBe(true)
  })

  it('with Expect: 100-continue is told to go on, unless it is refused', async () => {
    await using site = await Site.open({}, { serve: [{ path: '/' }], limits: { 'request-bytes': 4 } })
    const head = (length: number): string =>
      `POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`
    const good = await site.wire()
    await good.send(head(4))
    await good.until((text) => text.includes('100 Continue'))
    await good.send('four')
    expect((await good.ended()).endsWith('four')).toBe(true)
    const bad = await site.wire()
    await bad.send(head(5))
    await bad.until((text) => text.includes('413'))
    expect(bad.statuses).toEqual([413])
  })
})

describe('an actor that answers', () => {
  it('goes on after a restart with its state, on the same record', async () => {
    const store = memoryStore()
    {
      await using site = await Site.open({}, undefined, { store })
      expect(await site.ask('/count')).toEqual([200, '1'])
      expect((await site.ask('/echo', { method: 'POST', body: 'x'.repeat(10_000) }))[0]).toBe(200)
    }
    await using site = await Site.open({}, undefined, { store })
    expect(await site.ask('/count')).toEqual([200, '3'])
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  it('takes requests in the order in which they came, whole', async () => {
    await using site = await Site.open()
    const answered = await Promise.all(Array.from({ length: 20 }, () => site.ask('/count')))
    expect(answered.map(([, text]) => Number(text)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  it('is not held up by a client that sends slowly, or takes its answer slowly', async () => {
    await using site = await Site.open()
    const slow = await site.wire()
    await slow.send('POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nhalf')
    const reader = await site.wire()
    reader.socket.pause()
    await reader.send('GET /big/16000000 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await site.ask('/count')).toEqual([200, expect.stringMatching(/^[12]$/)])
    await slow.send('HALF')
    await slow.until((text) => text.endsWith('halfHALF'))
    reader.socket.resume()
    await reader.until((text) => text.length > 16_000_000)
  })

  it('that gets no body has nothing of it in its record, and one of a request that was read has', async () => {
    await using site = await Site.open()
    await site.ask('/echo', { method: 'POST', body: 'tell nobody' })
    await site.theater.close()
    const [info] = await site.store.list()
    const turns: unknown[] = []
    for await (const event of readEvents(site.store, info!.chain))
      if (event.kind === 'turn') turns.push(event.content)
    expect(turns).toMatchObject([
      {
        fn: 'wasi:http/incoming-handler@0.2.12#handle',
        made: [{ method: 'POST', path: '/echo', scheme: 'HTTP', authority: `127.0.0.1:${site.port}` }, {}],
      },
    ])
  })
})

describe('routes', () => {
  it('lead to the longest prefix of the host that is named, else of any', async () => {
    await using site = await Site.open({}, { serve: [{ path: '/' }] })
    const serving: Record<string, { host?: string; path: string }> = {
      api: { path: '/api' },
      deep: { path: '/api/deep/' },
      named: { host: 'app.example', path: '/' },
      any: { host: '*', path: '/any' },
    }
    for (const [id, route] of Object.entries(serving)) await site.spawn(id, { serve: [route] })
    const names = ['web', ...Object.keys(serving)]
    const reached = async (host: string, path: string): Promise<string | number> => {
      const before = site.theater.actors().map(({ id, events }) => [id, events])
      const wire = await site.wire()
      await wire.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      await wire.ended()
      const grown = site.theater
        .actors()
        .find(({ id, events }) => before.some(([one, was]) => one === id && was !== events))
      return wire.statuses[0] === 200
        ? (names.find((name) => name === grown?.id) ?? 'nobody')
        : (wire.statuses[0] ?? 0)
    }
    expect(await reached('localhost', '/')).toBe('web')
    expect(await reached('localhost', '/apis')).toBe('web')
    expect(await reached('localhost:1234', '/api')).toBe('api')
    expect(await reached('127.0.0.1', '/api/x?y')).toBe('api')
    expect(await reached('[::1]', '/api?x')).toBe('api')
    expect(await reached('LOCALHOST', '/api/deep')).toBe('deep')
    expect(await reached('a.localhost', '/api/deep/er')).toBe('deep')
    expect(await reached('localhost', '/%61pi')).toBe('web')
    expect(await reached('app.example', '/api/deep')).toBe('named')
    expect(await reached('APP.example:80', '/any')).toBe('named')
    expect(await reached('elsewhere.example', '/any')).toBe('any')
    // A page in a browser that gave this machine a name of its own gets no further than that.
    expect(await reached('elsewhere.example', '/')).toBe(404)
    await site.theater.stop('any')
    expect(await reached('elsewhere.example', '/')).toBe(421)
    expect(await reached('localhost', '/any')).toBe('web')
    for (const id of ['api', 'deep', 'web']) await site.theater.stop(id)
    expect(await reached('localhost', '/api')).toBe(421)
  })

  it('belong to one actor each, until it ends', async () => {
    await using site = await Site.open({}, { serve: [{ path: '/a' }, { host: 'x.example', path: '/' }] })
    for (const serve of [[{ path: '/a/' }], [{ path: '/b' }, { host: 'x.example', path: '/' }]]) {
      await expect(site.spawn('other', { serve })).rejects.toThrow(
        /^other is granted to answer requests to (\/a\/|x\.example\/), and so is web\. Take it from one of them$/,
      )
    }
    await site.spawn('other', { serve: [{ path: '/b' }, { host: 'y.example', path: '/' }] })
    await site.theater.stop('web')
    await site.spawn('third', { serve: [{ path: '/a' }] })
    expect((await site.ask('/a'))[0]).toBe(200)
  })

  it('are refused that are none', async () => {
    await using site = await Site.open()
    const wrong = [
      {},
      { path: 'a' },
      { path: '/a/../b' },
      { path: '/%41' },
      { path: '/', host: 'A.example' },
      { path: '/', host: 'a:80' },
      { path: '/', more: 1 },
    ]
    for (const route of wrong) {
      await expect(site.spawn('other', { serve: [route as never] })).rejects.toMatchObject({
        code: 'bad-grant',
      })
    }
  })

  it('of a child lie within those of its parent', () => {
    const handler = http()
    const within: typeof handler.within = (child, outer) => handler.within(child, outer)
    const parent = { serve: [{ path: '/api' }, { host: 'a.example', path: '/' }] }
    expect(within({ serve: [{ path: '/api/x' }, { host: 'a.example', path: '/y' }] }, parent)).toBe(true)
    expect(within({ serve: [] }, parent)).toBe(true)
    for (const route of [
      { path: '/' },
      { path: '/apis' },
      { host: 'b.example', path: '/' },
      { host: '*', path: '/api' },
    ])
      expect(within({ serve: [route] }, parent)).toMatchObject({
        refused: expect.stringContaining(route.path),
      })
    expect(
      within(
        { serve: [{ host: 'b.example', path: '/' }, { path: '/' }] },
        { serve: [{ host: '*', path: '/' }] },
      ),
    ).toBe(true)
    expect(within({ stream: true }, parent)).toMatchObject({ refused: expect.any(String) })
    expect(within({ stream: true }, { ...parent, stream: true })).toBe(true)
  })

  it('are not for an actor that cannot answer', async () => {
    const handler = http()
    await expect(async () =>
      handler.bind(fakeActor({ id: 'mute' }), { serve: [{ path: '/' }] }),
    ).rejects.toThrow(
      /^mute is granted to answer HTTP requests, and its component does not export theater:http\/request-handler or wasi:http\/incoming-handler/,
    )
    expect(handler.address).toBeUndefined()
  })
})

describe('the listener', () => {
  it('is not there before an actor is granted to answer', async () => {
    const heard: string[] = []
    await using site = await Site.open({ onListen: ({ url }) => heard.push(url) }, {})
    expect(site.handler.address).toBeUndefined()
    await site.spawn('other', { serve: [{ path: '/' }] })
    expect(heard).toEqual([site.handler.address?.url])
    expect(site.handler.address).toMatchObject({ host: '127.0.0.1' })
    expect((await site.ask('/count'))[0]).toBe(200)
  })

  it('tells of an actor that answers no more, and not of one that never did', async () => {
    const told: string[] = []
    await using site = await Site.open({ onUnanswered: (actor) => told.push(actor) })
    expect((await site.ask('/boom'))[0]).toBe(502)
    expect(told).toEqual([])
    expect((await site.ask('/count'))[0]).toBe(200)
    expect((await site.ask('/silent'))[0]).toBe(500)
    expect((await site.ask('/boom'))[0]).toBe(502)
    expect((await site.ask('/count'))[0]).toBe(200)
    expect(told).toEqual(['web', 'web'])
  })

  it('says that its port is in use', async () => {
    const taken = createServer()
    taken.listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    await expect(Site.open({ listen: { port } })).rejects.toThrow(
      `http cannot listen on 127.0.0.1:${port}: the port is in use`,
    )
    taken.close()
    await once(taken, 'close')
    await using site = await Site.open({ listen: { port } })
    await using quiet = await Site.open({ listen: false })
    expect([quiet.handler.address, quiet.theater.actors()]).toMatchObject([undefined, [{ state: 'idle' }]])
    expect(site.port).toBe(port)
  })

  it('that closes takes no more, and lets what is under way end', async () => {
    await using site = await Site.open({}, { serve: [{ path: '/' }] })
    const wire = await site.wire()
    await wire.send('POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nha')
    const idle = await site.wire()
    await idle.send('GET /count HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await idle.until((text) => text.endsWith('\r\n\r\n1'))
    const { port } = site
    const closed = site.handler[Symbol.asyncDispose]()
    await idle.ended()
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await wire.send('lf')
    expect((await wire.ended()).endsWith('half')).toBe(true)
    await closed
    await site.handler[Symbol.asyncDispose]()
    await expect(site.spawn('other', { serve: [{ path: '/b' }] })).rejects.toThrow(/it was closed/)
  })

  it('that closes cuts off what does not end in time', async () => {
    await using site = await Site.open({ server: { stopMs: 1 } })
    const wire = await site.wire()
    await wire.send(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n',
    )
    await wire.until((text) => text.includes('100 Continue'))
    await site.handler[Symbol.asyncDispose]()
    await wire.ended()
    expect(wire.statuses).toEqual([100])
  })

  it('answers 503 when its theater closes before the turn', async () => {
    await using site = await Site.open()
    const wire = await site.wire()
    await wire.send(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nConnection: close\r\n\r\nha',
    )
    await site.ask('/count')
    await site.theater.close()
    await wire.send('lf')
    expect(await wire.ended()).toMatch(/^HTTP\/1\.1 503 [^]*The actor is not there any more\.\n$/)
  })

  it('is of use to clients of all kinds', async () => {
    await using site = await Site.open()
    const request = nodeRequest({ port: site.port, host: '127.0.0.1', path: '/echo', method: 'POST' })
    request.write('a')
    request.end('b')
    const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>]
    const pieces: Buffer[] = []
    for await (const piece of response) pieces.push(piece)
    expect(Buffer.concat(pieces).toString()).toBe('ab')
  })
})
