import { describe, expect, test } from 'vitest'
import type { TheaterHttpRequestHandler } from '@theater/wit'
import { defineActor, Failure } from '@theater/actor'
import type { Actor } from '../src/define.ts'
import { rememberBodies } from '../src/guest/bodies.ts'
import { FakeHost, Served } from './fake-host.ts'
import { FakeVisit } from './fake-http.ts'

type Answer = Response | Promise<Response>

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An actor that answers with what it is told to, asked as `theater:http/request-handler` does. */
function served(
  answer: (request: Request) => Answer,
  bodyOf?: (response: Response) => string | Uint8Array | undefined,
): {
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
  const served = new Served(actor as Actor, { ...host.all(), http: new FakeVisit().types }, bodyOf)
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

describe('what a Response was made of', () => {
  const bound = () => {
    class Own extends Response {}
    const globals = { Response: Own as typeof Response }
    const bodyOf = rememberBodies(globals)
    return { made: globals.Response, bodyOf }
  }

  test('is known, so that it need not be read', () => {
    const { made, bodyOf } = bound()
    const given = bytes('given')
    const copied = new made(given)
    given.fill(0)
    expect(bodyOf(new made('text'))).toBe('text')
    expect(bodyOf(copied)).toEqual(bytes('given'))
    class Derived extends made {}
    const derived = new Derived('of a class of its own', { status: 201 })
    expect(derived).toBeInstanceOf(Derived)
    expect(derived).toBeInstanceOf(made)
    expect([derived.status, bodyOf(derived)]).toEqual([201, 'of a class of its own'])
    expect(new made('').constructor).toBe(made)
  })

  test.for([
    [
      'was read',
      (made: typeof Response) => {
        const read = new made('text')
        void read.text()
        return read
      },
    ],
    ['streams', (made: typeof Response) => new made(new Blob(['text']).stream())],
    ['is long', (made: typeof Response) => new made(new Uint8Array(70_000))],
    ['is another’s', () => new Response('text')],
    ['is none', (made: typeof Response) => new made(null)],
    ['is that of a clone', (made: typeof Response) => new made('text').clone()],
  ] as const)('is not known of a body that %s', ([, make]) => {
    const { made, bodyOf } = bound()
    expect(bodyOf(make(made))).toBeUndefined()
  })

  test.for([
    [{ a: 1 }, undefined],
    ['text', { status: 404, statusText: 'gone', headers: { 'content-type': 'application/x', 'x-a': '1' } }],
    [null, { headers: [['x-b', '2']] }],
  ] as const)('is known of JSON, which is as ever: %j', async ([data, init]) => {
    const { made, bodyOf } = bound()
    const [ours, usual] = [made.json(data, init as ResponseInit), Response.json(data, init as ResponseInit)]
    expect([ours.status, ours.statusText, [...ours.headers]]).toEqual([
      usual.status,
      usual.statusText,
      [...usual.headers],
    ])
    expect(bodyOf(ours)).toBe(JSON.stringify(data))
    expect(() => made.json(undefined)).toThrow(TypeError)
  })

  test('is what leaves', async () => {
    for (const [response, text] of [
      [new Response('é'), 'é'],
      [new Response(bytes('two')), 'two'],
    ] as const) {
      const { ask } = served(
        () => response,
        () => text,
      )
      expect(await ask()).toMatchObject({ status: 200, text })
      expect(response.bodyUsed).toBe(false)
    }
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
