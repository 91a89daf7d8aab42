import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerResponse } from 'node:http'
import { memoryStore } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { TRAP } from '@theater/guests/relay'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { eventsOf, place, refused, verify } from './support/files.ts'
import { everything, HttpRelay, httpRelay, serve } from './support/http-guest.ts'

const TERMINATED = { tag: 'err', val: { tag: 'connection-terminated' } }

/** The handle in an answer of a relay. */
const num = (answer: unknown): number => (answer as { val: number }).val

describe('wasi:http', () => {
  it('makes requests that are recorded, and re-run without a network', async () => {
    const store = memoryStore()
    const seen: string[] = []
    let chain: Uint8Array
    {
      await using server = await serve((req, res) => {
        seen.push(`${req.method} ${req.url} ${String(req.headers['x-a'])}`)
        res.setHeader('x-b', '2').end('hello')
      })
      await using theater = await Theater.open({ store, handlers: [http()], cache })
      chain = (await theater.spawn({ id: 'a', component: httpRelay, grants: everything(server.origin) }))
        .chain
      const relay = new HttpRelay(theater, 'a')
      const request = await relay.request(server.authority, { path: '/x?y=z', headers: { 'X-A': '1' } })
      const response = num(await relay.answer(num(await relay.handle(request))))
      expect(await relay.read(response)).toMatchObject({
        status: 200,
        headers: { 'x-b': '2' },
        body: 'hello',
      })
      expect(seen).toEqual(['GET /x?y=z 1'])
    }
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
    expect(seen).toHaveLength(1)
    const asks = (await eventsOf(store, chain)).flatMap(({ kind, content }) =>
      kind === 'call' && content?.fn.endsWith('#handle') === true ? [content.ask] : [],
    )
    expect(asks).toEqual([{ method: 'GET', origin: expect.stringMatching(/^http:\/\/127/), path: '/x' }])
  })

  it('refuses what was not granted, as an event', async () => {
    const store = memoryStore()
    await using server = await serve((_req, res) => res.end())
    await using theater = await Theater.open({ store, handlers: [http()], cache })
    const grants = everything(server.origin, { paths: ['/api'] })
    const { chain } = await theater.spawn({ id: 'a', component: httpRelay, grants })
    const relay = new HttpRelay(theater, 'a')
    const request = await relay.request(server.authority, { path: '/api/../admin' })
    expect(await relay.handle(request)).toEqual({ tag: 'err', val: { tag: 'HTTP-request-denied' } })
    expect(refused(await eventsOf(store, chain))).toEqual(['handle'])
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('over a restart: what was received stays, what was under way ended, and no half-made request leaves', async () => {
    const store = memoryStore()
    const seen: string[] = []
    await using server = await serve((req, res) => {
      seen.push(String(req.url))
      if (req.url !== '/slow') res.setHeader('x-b', '2').end('hello')
    })
    const open = (): Promise<Theater> => Theater.open({ store, handlers: [http()], cache })
    let chain: Uint8Array
    let made: number
    let slow: number
    let response: number
    {
      await using theater = await open()
      chain = (await theater.spawn({ id: 'a', component: httpRelay, grants: everything(server.origin) }))
        .chain
      const relay = new HttpRelay(theater, 'a')
      made = await relay.request(server.authority, { path: '/never', headers: { 'x-a': '1' } })
      slow = num(await relay.handle(await relay.request(server.authority, { path: '/slow' })))
      response = num(
        await relay.answer(num(await relay.handle(await relay.request(server.authority, { path: '/' })))),
      )
    }
    {
      await using theater = await open()
      const relay = new HttpRelay(theater, 'a')
      expect(await relay.call('[method]incoming-response.status', response)).toBe(200)
      const fields = await relay.call('[method]incoming-response.headers', response)
      expect(await relay.call('[method]fields.get', fields, 'x-b')).toEqual([Uint8Array.of(0x32)])
      expect(await relay.call('[method]incoming-response.consume', response)).toMatchObject({ tag: 'err' })
      expect(await relay.answer(slow)).toEqual(TERMINATED)
      expect(await relay.call('[method]outgoing-request.set-path-with-query', made, '/x')).toMatchObject({
        tag: 'err',
      })
      expect(await relay.handle(made)).toEqual(TERMINATED)
      // And a new one leaves as ever.
      const again = await relay.request(server.authority, { path: '/again' })
      expect(await relay.answer(num(await relay.handle(again)))).toMatchObject({ tag: 'ok' })
    }
    expect(seen.toSorted()).toEqual(['/', '/again', '/slow'])
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })

  it('gives a request up when the turn that it is in traps, or the actor ends', async () => {
    const under: ServerResponse[] = []
    const asked: (() => void)[] = []
    const next = (): Promise<void> => new Promise((resolve) => asked.push(resolve))
    await using server = await serve((_req, res) => {
      under.push(res)
      asked.shift()?.()
    })
    await using theater = await Theater.open({ store: memoryStore(), handlers: [http()], cache })
    await theater.spawn({ id: 'a', component: httpRelay, grants: everything(server.origin) })
    const relay = new HttpRelay(theater, 'a')
    let reached = next()
    await relay.handle(await relay.request(server.authority, { path: '/' }))
    await reached
    const closed = once(under[0]!, 'close')
    await expect(theater.call('a', TRAP, [])).rejects.toMatchObject({ code: 'trapped' })
    await closed
    reached = next()
    await relay.handle(await relay.request(server.authority, { path: '/' }))
    await reached
    const ended = once(under[1]!, 'close')
    await theater.close()
    await ended
    expect(under.map(({ writableEnded }) => writableEnded)).toEqual([false, false])
  })

  for (const method of ['post', 'put'] as const) {
    it(`a ${method} whose result was lost with its host ends like a broken connection, and is not made again`, async () => {
      const { root } = place()
      const chains = join(root, 'chains.db')
      const seen: string[] = []
      await using server = await serve((req, res) => {
        seen.push(`${req.method} ${req.url}`)
        res.end()
      })
      const host = new URL('support/crash-http.ts', import.meta.url).pathname
      const child = spawn(
        process.execPath,
        ['--conditions=theater-source', host, chains, server.authority, method],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      )
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
      await using store = sqliteStore(chains)
      await using theater = await Theater.open({ store, handlers: [http()], cache })
      await theater.idle()
      const { chain, recovery } = theater.actors()[0]!
      expect(recovery).toMatchObject({ unfinished: true })
      const last = (await eventsOf(store, chain)).findLast(({ kind }) => kind === 'return')
      expect(last?.kind).toBe('return')
      expect(seen).toEqual([`${method.toUpperCase()} /once`])
      const relay = new HttpRelay(theater, 'client')
      const again = await relay.request(server.authority, { path: '/again' })
      expect(await relay.answer(num(await relay.handle(again)))).toMatchObject({ tag: 'ok' })
      expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
    })
  }

  it('keeps a secret out of every byte that is recorded, also where the server sends it back', async () => {
    const secret = 'sk-live-4f9c2a71d05b'
    const { root } = place()
    const file = join(root, 'chains.db')
    const lines: string[] = []
    const seen: (string | undefined)[] = []
    await using server = await serve((req, res) => {
      seen.push(req.headers.authorization)
      res.setHeader('x-echo', `${req.headers.authorization}`).end('a marker that is recorded')
    })
    const headers = { authorization: { secret: 'KEY', prefix: 'Bearer ' } }
    {
      await using store = sqliteStore(file)
      await using theater = await Theater.open({
        store,
        handlers: [http({ secrets: { KEY: () => secret } })],
        cache,
        log: (line) => void lines.push(JSON.stringify(line)),
      })
      const grants = everything(server.origin, { headers })
      await theater.spawn({ id: 'a', component: httpRelay, grants })
      const relay = new HttpRelay(theater, 'a')
      const request = await relay.request(server.authority, {
        path: '/',
        headers: { authorization: 'Bearer guess' },
      })
      const response = num(await relay.answer(num(await relay.handle(request))))
      expect(await relay.read(response)).toMatchObject({ headers: { 'x-echo': 'Bearer [redacted]' } })
      expect(seen).toEqual([`Bearer ${secret}`])
    }
    const files = readdirSync(root).filter((name) => name.startsWith('chains.db'))
    const recorded = Buffer.concat(files.map((name) => readFileSync(join(root, name))))
    expect(recorded.includes('a marker that is recorded')).toBe(true)
    expect(recorded.includes('Bearer guess')).toBe(true)
    expect(recorded.includes(secret)).toBe(false)
    expect(lines.join('\n')).not.toContain(secret)
  })
})
