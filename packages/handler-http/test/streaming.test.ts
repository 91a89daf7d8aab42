import { readEvents } from '@theater/event-chain'
import { describe, expect, it } from 'vitest'
import type { HttpGrant, HttpOptions } from '../src/index.ts'
import { Site, until, type Wire } from './serving-support.ts'
import { Time } from './time.ts'

const streams: HttpGrant = { serve: [{ path: '/' }], stream: true }
const HEAD = 'Host: localhost\r\n'

function open(options: HttpOptions = {}, grant = streams, mailbox = 1000): Promise<Site> {
  return Site.open(options, grant, { limits: { mailbox } })
}

/** A request whose turn waits for its body: it holds its actor until the body ends. */
async function holds(site: Site): Promise<Wire> {
  const wire = await site.wire()
  const before = site.events
  await wire.send(`POST /pump HTTP/1.1\r\n${HEAD}Connection: close\r\nContent-Length: 6\r\n\r\n`)
  // Its turn and the calls up to the read that waits.
  await until(() => site.events > before + 5)
  return wire
}

describe('an actor that streams', () => {
  it('gets a body as it comes, and its answer leaves as it is written', async () => {
    await using site = await open()
    const wire = await site.wire()
    await wire.send(
      `POST /pump HTTP/1.1\r\n${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n`,
    )
    await wire.until((text) => text.includes('\r\n3\r\none\r\n'))
    await wire.send('3\r\ntwo\r\n')
    await wire.until((text) => text.includes('\r\n3\r\ntwo\r\n'))
    await wire.send('0\r\n\r\n')
    expect((await wire.ended()).endsWith('0\r\n\r\n')).toBe(true)
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  const same = [
    '/count',
    '/bare',
    '/status/404',
    '/trailers',
    '/gentle/100000',
    '/silent',
    '/denied',
  ] as const
  it.each(same)('answers %s as one that does not stream', async (path) => {
    await using site = await open()
    await using other = await Site.open()
    expect(await site.ask(path)).toEqual(await other.ask(path))
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  it.each(['/boom', '/unfinished', '/lie', '/kept'])(
    'that breaks off its answer cuts the connection: %s',
    async (path) => {
      await using site = await open()
      const wire = await site.wire()
      await wire.send(`GET ${path} HTTP/1.1\r\n${HEAD}\r\n`)
      const received = await wire.ended()
      expect(received).toContain('HTTP/1.1 200 OK')
      // The last chunk; what comes of the body may be nothing, and a header that says 10 bytes ends with a 0 too.
      expect(received.endsWith('\r\n0\r\n\r\n')).toBe(false)
      expect((await site.ask('/count'))[0]).toBe(200)
      expect(await site.verdicts()).toEqual({ web: 'verified' })
    },
  )

  it('finds out that its client is gone, in the middle of a body', async () => {
    await using site = await open()
    const wire = await holds(site)
    wire.socket.destroy()
    expect(await site.ask('/count')).toEqual([200, '2'])
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  it('finds out that its client takes nothing', async () => {
    await using site = await open({ server: { sendMs: 20 } })
    using time = new Time()
    const wire = await site.wire()
    wire.socket.pause()
    await wire.send(`GET /gentle/16000000 HTTP/1.1\r\n${HEAD}\r\n`)
    const next = site.ask('/count')
    // Its turn ends, and no time passes for the client after it.
    const { chain } = site.theater.actors()[0]!
    const ended = async (): Promise<boolean> =>
      (await Array.fromAsync(readEvents(site.store, chain))).some(({ kind }) => kind === 'return')
    while (!(await ended())) {
      time.pass(10)
      await new Promise((resolve) => void setImmediate(resolve))
    }
    expect(await next).toEqual([200, '2'])
    wire.socket.resume()
    expect((await wire.ended()).length).toBeLessThan(16_000_000)
    expect(await site.verdicts()).toEqual({ web: 'verified' })
  })

  it('gets no more of a body than it may', async () => {
    await using site = await open({}, { ...streams, limits: { 'request-bytes': 5 } })
    const chunked = await site.wire()
    await chunked.send(
      `POST /length HTTP/1.1\r\n${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n4\r\nfour\r\n0\r\n\r\n`,
    )
    expect(await chunked.ended()).toContain('\r\n2\r\n4\n\r\n')
    expect((await site.ask('/length', { method: 'POST', body: 'sixsix' }))[0]).toBe(413)
  })
})

describe('an actor that is at something else', () => {
  it('answers late or not at all: 504', async () => {
    await using site = await open({}, { ...streams, limits: { 'answer-ms': 1000 } })
    using time = new Time()
    const wire = await site.wire()
    await wire.send(`POST /length HTTP/1.1\r\n${HEAD}Connection: close\r\nContent-Length: 6\r\n\r\n`)
    await until(() => site.events > 2)
    time.pass(1000)
    expect(await wire.ended()).toMatch(/^HTTP\/1\.1 504 [^]*The actor took too long\.\n$/)
    expect((await site.ask('/count'))[0]).toBe(200)
  })

  it('is cut off when its answer has begun', async () => {
    await using site = await open({}, { ...streams, limits: { 'answer-ms': 1000 } })
    using time = new Time()
    const wire = await site.wire()
    await wire.send(`POST /pump HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n`)
    await wire.until((text) => text.includes('one'))
    time.pass(1000)
    expect((await wire.ended()).endsWith('one\r\n')).toBe(true)
  })

  it('with a full mailbox has the next one come again', async () => {
    await using site = await open({}, streams, 1)
    const first = await holds(site)
    const second = site.ask('/count')
    let refused = await site.fetch('/count')
    while (refused.status !== 503) refused = await site.fetch('/count')
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await refused.text()).toBe('There is too much to do.\n')
    await first.send('foobar')
    expect(await first.ended()).toContain('foobar')
    expect((await second)[0]).toBe(200)
  })

  it('takes no turn for a client that went away while it waited', async () => {
    await using site = await open()
    const first = await holds(site)
    const gone = await site.wire()
    await gone.send(`POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nExpect: 100-continue\r\n\r\n`)
    await gone.until((text) => text.includes('100 Continue'))
    gone.socket.destroy()
    // One that comes after it: when it is in the mailbox, the other has been taken out.
    const after = await site.wire()
    await after.send(`GET /count HTTP/1.1\r\n${HEAD}Connection: close\r\nExpect: 100-continue\r\n\r\n`)
    await after.until((text) => text.includes('100 Continue'))
    await first.send('foobar')
    await first.ended()
    expect(await after.ended()).toContain('\r\n1\r\n2\r\n')
  })
})
