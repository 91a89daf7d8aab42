import { createClient, RESP_TYPES } from '@redis/client'
import type { CacheBackend } from './backend.ts'

/** Where the server is, and what in it is ours. */
export interface RedisOptions {
  /** `redis://127.0.0.1:6379`, or `unix:///run/redis.sock`. */
  readonly url: string
  /** What all of this cache's keys in the server begin with, so that it meets nothing else there. @default 'theater:' */
  readonly namespace?: string
}

/**
 * Keeps a cache in Redis. Values and numbers are apart, under `NAMESPACEv:KEY` and `NAMESPACEn:KEY`.
 *
 * @throws what the client throws where nobody answers
 */
export async function redis({ url, namespace = 'theater:' }: RedisOptions): Promise<CacheBackend> {
  const at = url.startsWith('unix://')
    ? { socket: { path: url.slice('unix://'.length), tls: false as const } }
    : { url }
  // A call that is made while the server is away fails at once; the next one may find it again.
  const client = createClient({ ...at, disableOfflineQueue: true })
  // Each call says for itself that it failed; without a listener the process would end.
  client.on('error', () => undefined)
  await client.connect()
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const value = (key: string): string => `${namespace}v:${key}`
  return {
    async get(key) {
      const found = await bytes.get(value(key))
      return found === null ? undefined : new Uint8Array(found)
    },
    async set(key, data, ttlMs) {
      const expiration = ttlMs === undefined ? undefined : ({ type: 'PX', value: ttlMs } as const)
      await client.set(value(key), Buffer.from(data), expiration && { expiration })
    },
    async delete(key) {
      await client.del(value(key))
    },
    async add(key, by) {
      return BigInt(await client.incrBy(`${namespace}n:${key}`, by))
    },
    async keys(prefix) {
      const found = new Set<string>()
      const pattern = `${escape(value(prefix))}*`
      for await (const some of client.scanIterator({ MATCH: pattern, COUNT: 1000 })) {
        for (const key of some) found.add(key.slice(value('').length))
      }
      return [...found]
    },
    async [Symbol.asyncDispose]() {
      if (client.isOpen) client.destroy()
    },
  }
}

/** A guest's prefix is no pattern. */
function escape(text: string): string {
  return text.replaceAll(/[*?[\]\\^-]/g, '\\$&')
}
