import { WitError } from '@theater/handler'
import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, test } from 'vitest'
import { cache, memory, redis } from '../src/index.ts'
import type { CacheBackend } from '../src/index.ts'
import { program, startServer } from '../src/server.ts'
import { absent, sharedServer } from './server.ts'

const CACHE = 'example:cache/cache@0.1'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Cache {
  readonly get: (key: string) => Promise<Uint8Array | undefined>
  readonly set: (key: string, value: Uint8Array, ttlMs?: number) => Promise<void>
  readonly delete: (key: string) => Promise<void>
  readonly add: (key: string, by: number) => Promise<bigint>
  readonly keys: (prefix: string, after: string | undefined, limit: number) => Promise<string[]>
}

async function bound(backend: CacheBackend): Promise<Cache> {
  const { imports } = await cache({ backend, maxValueBytes: 100 }).bind(fakeActor(), {
    prefix: '',
    rights: 'rw',
  })
  return (imports as { readonly [CACHE]: Cache })[CACHE]
}

async function payload(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  return WitError.is(error) ? error.payload : error
}

const space = sharedServer()
const backends = [
  { name: 'memory', skip: false, open: async () => memory() },
  { name: 'Redis', skip: absent !== undefined, open: async () => redis(await space()) },
]

// Without a server its half says nothing; npm test says so at its end.
describe.each(backends)('in $name', ({ skip, open }) => {
  test.skipIf(skip)('a key has what was set last, bytes as they are, until it is removed', async () => {
    await using backend = await open()
    const { get, set, delete: remove } = await bound(backend)
    const value = new Uint8Array([0, 255, 128, 13, 10])
    expect(await get('a')).toBeUndefined()
    await set('a', bytes('first'))
    await set('a', value)
    expect(await get('a')).toEqual(value)
    await remove('a')
    await remove('a')
    expect(await get('a')).toBeUndefined()
  })

  test.skipIf(skip)('numbers count apart from values', async () => {
    await using backend = await open()
    const { add, get, set } = await bound(backend)
    await set('a', bytes('text'))
    expect([await add('a', 5), await add('a', -7)]).toEqual([5n, -2n])
    expect(await get('a')).toEqual(bytes('text'))
  })

  test.skipIf(skip)(
    'keys come in the order of their bytes, a page at a time; a prefix is no pattern',
    async () => {
      await using backend = await open()
      const { keys, set } = await bound(backend)
      for (const key of ['b', 'ä', 'a*', 'ab', 'a[b]', 'a\\']) await set(key, bytes(key))
      expect(await keys('', undefined, 100)).toEqual(['a*', 'a[b]', 'a\\', 'ab', 'b', 'ä'])
      expect(await keys('', 'a[b]', 2)).toEqual(['a\\', 'ab'])
      expect(await keys('a*', undefined, 100)).toEqual(['a*'])
      expect(await keys('a[', undefined, 100)).toEqual(['a[b]'])
      expect(await keys('a\\', undefined, 100)).toEqual(['a\\'])
    },
  )

  test.skipIf(skip)(
    'a value that is too large and a key that is none are errors of the interface',
    async () => {
      await using backend = await open()
      const { get, set } = await bound(backend)
      expect(await payload(set('a', new Uint8Array(101)))).toEqual({ tag: 'too-large', val: 100 })
      for (const key of ['', 'ä'.repeat(129)]) expect(await payload(get(key))).toEqual({ tag: 'bad-key' })
    },
  )
})

test('a value is gone when its time is over', async () => {
  let now = 1000
  const { get, set } = await bound(memory(undefined, () => now))
  await set('a', bytes('brief'), 50)
  expect(await get('a')).toEqual(bytes('brief'))
  now = 1050
  expect(await get('a')).toBeUndefined()
})

test.skipIf(absent !== undefined)('a server that is gone is unavailable, not an absence', async () => {
  const server = await startServer(program() ?? '')
  await using backend = await redis({ url: server.url })
  const { get, set } = await bound(backend)
  await set('a', bytes('here'))
  await server[Symbol.asyncDispose]()
  expect(await payload(get('a'))).toEqual({ tag: 'unavailable' })
  expect(await payload(set('a', bytes('here')))).toEqual({ tag: 'unavailable' })
})
