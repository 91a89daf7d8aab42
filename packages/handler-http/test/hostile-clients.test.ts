import { describe, expect, it } from 'vitest'
import type { HttpGrant, HttpOptions, ServerLimits } from '../src/index.ts'
import { Site, until, type Wire } from './serving-support.ts'
import { Time } from './time.ts'

/** One thing that a client may try, and what becomes of it. */
interface Attempt {
  readonly name: string
  readonly server?: Partial<ServerLimits>
  readonly options?: HttpOptions
  readonly grant?: HttpGrant
  /** What is sent at once. */
  readonly sends?: string
  /** Goes on from there. */
  readonly run?: (wire: Wire, site: Site) => Promise<void>
  /** The status lines that come back before the connection ends. */
  readonly gets: readonly number[]
  /** Turns of the actor that it comes to. @default 0 */
  readonly turns?: number
}

/** All that a client may take until its request is whole. */
const quick: Partial<ServerLimits> = { headerMs: 20, requestMs: 40, checkMs: 10 }
const HEAD = 'Host: localhost\r\n'
const GET = `GET /count HTTP/1.1\r\n${HEAD}`

const attempts: readonly Attempt[] = [
  { name: 'connects and says nothing', server: quick, gets: [408] },
  {
    name: 'begins a header and never ends it',
    server: quick,
    sends: 'GET / HTTP/1.1\r\nHost: loc',
    gets: [408],
  },
  {
    name: 'sends a header byte by byte',
    server: quick,
    gets: [408],
    run: async (wire) => {
      for (let i = 0; wire.statuses.length === 0 && i < 100_000; i++) {
        await wire.send(i === 0 ? 'GET / HTTP/1.1\r\nX-Slow: ' : 'a')
        await turnOfTheLoop()
      }
    },
  },
  {
    name: 'begins a body and never ends it',
    server: quick,
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\nabc`,
    gets: [408],
  },
  {
    name: 'sends a body in chunks that never end',
    server: quick,
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
    gets: [408],
    run: async (wire) => {
      for (let i = 0; wire.statuses.length === 0 && i < 100_000; i++) {
        await wire.send('1\r\na\r\n')
        await turnOfTheLoop()
      }
    },
  },
  {
    name: 'waits after an answer for longer than it may',
    server: { idleMs: 20 },
    sends: `${GET}\r\n`,
    gets: [200],
    turns: 1,
  },
  {
    name: 'does not take its answer',
    server: { sendMs: 1000 },
    gets: [200],
    turns: 2,
    run: async (wire, site) => {
      using time = new Time()
      wire.socket.pause()
      await wire.send(`GET /big/16000000 HTTP/1.1\r\n${HEAD}\r\n`)
      await until(() => site.events > 2)
      // The turn is over when another one is; what is in the pipe is all that the first client gets.
      await site.ask('/status/200')
      time.pass(1000)
      wire.socket.resume()
      await wire.ended()
      expect(wire.received.length).toBeLessThan(16_000_000)
    },
  },
  {
    name: 'sends a header that is too long',
    sends: `${GET}X-Long: ${'a'.repeat(20_000)}\r\n\r\n`,
    gets: [431],
  },
  {
    name: 'sends a header without end',
    sends: `GET / HTTP/1.1\r\nX: ${'a'.repeat(200_000)}`,
    gets: [431],
  },
  {
    name: 'sends a target that is too long',
    sends: `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HEAD}\r\n`,
    gets: [431],
  },
  {
    name: 'sends thousands of header lines',
    sends: `${GET}Connection: close\r\n${'a: b\r\n'.repeat(4000)}\r\n`,
    gets: [431],
  },
  {
    name: 'sends more of a header than the grant takes',
    grant: { serve: [{ path: '/' }], limits: { 'header-bytes': 1000 } },
    sends: `${GET}Connection: close\r\nX: ${'a'.repeat(1000)}\r\n\r\n`,
    gets: [431],
  },
  {
    name: 'announces a body that is too large',
    grant: { serve: [{ path: '/' }], limits: { 'request-bytes': 9 } },
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Connection: close\r\nContent-Length: 10\r\n\r\n0123456789`,
    gets: [413],
  },
  {
    name: 'sends a body that is too large, in chunks',
    grant: { serve: [{ path: '/' }], limits: { 'request-bytes': 9 } },
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n`,
    gets: [413],
  },
  {
    name: 'sends a body without end',
    grant: { serve: [{ path: '/' }], limits: { 'request-bytes': 1000 } },
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
    gets: [413],
    run: async (wire) => {
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
      for (let i = 0; !wire.socket.destroyed && wire.socket.writable && i < 10_000; i++) {
        wire.socket.write(chunk)
        await turnOfTheLoop()
      }
    },
  },
  {
    name: 'sends trailers without end',
    sends: `POST /length HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nX: ${'a'.repeat(200_000)}`,
    gets: [431],
  },
  {
    name: 'sends chunk extensions without end',
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(200_000)}`,
    gets: [413],
  },
  ...[
    'zz\r\nabc',
    '-1\r\nabc',
    '5\r\nabcdefgh\r\n',
    '0x5\r\nabcde\r\n',
    'fffffffffffffffffffff\r\n',
    '3 \nabc',
  ].map((body): Attempt => ({
    name: `sends a chunk that is none: ${JSON.stringify(body)}`,
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n${body}`,
    gets: [400],
  })),
  ...[
    'Content-Length: 4\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 4',
    'Content-Length: 4\r\nContent-Length: 5',
    'Content-Length: 4, 5',
    'Content-Length: +4',
    'Content-Length: 4x',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999999',
    'Content-Length : 4',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding:\x0bchunked',
    ' Folded: x',
    'X: a\r\n b',
    'X: a\nContent-Length: 4',
    'X: a\rb',
    'X\x00: a',
    'X: \x00',
    'No colon',
    'Host: other',
  ].map((line): Attempt => ({
    name: `leaves open where its request ends: ${JSON.stringify(line)}`,
    sends: `POST /echo HTTP/1.1\r\n${HEAD}${line}\r\n\r\n0\r\n\r\n${GET}\r\n`,
    gets: [400],
  })),
  ...[
    ['without a host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['with an empty host', 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', 400],
    ['for a host that is none', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
    ['for a user at a host', 'GET / HTTP/1.1\r\nHost: me@localhost\r\nConnection: close\r\n\r\n', 400],
    ['for a host with a path', 'GET / HTTP/1.1\r\nHost: localhost/x\r\nConnection: close\r\n\r\n', 400],
    ['for a port that is none', 'GET / HTTP/1.1\r\nHost: localhost:99999\r\nConnection: close\r\n\r\n', 400],
    [
      'for a host of the page that sent it',
      'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      421,
    ],
    ['over HTTP/1.0 without a host', 'GET / HTTP/1.0\r\n\r\n', 400],
    [
      'in absolute form for another host',
      `GET http://evil.example/ HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`,
      400,
    ],
    [
      'in absolute form with another scheme',
      `GET https://localhost/ HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`,
      400,
    ],
    ['for no path', `GET foo HTTP/1.1\r\n${HEAD}\r\n`, 400],
    ['with a fragment', `GET /a#b HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`, 400],
    ['for the server as a whole', `OPTIONS * HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`, 400],
    ['with a path beyond ASCII', `GET /\xff HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`, 400],
    ['to connect somewhere', `CONNECT localhost:22 HTTP/1.1\r\n${HEAD}\r\n`, 405],
    ['with a method that is none', `G\xffT / HTTP/1.1\r\n${HEAD}\r\n`, 400],
    ['with a method nobody knows', `FROBNICATE / HTTP/1.1\r\n${HEAD}\r\n`, 400],
    ['with a version that is none', `GET / HTTP/9.9\r\n${HEAD}\r\n`, 400],
    ['of another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['with an expectation nobody meets', `${GET}Expect: the-world\r\nConnection: close\r\n\r\n`, 417],
  ].map(([name, sends, status]): Attempt => ({
    name: `asks ${name}`,
    sends: String(sends),
    gets: [Number(status)],
  })),
  {
    name: 'asks in absolute form, as a proxy is asked',
    sends: `GET http://LOCALHOST/status/202?x HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`,
    gets: [202],
    turns: 1,
  },
  {
    name: 'asks to change the protocol: it is a request like any other',
    sends: `${GET}Connection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
    gets: [200],
    turns: 1,
  },
  {
    name: 'sends its next requests before the first is answered: they are answered in order',
    sends: `GET /status/201 HTTP/1.1\r\n${HEAD}\r\nPOST /echo HTTP/1.1\r\n${HEAD}Content-Length: 2\r\n\r\nhiGET /boom HTTP/1.1\r\n${HEAD}\r\n${GET}Connection: close\r\n\r\n`,
    gets: [201, 200, 502, 200],
    turns: 4,
  },
  {
    name: 'sends a request and then what is none',
    sends: `${GET}\r\nNONSENSE\r\n\r\n`,
    gets: [200, 400],
    turns: 1,
  },
  {
    name: 'sends a request and then a body that is none',
    sends: `${GET}\r\nPOST /echo HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    gets: [200, 400],
    turns: 1,
  },
  {
    name: 'floods a connection with requests',
    server: { pipelined: 4 },
    sends: `${GET}\r\n`.repeat(20) + `${GET}Connection: close\r\n\r\n`,
    gets: [...Array<number>(4).fill(200), ...Array<number>(17).fill(503)],
    turns: 4,
    run: async (wire) => {
      await wire.ended()
    },
  },
  {
    name: 'goes away in the middle of a body',
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\nabc`,
    gets: [],
    run: async (wire) => {
      wire.socket.destroy()
    },
  },
  {
    name: 'says that it has nothing more to say in the middle of a body',
    sends: `POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\nabc`,
    gets: [400],
    run: async (wire) => {
      wire.socket.end()
    },
  },
]

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Asks, and takes it for the answer to one that came too late where its connection was gone before it had asked. */
const honest = (site: Site): Promise<[number, string]> => site.ask('/count').catch(() => [408, ''])

describe('a client that', () => {
  it.each(attempts)('$name', async ({ server, options, grant, sends, run, gets, turns = 0 }) => {
    await using site = await Site.open({ ...options, ...(server !== undefined && { server }) }, grant)
    const wire = await site.wire()
    if (sends !== undefined) await wire.send(sends)
    await run?.(wire, site)
    if (gets.length > 0) await wire.ended()
    expect(wire.statuses).toEqual(gets)
    // Nothing of the inside, in whatever came.
    expect(wire.received).not.toMatch(/node_modules|\.ts|at \w+ \(|theater/i)
    // Nobody else is worse off.
    let [status, count] = await (server === quick ? honest(site) : site.ask('/count'))
    // Under limits as tight as these an honest client may come too late, too.
    while (server === quick && status === 408) [status, count] = await honest(site)
    expect(status).toBe(200)
    expect(Number(count)).toBe(turns + 1 - (gets.includes(502) ? 1 : 0))
    expect(site.lines.filter(({ message }) => !message.startsWith('a turn was aborted'))).toEqual([])
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })
})

describe('clients together', () => {
  it('have so many connections, and one more is closed', async () => {
    await using site = await Site.open({ server: { connections: 2 } })
    const [one, two] = [await site.wire(), await site.wire()]
    await one.send(`${GET}\r\n`)
    await one.until((text) => text.endsWith('\r\n\r\n1'))
    const three = await site.wire()
    await three.ended()
    expect(three.received).toBe('')
    two.socket.destroy()
    await one.send(`${GET}Connection: close\r\n\r\n`)
    await one.ended()
    expect(one.statuses).toEqual([200, 200])
  })

  it('have so many requests under way, and one more is told to come again', async () => {
    await using site = await Site.open({ server: { requests: 1 } })
    const slow = await site.wire()
    await slow.send(`POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n`)
    await slow.until((text) => text.includes('100 Continue'))
    const refused = await site.fetch('/count')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.text()).toBe('There is too much to do.\n')
    await slow.send('four')
    await slow.until((text) => text.endsWith('four'))
    expect((await site.ask('/count'))[0]).toBe(200)
  })

  it('have so many bytes that wait, and one more is told to come again', async () => {
    await using site = await Site.open({ server: { heldBytes: 1000 } })
    const slow = await site.wire()
    await slow.send(`POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 900\r\nExpect: 100-continue\r\n\r\n`)
    await slow.until((text) => text.includes('100 Continue'))
    await slow.send('a'.repeat(899))
    const ask = (): Promise<[number, string]> => site.ask('/echo', { method: 'POST', body: 'b'.repeat(200) })
    while ((await ask())[0] !== 503) await turnOfTheLoop()
    await slow.send('a')
    await slow.until((text) => text.endsWith('a'.repeat(900)))
    // What was given back is there again.
    expect((await ask())[0]).toBe(200)
    const gone = await site.wire()
    await gone.send(`POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 900\r\n\r\n${'a'.repeat(899)}`)
    while ((await ask())[0] !== 503) await turnOfTheLoop()
    gone.socket.destroy()
    while ((await ask())[0] !== 200) await turnOfTheLoop()
  })
})
