import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { defineActor, Failure } from '@theater/actor'
import type { Actor } from '../src/define.ts'
import { FakeHost, Served } from './fake-host.ts'
import { FakeVisit } from './fake-http.ts'
import weather from './example-web.ts'

/** An actor that answers with what it is told to. */
function served(answer: (ctx: { state: { n: number } }, request: Request) => Response | Promise<Response>): {
  host: FakeHost
  visit: (set?: Partial<FakeVisit>) => Promise<FakeVisit>
  state: () => Promise<unknown>
} {
  const host = new FakeHost()
  const actor = defineActor({
    uses: ['messaging', 'log'],
    state: { n: 0 },
    async fetch(ctx, request) {
      ctx.state.n += 1
      ctx.send('other', 'visited')
      return await answer(ctx, request)
    },
  })
  let exports: Served | undefined
  return {
    host,
    visit: async (set = {}) => {
      const visit = Object.assign(new FakeVisit(), set)
      // The bindings are the same for each request; the fake's are not, so it serves one at a time.
      const one = (exports ??= new Served(actor as Actor, { ...host.all(), http: proxyOf(() => current) }))
      current = visit
      await one.exports.incomingHandler.handle(visit.incoming, visit.out)
      return visit
    },
    state: async () => await exports!.state(),
  }
}

let current: FakeVisit
const proxyOf = (visit: () => FakeVisit): FakeVisit['types'] =>
  new Proxy({}, { get: (_target, name) => Reflect.get(visit().types, name) as unknown }) as FakeVisit['types']

const stream = (
  pull: (controller: ReadableStreamDefaultController<unknown>, n: number) => void,
): ReadableStream => {
  let n = 0
  return new ReadableStream({ pull: (controller) => pull(controller, n++) })
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a request', () => {
  test('is what the web knows', async () => {
    const seen: unknown[] = []
    const { visit } = served(async (_ctx, request) => {
      seen.push(request.method, request.url, [...request.headers], await request.text())
      return new Response('')
    })
    const done = await visit({
      method: { tag: 'post' },
      path: '/a?b=c',
      headers: [
        ['x-a', bytes('1')],
        ['x-a', bytes('2')],
        ['x-latin', new Uint8Array([0xe9])],
      ],
      body: ['he', 'llo'],
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
    expect(done.held).toBe(0)
  })

  test('whose body nobody reads is not read', async () => {
    const { visit } = served(() => new Response('ok'))
    expect(await visit({ method: { tag: 'put' }, body: ['unread'] })).toMatchObject({
      text: 'ok',
      body: ['unread'],
      held: 0,
    })
  })

  test('whose body breaks off fails where it is read', async () => {
    const { visit } = served(async (_ctx, request) => new Response(await request.text().catch(String)))
    const done = await visit({ method: { tag: 'post' }, body: ['half', new Error('cut')] })
    expect(done).toMatchObject({ status: 200, held: 0, text: 'TypeError: the body of the request broke off' })
  })

  test.for([{ path: '*' }, { authority: 'no host' }, { method: { tag: 'trace' as const } }])(
    'that the web does not know is a 400, and no turn: %j',
    async (set) => {
      const { visit, state } = served(() => new Response('ok'))
      expect(await visit(set)).toMatchObject({ status: 400, whole: true, held: 0 })
      expect(await state()).toEqual({ n: 0 })
    },
  )
})

describe('a response', () => {
  test('leaves with its status and headers, in pieces that the host has room for', async () => {
    const { visit, host, state } = served(
      () =>
        new Response('hello', {
          status: 201,
          headers: [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ],
        }),
    )
    const done = await visit({ room: 2 })
    expect(done).toMatchObject({ status: 201, text: 'hello', whole: true, held: 0 })
    expect(done.sent.filter(([name]) => name === 'set-cookie').map(([, value]) => value)).toEqual([
      'a=1',
      'b=2',
    ])
    expect(await state()).toEqual({ n: 1 })
    expect(host.calls).toEqual(['send other application/json {"type":"visited"}'])
  })

  test('without a body is one', async () => {
    const { visit } = served(() => new Response(null, { status: 204 }))
    expect(await visit()).toMatchObject({ status: 204, text: '', held: 0 })
  })

  test('streams', async () => {
    const { visit } = served(
      () =>
        new Response(
          stream((controller, n) => (n < 3 ? controller.enqueue(bytes(`${n} `)) : controller.close())),
        ),
    )
    expect(await visit()).toMatchObject({ text: '0 1 2 ', whole: true, held: 0 })
  })
})

describe('a handler that fails', () => {
  test.for([
    ['throws', () => Promise.reject(new Error('a secret'))],
    ['throws a Failure', () => Promise.reject(new Failure('a-secret', 'a secret'))],
    ['gives no Response', () => Promise.resolve({ secret: 1 } as unknown as Response)],
    ['streams what are no bytes', () => Promise.resolve(new Response(stream((c) => c.enqueue('a secret'))))],
    [
      'breaks off at once',
      () => Promise.resolve(new Response(stream((c) => c.error(new Error('a secret'))))),
    ],
  ] as const)('%s: a 500 without a word of it; state and sends are as before', async ([, answer]) => {
    const { visit, host, state } = served(answer)
    const done = await visit()
    expect(done.held).toBe(0)
    expect(done.text).not.toContain('secret')
    expect(await state()).toEqual({ n: 0 })
    expect(host.calls.filter((call) => call.startsWith('send'))).toEqual([])
  })

  test.for([
    [
      new Failure('no-city', 'there is none'),
      'log warn fetch failed code=no-city error=Failure: there is none',
    ],
    [new Error('a bug'), 'log error fetch threw error=Error: a bug'],
  ] as const)('says so in the log, once: %s', async ([thrown, line]) => {
    const { visit, host } = served(() => Promise.reject(thrown))
    expect(await visit()).toMatchObject({ status: 500 })
    expect(host.calls.filter((call) => call.startsWith('log'))).toEqual([line])
  })

  test('after its answer has begun breaks that off', async () => {
    const { visit, state } = served(
      () =>
        new Response(
          stream((controller, n) => {
            if (n === 0) controller.enqueue(bytes('half'))
            else controller.error(new Error('the rest is gone'))
          }),
        ),
    )
    expect(await visit()).toMatchObject({ status: 200, text: 'half', whole: false, held: 0 })
    expect(await state()).toEqual({ n: 0 })
  })

  test('with a header or a status that the host refuses is a 500', async () => {
    const { visit } = served(() => new Response('x', { headers: { 'x-no': '1' } }))
    expect(await visit({ forbidden: new Set(['x-no']) })).toMatchObject({ status: 500, held: 0 })
  })

  test('with a send that is refused has not answered', async () => {
    const { visit, host, state } = served(() => new Response('x'))
    host.refuse.set('other', { tag: 'unknown-actor' })
    expect(await visit()).toMatchObject({ whole: false, held: 0 })
    expect(await state()).toEqual({ n: 0 })
  })
})

test('the example of the README answers with what it asked', async () => {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    return new Response('sun')
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  const visit = Object.assign(new FakeVisit(), { path: '/?city=Biel' })
  await new Served(weather as Actor, { http: visit.types }).exports.incomingHandler.handle(
    visit.incoming,
    visit.out,
  )
  expect(JSON.parse(visit.text)).toEqual({ city: 'Biel', now: 'sun', next: 'sun', asked: 1 })
  expect(asked).toEqual(['https://weather.example/now?city=Biel', 'https://weather.example/next?city=Biel'])
})
