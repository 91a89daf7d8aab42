import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, it } from 'vitest'
import type { TheaterHttpRequestHandler } from '@theater/wit'
import { http, type HttpGrant } from '../src/index.ts'

type Request = TheaterHttpRequestHandler.Request
type Response = TheaterHttpRequestHandler.Response

const PARTS = 'wasi:http/incoming-handler@0.2#handle'
const WHOLE = 'theater:http/request-handler@0.1#handle'

const SERVE: HttpGrant = { serve: [{ path: '/' }] }

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An actor that answers requests that come whole, and maybe others, which it leaves without an answer. */
async function site(
  answer: (request: Request) => Partial<Response>,
  { grant = SERVE, parts = true }: { readonly grant?: HttpGrant; readonly parts?: boolean } = {},
) {
  const handler = http({})
  const forms: string[] = []
  const actor = fakeActor({
    exports: {
      [WHOLE]: ([request]) => {
        forms.push('whole')
        return { status: 200, headers: [], body: bytes(''), ...answer(request as Request) }
      },
      ...(parts && { [PARTS]: () => void forms.push('parts') }),
    },
  })
  const binding = await handler.bind(actor, grant)
  const { url = '' } = handler.address ?? {}
  return {
    forms,
    async ask(path: string, init: RequestInit = {}): Promise<[number, string]> {
      const headers = new Headers(init.headers)
      headers.set('connection', 'close')
      const response = await fetch(`${url}${path}`, { ...init, headers })
      return [response.status, await response.text()]
    },
    async [Symbol.asyncDispose]() {
      await binding[Symbol.asyncDispose]?.()
      await handler[Symbol.asyncDispose]()
    },
  }
}

describe('a request to an actor that takes them whole', () => {
  it('crosses at once, as it was sent, and so does the answer', async () => {
    const seen: Request[] = []
    await using web = await site((request) => {
      seen.push(request)
      return { status: 418, body: bytes('short'), headers: [['x-out', '\u00e9']] }
    })
    const headers = { 'x-in': '\u00e9', 'content-type': 'text/x' }
    expect(await web.ask('/a?b=%20', { method: 'PUT', body: 'sent', headers })).toEqual([418, 'short'])
    const [{ method, url, body, headers: got } = {} as Request] = seen
    expect([method, new URL(url).pathname + new URL(url).search]).toEqual(['PUT', '/a?b=%20'])
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/a\?b=%20$/)
    expect(new TextDecoder().decode(body)).toBe('sent')
    expect(got).toContainEqual(['x-in', '\u00e9'])
    expect(got.map(([name]) => name.toLowerCase())).not.toContain('connection')
  })

  it.each([
    [65_536, SERVE, 'whole'],
    [65_537, SERVE, 'parts'],
    [1, { ...SERVE, stream: true }, 'parts'],
  ] as const)('with %i bytes under %j takes it %s, where it takes both', async (size, grant, form) => {
    await using web = await site(() => ({}), { grant })
    await web.ask('/', { method: 'POST', body: 'x'.repeat(size) })
    expect(web.forms).toEqual([form])
  })

  it.each([
    [65_537, SERVE],
    [65_537, { ...SERVE, stream: true }],
  ] as const)('with %i bytes under %j takes it whole, where it takes no other', async (size, grant) => {
    await using web = await site(({ body }) => ({ body: bytes(String(body.length)) }), {
      grant,
      parts: false,
    })
    expect(await web.ask('/', { method: 'POST', body: 'x'.repeat(size) })).toEqual([200, String(size)])
    expect(web.forms).toEqual(['whole'])
  })

  it.each<[string, Partial<Response>, HttpGrant['limits']]>([
    ['a status below 200', { status: 101 }, {}],
    ['a status above 599', { status: 600 }, {}],
    ['a name that is none', { headers: [['a b', '1']] }, {}],
    ['another line in a value', { headers: [['x', '1\r\nset-cookie: y']] }, {}],
    ['a character beyond a byte', { headers: [['x', '\u0100']] }, {}],
    ['a header of the connection', { headers: [['Transfer-Encoding', 'chunked']] }, {}],
    ['another length', { headers: [['content-length', '1']] }, {}],
    [
      'two lengths',
      {
        headers: [
          ['content-length', '0'],
          ['Content-Length', '0'],
        ],
      },
      {},
    ],
    ['a header longer than may be', { headers: [['x', 'y'.repeat(400)]] }, {}],
    ['a body longer than may be', { body: bytes('xx') }, { 'response-bytes': 1 }],
  ])('gets 502, and nothing of it, where the answer has %s', async (_what, answer, limits) => {
    await using web = await site(() => ({ body: bytes('secret'), ...answer }), {
      grant: { ...SERVE, limits: { 'header-bytes': 400, ...limits } },
    })
    const [status, text] = await web.ask('/')
    expect([status, text]).toEqual([502, expect.stringMatching(/^The actor /)])
  })

  it('is answered without a body where there is none', async () => {
    await using web = await site(({ method }) => ({
      status: method === 'HEAD' ? 200 : 304,
      body: bytes('none of this'),
      headers: [['content-length', '7']],
    }))
    expect(await web.ask('/', { method: 'HEAD' })).toEqual([200, ''])
    expect(await web.ask('/')).toEqual([304, ''])
  })
})
