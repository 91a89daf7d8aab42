import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { memoryStore, readEvents } from '@theater/event-chain'
import { cli } from '@theater/handler-cli'
import { http } from '@theater/handler-http'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import type { Json } from '@theater/values'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { verify } from './support/files.ts'
import { site } from './support/web.ts'

let component: Uint8Array

beforeAll(async () => {
  component = (await build({ entry: join(import.meta.dirname, 'actors/web.ts'), cache: builds })).bytes
})

const grantsFor = (origin: string): { readonly [handler: string]: Json } => ({
  http: { out: [{ origin, methods: ['GET', 'POST', 'HEAD'], paths: ['/'], 'private-network': true }] },
  log: {},
  messaging: { to: ['*'] },
})

describe('fetch in an actor', () => {
  const scene = async (): Promise<{
    store: ReturnType<typeof memoryStore>
    site: Awaited<ReturnType<typeof site>>
    open: () => Promise<Theater>
    spawn: (theater: Theater) => Promise<Uint8Array>
  }> => {
    const store = memoryStore()
    const loopback = await site()
    return {
      store,
      site: loopback,
      open: () => Theater.open({ store, handlers: [cli(), http(), log(), messaging()], cache }),
      spawn: async (theater) =>
        (await theater.spawn({ id: 'web', component, grants: grantsFor(loopback.origin) })).chain,
    }
  }

  it('asks, sends bodies and reads streams; its record needs no network and no handler', async () => {
    const { store, site: loopback, open, spawn } = await scene()
    const { origin } = loopback
    let chain: Uint8Array
    {
      await using theater = await open()
      chain = await spawn(theater)
      expect(await ask(theater, 'web', 'get', `${origin}/a?b=c#d`)).toBe('GET /a?b=c undefined ')
      expect(await ask(theater, 'web', 'post', { url: `${origin}/p`, body: 'sent' })).toBe(
        'POST /p test sent',
      )
      expect(await ask(theater, 'web', 'pieces', `${origin}/pieces`)).toBe('one two three')
      expect(await ask(theater, 'web', 'head', `${origin}/h`)).toEqual({
        status: 200,
        url: `${origin}/h`,
        kind: 'loopback',
      })
    }
    await using theater = await open()
    expect(await ask(theater, 'web', 'get', `${origin}/again`)).toBe('GET /again undefined ')
    expect(loopback.seen).toEqual(['GET /a?b=c', 'POST /p', 'GET /pieces', 'HEAD /h', 'GET /again'])
    const before = loopback.seen.length
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
    expect(loopback.seen).toHaveLength(before)
  })

  it('follows redirects, to where its grant lets it', async () => {
    const { store, site: loopback, open, spawn } = await scene()
    const { origin } = loopback
    await using theater = await open()
    const chain = await spawn(theater)
    expect(await ask(theater, 'web', 'get', `${origin}/go/go/a`)).toBe('GET /a undefined ')
    expect(await ask(theater, 'web', 'post', { url: `${origin}/go/p`, body: 'sent' })).toBe('GET /p test ')
    expect(loopback.seen).toEqual(['GET /go/go/a', 'GET /go/a', 'GET /a', 'POST /go/p', 'GET /p'])
    expect(await ask(theater, 'web', 'refused', `${origin}/go-far`)).toBe('HTTP-request-denied')
    expect(await ask(theater, 'web', 'refused', `${origin}/go${'/go'.repeat(21)}/a`)).toBe('TypeError')
    expect(loopback.seen).toHaveLength(6 + 21)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('makes two requests side by side', async () => {
    const { store, site: loopback, open, spawn } = await scene()
    await using theater = await open()
    const chain = await spawn(theater)
    // The server answers neither before it has both.
    expect(
      await ask(theater, 'web', 'both', [`${loopback.origin}/slow1`, `${loopback.origin}/slow2`]),
    ).toEqual(['slow 2', 'slow 2'])
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('gives up when told to, also in the middle of a body, and the connection with it', async () => {
    const { store, site: loopback, open, spawn } = await scene()
    await using theater = await open()
    const chain = await spawn(theater)
    expect(await ask(theater, 'web', 'aborted', `${loopback.origin}/never`)).toBe('AbortError')
    expect(await ask(theater, 'web', 'late', `${loopback.origin}/never`)).toBe('TimeoutError')
    expect(await ask(theater, 'web', 'midway', `${loopback.origin}/half`)).toBe('AbortError')
    await loopback.left
    expect(await ask(theater, 'web', 'faster', { slow: `${loopback.origin}/never`, ms: 5 })).toBe('the timer')
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('ends with its turn', async () => {
    const { store, site: loopback, open, spawn } = await scene()
    await using theater = await open()
    const chain = await spawn(theater)
    expect(await ask(theater, 'web', 'unread', `${loopback.origin}/half`)).toBe(200)
    await loopback.left
    await ask(theater, 'web', 'leave', `${loopback.origin}/never`)
    expect(await ask(theater, 'web', 'get', `${loopback.origin}/next`)).toContain('GET /next')
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('says that it was denied, and is', async () => {
    const { store, site: loopback, open, spawn } = await scene()
    await using theater = await open()
    const chain = await spawn(theater)
    expect(await ask(theater, 'web', 'refused', 'http://127.0.0.2:1/')).toBe('HTTP-request-denied')
    expect(await ask(theater, 'web', 'refused', 'ftp://example.org/')).toBe('TypeError')
    expect(loopback.seen).toEqual([])
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('gives every handle back', async () => {
    const { site: loopback, open } = await scene()
    await using theater = await open()
    const grants = grantsFor(loopback.origin)
    await theater.spawn({ id: 'web', component, grants, limits: { handles: 64 } })
    expect(await ask(theater, 'web', 'many', { url: `${loopback.origin}/m`, times: 100 })).toBe(100)
    for (let i = 0; i < 20; i++) {
      await ask(theater, 'web', 'unread', `${loopback.origin}/pieces`)
      await ask(theater, 'web', 'leave', `${loopback.origin}/never`)
      await ask(theater, 'web', 'refused', 'http://127.0.0.2:1/')
    }
    expect(await ask(theater, 'web', 'get', `${loopback.origin}/last`)).toContain('/last')
  })
})

describe('a fetch handler in an actor', () => {
  const scene = async (
    streams = false,
  ): Promise<{
    store: ReturnType<typeof memoryStore>
    lines: LogLine[]
    origin: string
    chain: Uint8Array
    theater: Theater
    upstream: Awaited<ReturnType<typeof site>>
    get: (path: string, init?: RequestInit) => Promise<Response>
  }> => {
    const store = memoryStore()
    const upstream = await site()
    const handler = http()
    const lines: LogLine[] = []
    const theater = await Theater.open({
      store,
      handlers: [cli(), handler, log(), messaging()],
      cache,
      log: (line) => void lines.push(line),
    })
    onTestFinished(async () => {
      await handler[Symbol.asyncDispose]()
      await theater[Symbol.asyncDispose]()
    })
    const grants = grantsFor(upstream.origin)
    await theater.spawn({ id: 'notes', component, grants })
    const served = { ...(grants['http'] as object), serve: [{ path: '/' }], stream: streams }
    const { chain } = await theater.spawn({ id: 'web', component, grants: { ...grants, http: served } })
    const origin = handler.address!.url
    return { store, lines, origin, chain, theater, upstream, get: (path, init) => fetch(origin + path, init) }
  }

  it('answers, beside messages; its record needs no client', async () => {
    const { store, chain, theater, upstream, get } = await scene()
    const echoed = await get('/echo?x', { method: 'POST', body: 'said', headers: { 'x-sent': 'yes' } })
    expect(echoed.status).toBe(201)
    expect([echoed.headers.get('x-method'), echoed.headers.get('x-sent')]).toEqual(['POST', 'yes'])
    expect(echoed.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await echoed.text()).toBe('said')
    expect((await get('/nothing')).status).toBe(204)
    expect(await (await get('/streams')).text()).toBe('one two three')
    expect(await (await get('/')).json()).toEqual({ visits: 4 })
    const proxied = await get(`/proxy?to=${encodeURIComponent(`${upstream.origin}/behind`)}`)
    expect(await proxied.text()).toBe('GET /behind undefined ')
    expect(await ask(theater, 'web', 'visits')).toBe(5)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })

  it('that fails is a 500 without a word of it, and its state and sends are as before', async () => {
    const { store, chain, lines, theater, get } = await scene()
    const failed = await get('/throw')
    expect([failed.status, await failed.text()]).toEqual([500, 'The actor failed.\n'])
    expect((await get('/breaks')).status).toBeGreaterThanOrEqual(500)
    expect(await ask(theater, 'web', 'visits')).toBe(0)
    expect(await ask(theater, 'notes', 'visits')).toBe(0)
    expect(lines.map(({ message }) => message)).toEqual(['fetch threw', 'fetch threw'])
    expect(await (await get('/')).json()).toEqual({ visits: 1 })
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })

  it('takes a short request and gives its answer in one crossing, and a long one in parts', async () => {
    const { store, chain, theater, get } = await scene()
    const crossed = async (run: () => Promise<Response>): Promise<string[]> => {
      const size = theater.actors().find(({ id }) => id === 'web')?.events ?? 0
      await (await run()).text()
      const events = await Array.fromAsync(readEvents(store, chain, size))
      return events
        .filter(({ kind }) => kind !== 'send')
        .map((event) => (event.kind === 'turn' ? (event.content?.fn ?? '') : event.kind))
    }
    expect(await crossed(() => get('/nothing'))).toEqual([
      'theater:http/request-handler@0.1.0#handle',
      'call',
      'return',
    ])
    const long = await crossed(() => get('/echo', { method: 'POST', body: 'x'.repeat(100_000) }))
    expect(long[0]).toBe('wasi:http/incoming-handler@0.2.12#handle')
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })

  it('streams where its grant says so', async () => {
    const { store, chain, get } = await scene(true)
    expect(await (await get('/streams')).text()).toBe('one two three')
    expect(await (await get('/echo', { method: 'POST', body: 'x'.repeat(200_000) })).text()).toHaveLength(
      200_000,
    )
    await expect(get('/breaks').then((response) => response.text())).rejects.toThrow('terminated')
    expect(await (await get('/')).json()).toEqual({ visits: 3 })
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })
})
