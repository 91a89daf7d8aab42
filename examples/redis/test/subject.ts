import type { AtLarge, Subject, World } from '@theater/handler-conformance'
import fc from 'fast-check'
import { cache } from '../src/index.ts'
import type { CacheBackend } from '../src/index.ts'

const CACHE = 'example:cache/cache@0.1'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const key = fc.stringMatching(/^[ab/]{0,3}$/)

/** Grants and asks of few letters, so that one lies within another now and then. */
const atLarge: AtLarge = {
  grant: fc.record({ prefix: key, rights: fc.constantFrom('r', 'rw') }),
  ask: fc.oneof(fc.record({ key, need: fc.constantFrom('r', 'rw') }), fc.record({ keys: key })),
}

const failing: CacheBackend = {
  get: () => Promise.reject(new Error('gone')),
  set: () => Promise.reject(new Error('gone')),
  delete: () => Promise.reject(new Error('gone')),
  add: () => Promise.reject(new Error('gone')),
  keys: () => Promise.reject(new Error('gone')),
  [Symbol.asyncDispose]: async () => undefined,
}

/** The handler for the laws, over a backend in a fresh world. @param open makes the backend, and takes the world down */
export function subject(
  name: string,
  open: () => Promise<{ readonly backend: CacheBackend; readonly end?: World['end'] }>,
): Subject {
  return {
    name: `cache, ${name}`,
    async make() {
      const { backend, end } = await open()
      const changes: unknown[] = []
      const spy: CacheBackend = {
        ...backend,
        set: (...args) => (changes.push(args), backend.set(...args)),
        delete: (...args) => (changes.push(args), backend.delete(...args)),
        add: (...args) => (changes.push(args), backend.add(...args)),
      }
      return { handler: cache({ backend: spy }), state: () => [...changes], ...(end && { end }) }
    },
    bare: cache,
    broken: () => ({ handler: cache({ backend: failing }), state: () => undefined }),
    atLarge,
    grants: [
      { prefix: '', rights: 'rw' },
      { prefix: 'a/', rights: 'rw' },
      { prefix: 'a/', rights: 'r' },
    ],
    least: { prefix: 'a'.repeat(256), rights: 'r' },
    refusable: ['get', 'set', 'delete', 'add', 'keys'].map((fn) => `${CACHE}#${fn}`),
    calls: [
      ...['b', 'a/b', 'a', 'a-'].map((one) => ({
        fn: `${CACHE}#set`,
        args: () => [one, bytes('value'), undefined],
        refusedUnder: { prefix: '', rights: 'r' },
      })),
      { fn: `${CACHE}#get`, args: () => ['a/b'], refusedUnder: { prefix: 'b', rights: 'rw' } },
      { fn: `${CACHE}#add`, args: () => ['a', 2], refusedUnder: { prefix: 'a', rights: 'r' } },
      {
        fn: `${CACHE}#keys`,
        args: () => ['', undefined, 10],
        refusedUnder: { prefix: 'a', rights: 'rw' },
        listing: (answer) => answer as string[],
      },
      { fn: `${CACHE}#delete`, args: () => ['b'], refusedUnder: { prefix: 'a', rights: 'rw' } },
    ],
  }
}
