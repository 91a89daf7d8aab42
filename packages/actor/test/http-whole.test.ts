import { describe, expect, test } from 'vitest'
import type { TheaterHttpRequestHandler } from '@theater/wit'
import { defineActor, Failure } from '@theater/actor'
import type { Actor } from '../src/define.ts'
import { FakeHost, Served } from './fake-host.ts'
import { FakeVisit } from './fake-http.ts'
import { ownRequests } from '../src/guest/requests.ts'
import { ownResponses } from '../src/guest/responses.ts'

type Answer = Response | Promise<Response>

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

type Fields = readonly (readonly [name: string, value: string])[]

/** Header fields as they cross. */
const lines = (fields: Fields): Uint8Array =>
  Buffer.from(fields.map(([name, value]) => `${name}: ${value}\r\n`).join(''), 'latin1')

const fieldsIn = (given: Uint8Array): Fields => {
  const all = Buffer.from(given).toString('latin1').split('\r\n')
  expect(all.pop()).toBe('')
  return all.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)])
}

/** An actor that answers with what it is told to, asked as `theater:http/request-handler` does. */
function served(
  answer: (request: Request) => Answer,
  globals: { Request?: typeof Request; Response?: typeof Response } = {},
): {
  readonly host: FakeHost
  readonly ask: (
    request?: Partial<Omit<TheaterHttpRequestHandler.Request, 'headers'>> & { readonly headers?: Fields },
  ) => Promise<{ readonly status: number; readonly headers: Fields; readonly text: string }>
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
  const served = new Served(
    actor as Actor,
    { ...host.all(), http: new FakeVisit().types },
    {
      madeOf: ownResponses(globals),
      requestOf: ownRequests(globals),
    },
  )
  return {
    host,
    state: async () => await served.state(),
    async ask({ headers = [], ...request } = {}) {
      const whole = { method: 'GET', url: 'http://example.org/', body: bytes(''), ...request }
      const response = await served.exports.requestHandler.handle({ ...whole, headers: lines(headers) })
      return {
        status: response.status,
        headers: fieldsIn(response.headers),
        text: new TextDecoder().decode(response.body),
      }
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

/** A `Request` and a `Response` of the kit's over this platform's. */
function own() {
  const globals = { Request, Response }
  const requestOf = ownRequests(globals)
  const madeOf = ownResponses(globals)
  return { Request: globals.Request, Response: globals.Response, requestOf, madeOf }
}

describe('what a Response was made of', () => {
  test('is known, so that it need not be read', () => {
    const { Response: made, madeOf } = own()
    const given = bytes('given')
    const copied = new made(given)
    given.fill(0)
    expect(madeOf(new made('text'))?.body).toBe('text')
    expect(madeOf(copied)?.body).toEqual(bytes('given'))
    class Derived extends made {}
    const derived = new Derived('of a class of its own', { status: 201 })
    expect(derived).toBeInstanceOf(Derived)
    expect(derived).toBeInstanceOf(made)
    expect([derived.status, madeOf(derived)?.body]).toEqual([201, 'of a class of its own'])
    expect(new made('').constructor).toBe(made)
    expect([made.name, made.length, tagOf(new made())]).toEqual(['Response', 0, '[object Response]'])
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
    ['is that of a clone', (made: typeof Response) => new made('text').clone()],
  ] as const)('is not known of a body that %s', ([, make]) => {
    const { Response: made, madeOf } = own()
    expect(madeOf(make(made))).toBeUndefined()
  })

  test.for([
    [{ a: 1 }, undefined],
    ['text', { status: 404, statusText: 'gone', headers: { 'content-type': 'application/x', 'x-a': '1' } }],
    [null, { headers: [['x-b', '2']] }],
  ] as const)('is known of JSON, which is as ever: %j', async ([data, init]) => {
    const { Response: made, madeOf } = own()
    const [ours, usual] = [made.json(data, init as ResponseInit), Response.json(data, init as ResponseInit)]
    expect(madeOf(ours)).toMatchObject({ status: usual.status, body: JSON.stringify(data) })
    expect(await looks(ours)).toEqual(await looks(usual))
    expect(() => made.json(undefined)).toThrow(TypeError)
  })

  test.for([
    ['é', 'é'],
    [bytes('two'), 'two'],
    [null, ''],
  ] as const)('is what leaves, unread: %s', async ([body, text]) => {
    const globals = { Response }
    let response: Response | undefined
    const headers: [string, string][] = [
      ['content-type', 'a/b'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]
    const { ask } = served(() => (response = new globals.Response(body, { status: 201, headers })), globals)
    expect(await ask()).toMatchObject({ status: 201, text, headers })
    expect(response?.bodyUsed).toBe(false)
  })
})

const tagOf = (value: object): string => Object.prototype.toString.call(value)

/** All that one can see of a request or a response; reads it. */
async function looks(of: Response | Request): Promise<unknown> {
  const own = 'status' in of ? [of.status, of.statusText, of.ok, of.type, of.redirected] : [of.method]
  const before = of.bodyUsed
  const headers = [...of.headers]
  const text = await of.text()
  const again = await of.text().then(
    () => 'again',
    (error: unknown) => (error as Error).name,
  )
  return [...own, of.url, headers, before, text, of.bodyUsed, again, tagOf(of)]
}

describe('a Response of the kit’s is one as ever', () => {
  test.for<[string, (made: typeof Response) => Response]>([
    ['nothing', (made) => new made()],
    ['null', (made) => new made(null, { status: 304 })],
    ['a text', (made) => new made('é')],
    ['an empty text', (made) => new made('', { status: 500, statusText: 'No' })],
    ['bytes', (made) => new made(bytes('two'), { headers: { a: 'b' } })],
    ['a text and a type', (made) => new made('{}', { headers: { 'Content-Type': 'application/json' } })],
    ['parameters', (made) => new made(new URLSearchParams({ a: 'b' }))],
    ['a stream', (made) => new made(new Blob(['text']).stream(), { headers: [['x', 'y']] })],
    ['one of a redirect', (made) => made.redirect('http://a.b/c', 303)],
    ['one of a failure', (made) => made.error()],
    ['a clone', (made) => new made('text', { headers: { a: 'b' } }).clone()],
    [
      'a clone of which headers were changed',
      (made) => {
        const first = new made('text')
        first.headers.set('x', 'y')
        return first.clone()
      },
    ],
    [
      'another’s body and what it says',
      (made) => {
        const first = new made('text', { status: 202, headers: { a: 'b' } })
        return new made(first.body, first)
      },
    ],
  ])('made of %s', async ([, make]) => {
    const { Response: made } = own()
    const ours = make(made)
    expect(ours).toBeInstanceOf(made)
    expect(await looks(ours)).toEqual(await looks(make(Response)))
  })

  test.for<[string, (made: typeof Response) => unknown]>([
    ['a status that is none', (made) => new made('x', { status: 99 })],
    ['a body where none may be', (made) => new made('x', { status: 204 })],
    ['a text of status that is none', (made) => new made('x', { statusText: 'a\nb' })],
    ['a header that is none', (made) => new made('x', { headers: { 'a b': 'c' } })],
    ['no object', (made) => (made as unknown as () => unknown)()],
  ])('and refuses %s', ([, make]) => {
    const thrown = (made: typeof Response): string => {
      try {
        make(made)
        return 'nothing'
      } catch (error) {
        return (error as Error).name
      }
    }
    expect(thrown(own().Response)).toBe(thrown(Response))
  })

  test('whose headers are one object, also behind its body', async () => {
    const response = new (own().Response)('text')
    const { headers } = response
    headers.set('x', 'y')
    expect(await new globalThis.Response(response.body).text()).toBe('text')
    expect(response.headers).toBe(headers)
    expect([...headers]).toEqual([
      ['content-type', 'text/plain;charset=UTF-8'],
      ['x', 'y'],
    ])
  })
})

describe('a Request of the kit’s is one as ever', () => {
  const headers: [string, string][] = [
    ['x-a', '1'],
    ['X-A', '2: 3'],
    ['x-latin', 'Ã© é'],
    ['x-empty', ''],
    ['content-type', 'text/plain'],
  ]
  const came = (method: string, body = ''): Parameters<ReturnType<typeof ownRequests>>[0] => ({
    method,
    url: 'http://Example.org/a/../b?c=d e',
    headers: lines(headers),
    body: bytes(body),
  })
  const usual = (method: string, body = ''): Request =>
    new Request(came(method).url, {
      method,
      headers,
      ...(method !== 'GET' && method !== 'HEAD' && { body }),
    })

  test.for([
    ['GET', ''],
    ['HEAD', ''],
    ['POST', '{"a":1}'],
    ['PUT', ''],
    ['DELETE', 'é'],
    ['patch', 'x'],
    ['QUERY', 'x'],
  ] as const)('%s %s', async ([method, body]) => {
    const { Request: made, requestOf } = own()
    const ours = requestOf(came(method, body))
    expect(ours).toBeInstanceOf(made)
    expect(ours.constructor).toBe(made)
    expect(await looks(ours)).toEqual(await looks(usual(method, body)))
  })

  test('read as JSON, as bytes, by pieces, and as a blob', async () => {
    const { requestOf } = own()
    const ask = (): Request => requestOf(came('POST', '{"a":1}'))
    expect(await ask().json()).toEqual({ a: 1 })
    expect(new TextDecoder().decode(await ask().arrayBuffer())).toBe('{"a":1}')
    expect(await new globalThis.Response(ask().body).text()).toBe('{"a":1}')
    expect(await (await ask().blob()).text()).toBe('{"a":1}')
    await expect(requestOf(came('POST', '{')).json()).rejects.toThrow(SyntaxError)
    expect(requestOf(came('GET')).body).toBeNull()
    const read = ask()
    await read.text()
    expect(read.bodyUsed).toBe(true)
    await expect(read.arrayBuffer()).rejects.toThrow(TypeError)
    expect(() => read.clone()).toThrow(TypeError)
  })

  test('cloned and made anew, with headers as they then are', async () => {
    const { Request: made, requestOf } = own()
    const ours = requestOf(came('POST', 'body'))
    ours.headers.set('x-new', '3')
    const twin = ours.clone()
    expect(twin).toBeInstanceOf(made)
    twin.headers.set('x-new', '4')
    expect([ours.headers.get('x-new'), await twin.text(), ours.bodyUsed]).toEqual(['3', 'body', false])
    const anew = new made(ours, { headers: { only: 'this' } })
    expect(ours.signal.aborted).toBe(false)
    expect([[...anew.headers.keys()].includes('only'), await anew.text(), ours.bodyUsed]).toEqual([
      true,
      'body',
      true,
    ])
    expect(() => new made(ours)).toThrow(TypeError)
    ours.headers.set('x-new', '5')
    const second = requestOf(came('GET'))
    void second.signal
    second.headers.set('x-late', '6')
    expect(new made(second).headers.get('x-late')).toBe('6')
    expect(new made('http://a.b/', second).headers.get('x-late')).toBe('6')
  })

  test.for(['http://no host/', 'http://a:99999/', '/a', 'http://[::1/'])('and of %s there is none', (url) => {
    expect(() => own().requestOf({ ...came('GET'), url })).toThrow(TypeError)
  })

  test('whose host may change from one to the next', () => {
    const { requestOf } = own()
    const urls = ['http://a.b/c', 'http://a.b.evil/', 'http://A.b:80/d', 'http://a.b/e#f'].map(
      (url) => requestOf({ ...came('GET'), url }).url,
    )
    expect(urls).toEqual(['http://a.b/c', 'http://a.b.evil/', 'http://a.b/d', 'http://a.b/e#f'])
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
