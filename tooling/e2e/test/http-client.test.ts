import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { AnyHandler } from '@theater/handler'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { decodeData } from '@theater/values'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { eventsOf, place, refused, verify } from './support/files.ts'
import {
  everything,
  finish,
  HttpRelay,
  httpRelay,
  lastReturn,
  post,
  serve,
  start,
  type Answer,
} from './support/http-guest.ts'

const CLIENT = 'theater:http/client@0.1'
const OUTGOING = 'wasi:http/outgoing-handler@0.2'
const KEYED = { 'idempotency-key': true }
const UNKNOWN = { tag: 'err', val: { tag: 'outcome-unknown' } }

const utf8 = new TextEncoder()

const text = (answer: Answer<{ readonly body: Uint8Array }>): unknown =>
  answer.tag === 'ok' ? Buffer.from(answer.val.body).toString() : answer.val

/** A server that does what it is asked once for each key, as those do that know `Idempotency-Key`. */
function till() {
  const requests: { readonly key: string | undefined; readonly method: string }[] = []
  const done = new Map<string, number>()
  let payments = 0
  const { promise: arrived, resolve } = Promise.withResolvers<void>()
  const listener = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const key = req.headers['idempotency-key']
    requests.push({ key: key as string | undefined, method: String(req.method) })
    const known = typeof key === 'string' ? done.get(key) : undefined
    const payment = known ?? ++payments
    if (typeof key === 'string') done.set(key, payment)
    await req.resume().toArray()
    resolve()
    res.setHeader('x-payment', String(payment)).end(`payment ${payment}`)
  }
  return { requests, arrived, payments: () => payments, listener }
}

const open = (store: Store, handler: AnyHandler = http()): Promise<Theater> =>
  Theater.open({ store, handlers: [handler], cache })

/** A handler whose requests are answered and do not come back, so that its host ends with the intent alone on record. */
function stuck(): { readonly handler: AnyHandler; readonly reached: Promise<void> } {
  const handler = http()
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  const stay = (): Promise<never> => {
    resolve()
    return new Promise(() => undefined)
  }
  return {
    reached,
    handler: {
      ...handler,
      async bind(...args: Parameters<typeof handler.bind>) {
        const binding = await handler.bind(...args)
        const { [CLIENT]: client, [OUTGOING]: outgoing } = binding.imports
        const started: typeof client.start = async (...call) => {
          await (await client.start(...call)).finish()
          return stay()
        }
        const handled: typeof outgoing.handle = async (...call) => {
          const future = await outgoing.handle(...call)
          await future.subscribe().wait(new AbortController().signal)
          return stay()
        }
        const imports = { [CLIENT]: { ...client, start: started }, [OUTGOING]: { handle: handled } }
        return { ...binding, imports: { ...binding.imports, ...imports } }
      },
    },
  }
}

