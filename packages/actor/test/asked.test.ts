import { describe, expect, test } from 'vitest'
import { asked } from '../src/guest/asked.ts'
import { Cancel } from '../src/guest/cancel.ts'

const url = 'http://example.org/a?b=c'

async function shown({ method, url: to, headers, body }: ReturnType<typeof asked>): Promise<unknown> {
  const type = headers.get('content-type')?.replace(/boundary=.*/, 'boundary')
  const text = (await new Response(body).text()).replaceAll(/-{2,}\S+/g, 'boundary')
  return { method, to, type, x: headers.get('x-y'), text, none: body === null }
}

describe('what a fetch asks for', () => {
  const form = new FormData()
  form.set('a', 'b')
  const inits: [string, RequestInit][] = [
    ['nothing', {}],
    ['headers', { headers: { 'x-y': 'z' } }],
    ['a known method', { method: 'delete' }],
    ['an unknown one', { method: 'pAtch' }],
    ['text', { method: 'post', body: 'text' }],
    ['text of a type', { method: 'PUT', body: 'text', headers: { 'Content-Type': 'a/b' } }],
    ['bytes', { method: 'POST', body: new Uint8Array([65, 66]) }],
    ['parameters', { method: 'POST', body: new URLSearchParams({ a: 'b c' }) }],
    ['a form', { method: 'POST', body: form }],
    ['a blob', { method: 'POST', body: new Blob(['blob'], { type: 'c/d' }) }],
    ['no body', { method: 'POST', body: null }],
    ['an empty body', { method: 'POST', body: '' }],
  ]
  test.for(inits)('%s: what a Request would', async ([, init]) => {
    expect(await shown(asked(url, init))).toEqual(await shown(new Request(url, init)))
    expect(await shown(asked(new URL(url), init))).toEqual(await shown(new Request(url, init)))
    const request = new Request(url)
    expect(await shown(asked(request, init))).toEqual(await shown(new Request(url, init)))
  })

  test.for([
    ['a relative address', '/a', {}],
    ['credentials', 'http://a:b@example.org', {}],
    ['a GET with a body', url, { body: 'x' }],
    ['a HEAD with a body', url, { method: 'head', body: 'x' }],
    ['a method that is no token', url, { method: 'a b' }],
    ['a tunnel', url, { method: 'connect' }],
    ['TRACE', url, { method: 'TRACE' }],
    ['a header that is none', url, { headers: { 'a b': 'c' } }],
  ] as [string, string, RequestInit][])('%s: a TypeError, as of a Request', ([, to, init]) => {
    expect(() => new Request(to, init)).toThrow(TypeError)
    expect(() => asked(to, init)).toThrow(TypeError)
  })

  test('a Request that was read before', async () => {
    const request = new Request(url, { method: 'POST', body: 'x' })
    await request.text()
    expect(() => asked(request, {})).toThrow(TypeError)
  })

  test('makes no Request of an address: the engine never forgets one', () => {
    const { Request: Real } = globalThis
    globalThis.Request = class extends Real {
      constructor() {
        super(url)
        throw new Error('a Request was made')
      }
    }
    try {
      expect(asked(url, { method: 'POST', body: 'x' }).method).toBe('POST')
    } finally {
      globalThis.Request = Real
    }
  })
})

test('a cancel tells everybody who listens, once, and why', () => {
  const cancel = new Cancel()
  const told: string[] = []
  const gone = (): void => void told.push('gone')
  cancel.addEventListener('abort', () => told.push(`one: ${String(cancel.reason)}`))
  cancel.addEventListener('abort', gone)
  cancel.removeEventListener('abort', gone)
  cancel.abort('why')
  cancel.abort('again')
  expect([cancel.aborted, cancel.reason, told]).toEqual([true, 'why', ['one: why']])
})
