import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeReply, encodeMessage } from '@theater/actor/message'
import { witTypes } from '@theater/actor/build'
import { memoryStore } from '@theater/event-chain'
import { component } from '@theater/example-kit/components'
import { componentLoader, verify } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import type { TheaterOptions } from '@theater/runtime'
import { beforeAll, expect, test } from 'vitest'
import { cache, memory } from '../src/index.ts'
import type { CacheBackend } from '../src/index.ts'

const home = join(import.meta.dirname, '..')
const grants = { cache: { prefix: 'visits/', rights: 'rw' } } as const
let visits: Uint8Array
const entries = new Map<string, Uint8Array>()
/** The actor is transpiled once for all theaters. */
const transpiled: NonNullable<TheaterOptions['cache']> = {
  get: async (key) => entries.get(key),
  put: async (key, bytes) => void entries.set(key, bytes),
}
const load = componentLoader({ cache: transpiled })

beforeAll(async () => {
  visits = (await component(home, 'visits', ['cache.wit'])).bytes
})

async function ask(theater: Theater, type: string, body?: unknown): Promise<unknown> {
  const answer = await theater.request('visits', encodeMessage(type, body))
  return 'ok' in answer ? decodeReply(answer.ok) : answer.err.code
}

test('an actor uses what it was granted, is refused the rest, and its record verifies without the cache', async () => {
  const store = memoryStore()
  const theater = await Theater.open({ store, cache: transpiled, handlers: [cache()] })
  await theater.spawn({ id: 'visits', component: visits, grants })
  expect(await ask(theater, 'visit', { page: 'index', at: '10:00' })).toBe(1)
  expect(await ask(theater, 'visit', { page: 'index', at: '10:05' })).toBe(2)
  expect(await ask(theater, 'last', 'index')).toBe('10:05')
  expect(await ask(theater, 'last', 'nowhere')).toBeNull()
  expect(await ask(theater, 'pages')).toEqual(['index'])
  expect(await ask(theater, 'peek')).toBe('denied')
  const { chain } = theater.actors()[0]!
  await theater.close()
  expect(await verify({ store, chain }, { load })).toMatchObject({ verdict: 'verified' })
})

test('without a grant it is not spawned, and the error names what to add', async () => {
  await using theater = await Theater.open({ store: memoryStore(), cache: transpiled, handlers: [cache()] })
  const spawned = theater.spawn({ id: 'visits', component: visits })
  await expect(spawned).rejects.toMatchObject({
    code: 'unmet-import',
    message: expect.stringContaining('grants.cache'),
  })
})

test('a host that ends within an addition does not add again: the actor is told that nobody knows', async () => {
  const store = memoryStore()
  const asked = Promise.withResolvers<void>()
  const kept = memory()
  let additions = 0
  const never: CacheBackend = {
    ...kept,
    add: () => {
      additions++
      asked.resolve()
      return new Promise(() => undefined)
    },
  }
  const first = await Theater.open({ store, cache: transpiled, handlers: [cache({ backend: never })] })
  await first.spawn({ id: 'visits', component: visits, grants })
  const lost = ask(first, 'visit', { page: 'index', at: '10:00' })
  await asked.promise
  await Promise.all([first.close(), expect(lost).rejects.toMatchObject({ code: 'closed' })])
  await using second = await Theater.open({ store, cache: transpiled, handlers: [cache({ backend: kept })] })
  await second.idle()
  expect(additions).toBe(1)
  // What comes before it is there, and the count begins anew.
  expect(await ask(second, 'last', 'index')).toBe('10:00')
  expect(await ask(second, 'visit', { page: 'index', at: '10:05' })).toBe(1)
  const { chain } = second.actors()[0]!
  expect(await verify({ store, chain }, { load })).toMatchObject({ verdict: 'verified' })
})

test('the types beside the actor are those of the WIT', async () => {
  expect(readFileSync(join(home, 'actors', 'wit.d.ts'), 'utf8')).toBe(
    await witTypes([join(home, 'cache.wit')]),
  )
})
