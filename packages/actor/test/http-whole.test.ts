import { describe, expect, test } from 'vitest'
import type { TheaterHttpRequestHandler } from '@theater/wit'
import { defineActor, Failure } from '@theater/actor'
import type { Actor } from '../src/define.ts'
import { FakeHost, Served } from './fake-host.ts'
import { FakeVisit } from './fake-http.ts'

type Answer = Response | Promise<Response>

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An actor that answers with what it is told to, asked as `theater:http/request-handler` does. */
function served(answer: (request: Request) => Answer): {
  readonly host: FakeHost
  readonly ask: (
    request?: Partial<TheaterHttpRequestHandler.Request>,
  ) => Promise<TheaterHttpRequestHandler.Response & { readonly text: string }>
  readonly state: () => Promise<unknown>
} {
  const host = new FakeHost()
  const actor = defineActor({
    uses: ['messaging', 'log'],
    state: { n: 0 },
    async fetch(ctx, request) {
      ctx.state.n += 1
      ctx.send('other', 'visited')
      return await answer(request)
    },
  })
  const served = new Served(actor as Actor, { ...host.all(), http: new FakeVisit().types })
  return {
    host,
    state: async () => await served.state(),
    async ask(request = {}) {
      const whole = { method: 'GET', url: 'http://example.org/', headers: [], body: bytes(''), ...request }
      const response = await served.exports.requestHandler.handle(whole)
      return { ...response, text: new TextDecoder().decode(response.body) }
    },
  }
}

describe('a request that comes whole', () => {
  test('is what the web knows', async () => {
    const seen: unknown[] = []
    const { ask } = served(async (request) => {
      seen.push(request.method, request.url, [...request.headers], await request.text())
      return new Response('')
    })
    await ask({
      method: 'POST',
      url: 'http://example.org/a?b=c',
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
        ['x-latin', 'é'],
      ],
      body: bytes('hello'),
    })
    expect(seen).toEqual([
      'POST',
      'http://example.org/a?b=c',
      [
        ['x-a', '1, 2'],
        ['x-latin', 'é'],
      ],
      'hello',
    ])
  })

  test.for([{ url: 'http://no host/' }, { method: 'TRACE' }])(
    'and that the web does not know is a 400, and no turn: %j',
    async (request) => {
      const { ask, state } = served(() => new Response('ok'))
      expect(await ask(request)).toMatchObject({ status: 400 })
      expect(await state()).toEqual({ n: 0 })
    },
  )
})

describe('an answer that leaves whole', () => {
  test('has its status, its headers and all pieces of its body', async () => {
    const headers: [string, string][] = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]
    let n = 0
    const body = new ReadableStream({
      pull: (controller) => (n++ < 3 ? controller.enqueue(bytes(`${n} `)) : controller.close()),
    })
    const { ask, host, state } = served(() => new Response(body, { status: 201, headers }))
    expect(await ask()).toMatchObject({ status: 201, text: '1 2 3 ', headers })
    expect(await state()).toEqual({ n: 1 })
    expect(host.calls).toEqual(['send other application/json {"type":"visited"}'])
  })

  test('has none where there is none', async () => {
    const { ask } = served(() => new Response(null, { status: 204 }))
    expect(await ask()).toMatchObject({ status: 204, text: '', headers: [] })
  })
})

describe('a handler that fails', () => {
  const broken = (): Response => {
    let n = 0
    return new Response(
      new ReadableStream({
        pull: (controller) =>
          n++ === 0 ? controller.enqueue(bytes('half')) : controller.error(new Error('a secret')),
      }),
    )
  }
  test.for([
    ['throws', () => Promise.reject(new Error('a secret'))],
    ['throws a Failure', () => Promise.reject(new Failure('a-secret', 'a secret'))],
    ['gives no Response', () => ({ secret: 1 }) as unknown as Response],
    ['breaks off in the middle', broken],
    ['says that the answer is redirected to itself', () => Response.error()],
    ['sets what is the host’s', () => new Response('a secret', { headers: { 'proxy-secret': '1' } })],
  ] as const)('%s: a 500 without a word of it; state and sends are as before', async ([, answer]) => {
    const { ask, host, state } = served(answer)
    const { status, text } = await ask()
    expect(status).toBe(500)
    expect(text).not.toMatch(/secret|half/)
    expect(await state()).toEqual({ n: 0 })
    expect(host.calls.filter((call) => call.startsWith('send'))).toEqual([])
    expect(host.calls.filter((call) => call.startsWith('log'))).toHaveLength(1)
  })

  test('with a send that is refused has not answered', async () => {
    const { ask, host, state } = served(() => new Response('x'))
    host.refuse.set('other', { tag: 'unknown-actor' })
    expect(await ask()).toMatchObject({ status: 500 })
    expect(await state()).toEqual({ n: 0 })
  })
})
