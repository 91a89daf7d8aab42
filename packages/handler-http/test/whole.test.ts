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

/** Header fields as they cross. */
const fields = (...all: readonly (readonly [name: string, value: string])[]): Uint8Array =>
  Buffer.from(all.map(([name, value]) => `${name}: ${value}\r\n`).join(''), 'latin1')

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
        return { status: 200, headers: fields(), body: bytes(''), ...answer(request as Request) }
      },
      ...(parts && { [PARTS]: () => void forms.push('parts') }),
    },
  })
  const binding = await handler.bind(actor, grant)
  const { url = '' } = handler.address ?? {}
  return {
    forms,
    async fetch(path: string, init: RequestInit = {}): Promise<globalThis.Response> {
      const headers = new Headers(init.headers)
      headers.set('connection', 'close')
      return await fetch(`${url}${path}`, { ...init, headers })
    },
    async ask(path: string, init: RequestInit = {}): Promise<[number, string]> {
      const response = await this.fetch(path, init)
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
      return { status: 418, body: bytes('short'), headers: fields(['x-out', '\u00e9']) }
    })
    const headers = { 'x-in': '\u00e9', 'content-type': 'text/x' }
    expect(await web.ask('/a?b=%20', { method: 'PUT', body: 'sent', headers })).toEqual([418, 'short'])
    const [{ method, url, body, headers: got } = {} as Request] = seen
    expect([method, new URL(url).pathname + new URL(url).search]).toEqual(['PUT', '/a?b=%20'])
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/a\?b=%20$/)
    expect(new TextDecoder().decode(body)).toBe('sent')
    const text = Buffer.from(got).toString('latin1')
    const lines = text.split('\r\n')
    expect(lines.pop()).toBe('')
    expect(lines).toContain('x-in: \u00e9')
    expect(lines.every((line) => /^[!#$%&'*+.^_`|~\w-]+: \S(?:.*\S)?$/.test(line))).toBe(true)
    expect(lines.map((line) => line.split(':')[0]?.toLowerCase())).not.toContain('connection')
    expect(lines.map((line) => line.split(':')[0]?.toLowerCase())).not.toContain('host')
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
    ['a name that is none', { headers: fields(['a b', '1']) }, {}],
    ['another line in a value', { headers: fields(['x', '1\nset-cookie: y']) }, {}],
    ['a line that ends otherwise', { headers: bytes('x: 1\n') }, {}],
    ['a line that does not end', { headers: bytes('x: 1') }, {}],
    ['a line that goes on', { headers: bytes('x: 1\r\n y\r\n') }, {}],
    ['a line without a name', { headers: bytes(': 1\r\n') }, {}],
    ['a line without a colon', { headers: bytes('x\r\ny: 1\r\n') }, {}],
    ['a space before the colon', { headers: bytes('x : 1\r\n') }, {}],
    ['an empty line', { headers: bytes('x: 1\r\n\r\n') }, {}],
    ['an end of a line in a value', { headers: bytes('x: 1\ry\r\n') }, {}],
    ['a character that is none', { headers: bytes('x: \0\r\n') }, {}],
    ['a header of the connection', { headers: fields(['Transfer-Encoding', 'chunked']) }, {}],
    ['another length', { headers: fields(['content-length', '1']) }, {}],
    [
      'two lengths',
      {
        headers: fields(['content-length', '0'], ['Content-Length', '0']),
      },
      {},
    ],
    ['a header longer than may be', { headers: fields(['x', 'y'.repeat(400)]) }, {}],
    ['a body longer than may be', { body: bytes('xx') }, { 'response-bytes': 1 }],
  ])('gets 502, and nothing of it, where the answer has %s', async (_what, answer, limits) => {
    await using web = await site(() => ({ body: bytes('secret'), ...answer }), {
      grant: { ...SERVE, limits: { 'header-bytes': 400, ...limits } },
    })
    const [status, text] = await web.ask('/')
    expect([status, text]).toEqual([502, expect.stringMatching(/^The actor /)])
  })

  it('is answered with fields whose values may have spaces around them, or nothing in them', async () => {
    const said = 'X-A:1\r\nx-b:\t 2 : 3 \t\r\nx-c:\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n'
    await using web = await site(() => ({ headers: bytes(said) }))
    const { headers } = await web.fetch('/')
    expect(['x-a', 'x-b', 'x-c'].map((name) => headers.get(name))).toEqual(['1', '2 : 3', ''])
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  it('is answered without a body where there is none', async () => {
    await using web = await site(({ method }) => ({
      status: method === 'HEAD' ? 200 : 304,
      body: bytes('none of this'),
      headers: fields(['content-length', '7']),
    }))
    expect(await web.ask('/', { method: 'HEAD' })).toEqual([200, ''])
    expect(await web.ask('/')).toEqual([304, ''])
  })
})