describe('theater:http/client', () => {
  it('has a request in one event and its response in another, and is re-run without a network', async () => {
    const store = memoryStore()
    const { requests, listener } = till()
    let chain: Uint8Array
    {
      await using server = await serve((...args) => void listener(...args))
      await using theater = await open(store)
      const grants = everything(server.origin)
      chain = (await theater.spawn({ id: 'client', component: httpRelay, grants })).chain
      const started = await start(theater, post(`${server.origin}/pay?to=me`, [['X-A', 'é']]))
      expect(started.tag).toBe('ok')
      const answer = await finish(theater, started.val as number)
      expect(answer).toMatchObject({ tag: 'ok', val: { status: 200 } })
      expect(text(answer)).toBe('payment 1')
      expect(answer.tag === 'ok' && answer.val.headers).toContainEqual(['x-payment', '1'])
      const [asked, , got] = (await eventsOf(store, chain)).filter(
        ({ kind }) => kind === 'call' || kind === 'result',
      )
      if (asked?.kind !== 'call' || got?.kind !== 'call') throw new Error('not the events of one exchange')
      expect(asked.content?.ask).toEqual({ method: 'POST', origin: server.origin, path: '/pay' })
      expect(decodeData(asked.content!.args)).toEqual([
        ['POST', `${server.origin}/pay?to=me`, [['X-A', 'é']], utf8.encode('5 euros')],
        [0, 0],
      ])
      expect(decodeData(got.content!.outcome!.result)).toMatchObject([
        [0, [200, expect.arrayContaining([['x-payment', '1']]), utf8.encode('payment 1')]],
      ])
    }
    expect(requests).toEqual([{ key: undefined, method: 'POST' }])
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })

  it('is refused what was not granted, as an event', async () => {
    const store = memoryStore()
    const { requests, listener } = till()
    await using server = await serve((...args) => void listener(...args))
    await using theater = await open(store)
    const grants = everything(server.origin, { methods: ['GET'] })
    const { chain } = await theater.spawn({ id: 'client', component: httpRelay, grants })
    expect(await start(theater, post(`${server.origin}/pay`))).toEqual({ tag: 'err', val: { tag: 'denied' } })
    expect(refused(await eventsOf(store, chain))).toEqual(['start'])
    expect(requests).toEqual([])
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  for (const [what, grant, own, answered, asked] of [
    ['a POST is not made again', {}, [], UNKNOWN.val.tag, 1],
    [
      'a POST with a key of the guest and no word of it in the grant is not either',
      {},
      ['mine'],
      UNKNOWN.val.tag,
      1,
    ],
    ['a POST with a key of the host is made again, and done once', KEYED, [], 'payment 1', 2],
    ['so is one with a key of the guest', KEYED, ['mine'], 'payment 1', 2],
  ] as const) {
    it(`when its host ends before the result is on record, ${what}`, async () => {
      const store = memoryStore()
      const { requests, payments, listener } = till()
      await using server = await serve((...args) => void listener(...args))
      const headers = own.map((key) => ['Idempotency-Key', key] as const)
      let chain: Uint8Array
      {
        const { handler, reached } = stuck()
        await using theater = await open(store, handler)
        const grants = everything(server.origin, grant)
        chain = (await theater.spawn({ id: 'client', component: httpRelay, grants })).chain
        start(theater, post(`${server.origin}/pay`, headers)).catch(() => undefined)
        await reached
      }
      await using theater = await open(store)
      await theater.idle()
      expect(theater.actors()[0]?.recovery).toMatchObject({ unfinished: true })
      const [tag, val] = (await lastReturn(store, chain)) as readonly [index: number, value?: unknown]
      const outcome = tag === 0 ? text(await finish(theater, val as number)) : UNKNOWN.val.tag
      expect(outcome).toBe(answered)
      expect(requests).toHaveLength(asked)
      expect(new Set(requests.map(({ key }) => key)).size).toBe(1)
      expect(requests[0]?.key === 'mine').toBe(own.length > 0)
      expect(payments()).toBe(1)
      expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
    })
  }

  for (const [what, grant, method, answered, asked] of [
    ['a POST is not made again', {}, 'POST', { tag: 'outcome-unknown' }, 1],
    ['a POST with a key is', KEYED, 'POST', 'payment 1', 2],
    ['a PUT is', {}, 'PUT', 'payment 2', 2],
    ['a GET is', {}, 'GET', 'payment 2', 2],
  ] as const) {
    it(`when its host ends before it is finished, ${what}`, async () => {
      const store = memoryStore()
      const { requests, arrived, listener } = till()
      await using server = await serve((...args) => void listener(...args))
      let chain: Uint8Array
      let started: Answer<number>
      {
        await using theater = await open(store)
        const grants = everything(server.origin, grant)
        chain = (await theater.spawn({ id: 'client', component: httpRelay, grants })).chain
        started = await start(theater, { ...post(`${server.origin}/pay`), method })
        await arrived
      }
      await using theater = await open(store)
      const answer = await finish(theater, started.val as number)
      expect(text(answer)).toEqual(answered)
      expect(requests).toHaveLength(asked)
      expect(requests.every((request) => request.method === method)).toBe(true)
      expect(new Set(requests.map(({ key }) => key)).size).toBe(1)
      expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
    })
  }

  it('after a kill between intent and result a keyed POST is made again with the same key, and done once', async () => {
    const { root } = place()
    const chains = join(root, 'chains.db')
    const { requests, payments, listener } = till()
    await using server = await serve((...args) => void listener(...args))
    const host = new URL('support/crash-client.ts', import.meta.url).pathname
    const child = spawn(
      process.execPath,
      ['--conditions=theater-source', host, chains, server.origin, JSON.stringify(KEYED)],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
    expect(requests).toHaveLength(1)
    await using store = sqliteStore(chains)
    await using theater = await open(store)
    await theater.idle()
    const { chain, recovery } = theater.actors()[0]!
    expect(recovery).toMatchObject({ unfinished: true })
    const [tag, val] = (await lastReturn(store, chain)) as readonly [index: number, value?: unknown]
    expect(tag).toBe(0)
    expect(text(await finish(theater, val as number))).toBe('payment 1')
    const [first, second] = requests
    expect(requests).toHaveLength(2)
    expect(first?.key).toMatch(/^"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/)
    expect(second?.key).toBe(first?.key)
    expect(payments()).toBe(1)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })
})

describe('wasi:http', () => {
  it('has a POST with a key, whose body is gone with its host, not made again; made by the guest it has another key, or the guest’s', async () => {
    const store = memoryStore()
    const { requests, payments, listener } = till()
    await using server = await serve((...args) => void listener(...args))
    const made = async (theater: Theater, headers = {}): Promise<unknown> => {
      const relay = new HttpRelay(theater, 'client')
      const request = await relay.request(server.authority, { method: 'post', path: '/pay', headers })
      return relay.handle(request)
    }
    const { handler, reached } = stuck()
    {
      await using theater = await open(store, handler)
      const grants = everything(server.origin, KEYED)
      await theater.spawn({ id: 'client', component: httpRelay, grants })
      made(theater).catch(() => undefined)
      await reached
    }
    await using theater = await open(store)
    await theater.idle()
    const { chain, recovery } = theater.actors()[0]!
    expect(recovery).toMatchObject({ unfinished: true })
    expect(requests).toHaveLength(1)
    const [, future] = (await lastReturn(store, chain)) as readonly [number, number]
    const relay = new HttpRelay(theater, 'client')
    expect(await relay.answer(future)).toEqual({ tag: 'err', val: { tag: 'connection-terminated' } })
    const again = async (headers = {}): Promise<unknown> =>
      relay.answer(((await made(theater, headers)) as { val: number }).val)
    expect(await again()).toMatchObject({ tag: 'ok' })
    for (const _ of ['once', 'twice'])
      expect(await again({ 'idempotency-key': 'mine' })).toMatchObject({ tag: 'ok' })
    expect(new Set(requests.map(({ key }) => key)).size).toBe(3)
    expect(payments()).toBe(3)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })
})
