import { describe, expect, test } from 'vitest'
import { asked } from '../src/guest/asked.ts'
import { redirected } from '../src/guest/redirect.ts'

const from = 'http://one.example/a/b?c#d'
const headers = { authorization: 'key', 'content-type': 'a/b', 'x-y': 'z' }

function next(status: number, location: string | null, init: RequestInit = {}) {
  const found = redirected(asked(from, { headers, ...init }), status, location)
  return found && { ...found, headers: [...found.headers.keys()].toSorted() }
}

describe('a redirect', () => {
  test.for([200, 300, 304, 305, 404, 500])('is not what %d says', (status) => {
    expect(next(status, '/x')).toBeUndefined()
  })

  test('wants to know where to', () => {
    expect(next(302, null)).toBeUndefined()
    expect(() => next(302, 'file:///etc/passwd')).toThrow(TypeError)
    expect(() => next(302, 'http://[')).toThrow(TypeError)
  })

  test('is seen from where it came, and keeps what follows the #', () => {
    expect(next(302, 'x')).toMatchObject({ method: 'GET', url: 'http://one.example/a/x#d' })
    expect(next(302, '/x#y')).toMatchObject({ url: 'http://one.example/x#y' })
  })

  test.for([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [301, 'DELETE', 'DELETE'],
    [307, 'DELETE', 'DELETE'],
    [308, 'HEAD', 'HEAD'],
  ] as const)('%d makes of a %s a %s', ([status, method, then]) => {
    expect(next(status, '/x', { method })?.method).toBe(then)
  })

  test('takes the body away where it makes a GET, and what is said of it', () => {
    expect(next(303, '/x', { method: 'POST', body: 'sent' })).toEqual({
      method: 'GET',
      url: 'http://one.example/x#d',
      headers: ['authorization', 'x-y'],
      body: null,
    })
    expect(() => next(307, '/x', { method: 'POST', body: 'sent' })).toThrow('cannot be sent again')
  })

  test('takes the key to nobody else', () => {
    expect(next(302, '/x')?.headers).toContain('authorization')
    for (const other of ['http://two.example/', 'https://one.example/', 'http://one.example:81/'])
      expect(next(302, other)?.headers).toEqual(['content-type', 'x-y'])
  })
})
