/** A cache for actors, as `example:cache`, in memory or in Redis. */
export { given as default, type GivenOptions } from './given.ts'
export type { CacheBackend } from './backend.ts'
export { cacheGrant, type CacheAsk, type CacheGrant } from './grant.ts'
export { cache, type CacheError, type CacheOptions } from './handler.ts'
export { memory } from './memory.ts'
export { redis, type RedisOptions } from './redis.ts'
