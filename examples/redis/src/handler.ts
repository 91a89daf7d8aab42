import { defineHandler, WitError } from '@theater/handler'
import type { Call } from '@theater/handler'
import type { CacheBackend } from './backend.ts'
import { authorize, cacheGrant, within } from './grant.ts'
import type { CacheAsk, CacheGrant } from './grant.ts'
import { memory } from './memory.ts'

/** How a host sets it up. No option grants anything. */
export interface CacheOptions {
  /** What keeps the values. The handler lets go of it with itself. @default `memory()` */
  readonly backend?: CacheBackend
  /** The most bytes of a value. @default 1048576 */
  readonly maxValueBytes?: number
}

// A track: every version 0.1.x of the interface.
const CACHE = 'example:cache/cache@0.1'

/** The error of the interface, as lifted. */
export type CacheError =
  | { readonly tag: 'denied' | 'bad-key' | 'unavailable' | 'outcome-unknown' }
  | { readonly tag: 'too-large'; readonly val: number }

/** A cache for actors. */
export function cache({ backend = memory(), maxValueBytes = 1024 * 1024 }: CacheOptions = {}) {
  return defineHandler<CacheGrant, object>({
    name: 'cache',
    interfaces: [CACHE],
    grant: cacheGrant,
    functions: {
      [`${CACHE}#get`]: { mode: 'async', effect: 'read', ask: asked('r'), deny },
      // Done again after a crash: a key that is set or removed twice is set or removed.
      [`${CACHE}#set`]: { mode: 'async', effect: 'idempotent', ask: asked('rw'), deny },
      [`${CACHE}#delete`]: { mode: 'async', effect: 'idempotent', ask: asked('rw'), deny },
      // Never done again: the server keeps no note of who added what, so after a crash nobody can tell, and the guest is told
      // so: the interface has the case `outcome-unknown` for it.
      [`${CACHE}#add`]: { mode: 'async', effect: 'once', ask: asked('rw'), deny },
      [`${CACHE}#keys`]: {
        mode: 'async',
        effect: 'read',
        ask: ({ args }) => ({ keys: text(args[0]) }),
        deny,
      },
    },
    within,
    authorize,
    bind: (actor) => ({
      imports: {
        [CACHE]: {
          get: async (key: string) => tried(() => backend.get(checked(key)), actor.signal),
          async set(key: string, value: Uint8Array, ttlMs: number | undefined) {
            if (value.length > maxValueBytes) throw cacheError({ tag: 'too-large', val: maxValueBytes })
            await tried(() => backend.set(checked(key), value, ttlMs === 0 ? 1 : ttlMs), actor.signal)
          },
          delete: async (key: string) => tried(() => backend.delete(checked(key)), actor.signal),
          add: async (key: string, by: number) => tried(() => backend.add(checked(key), by), actor.signal),
          async keys(prefix: string, after: string | undefined, limit: number) {
            const found = await tried(() => backend.keys(prefix), actor.signal)
            const behind = after === undefined ? found : found.filter((key) => compare(key, after) > 0)
            return behind.toSorted(compare).slice(0, limit)
          },
        },
      },
    }),
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]()
    },
  })
}

/** What a backend that fails is to a guest: not an absence, and not a fault of ours. */
async function tried<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  try {
    return await run()
  } catch (error) {
    if (WitError.is(error)) throw error
    throw cacheError({ tag: 'unavailable' })
  }
}

function checked(key: string): string {
  const bytes = Buffer.byteLength(key)
  if (bytes === 0 || bytes > 256) throw cacheError({ tag: 'bad-key' })
  return key
}

function cacheError(error: CacheError): WitError<CacheError> {
  return new WitError<CacheError>(error)
}

function deny(): WitError<CacheError> {
  return cacheError({ tag: 'denied' })
}

/** What a call asks for. The laws call it with anything: it is never an error. */
function asked(need: 'r' | 'rw'): (call: Call) => CacheAsk {
  return ({ args }) => ({ key: text(args[0]), need })
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
