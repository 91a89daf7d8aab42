import { cache } from './handler.ts'
import { memory } from './memory.ts'
import { redis } from './redis.ts'

/** What `theater --handler 'MODULE={"url":"redis://…"}'` says. */
export interface GivenOptions {
  /** Where the server is. @default in memory */
  readonly url?: string
  /** As of `redis`. */
  readonly namespace?: string
}

/** The cache of a host that somebody else wrote: what the module gives by default, and `theater --handler` calls. */
export async function given({ url, ...rest }: GivenOptions): Promise<ReturnType<typeof cache>> {
  return cache({ backend: url === undefined ? memory() : await redis({ url, ...rest }) })
}
