import { defineActor, Failure } from '@theater/actor'
import { add, get, keys, set } from 'example:cache/cache@0.1.0'
import type { Error as CacheError } from 'example:cache/cache@0.1.0'

const text = new TextDecoder()
const bytes = new TextEncoder()

/** What the interface says, as the actor's own "no". What an import throws for an `err` has it as `payload`. */
function tried<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    const { payload } = error as { readonly payload?: CacheError }
    if (payload === undefined) throw error
    throw new Failure(payload.tag, 'the cache did not do it')
  }
}

export default defineActor({
  messages: {
    /** Counts a visit of a page, and keeps when it was. */
    visit(_ctx, { page, at }: { readonly page: string; readonly at: string }) {
      tried(() => set(`visits/last/${page}`, bytes.encode(at), undefined))
      return Number(tried(() => add(`visits/${page}`, 1)))
    },
    /** When a page was visited last; null for never. */
    last(_ctx, page: string) {
      const found = tried(() => get(`visits/last/${page}`))
      return found === undefined ? null : text.decode(found)
    },
    /** The pages that were visited. */
    pages: () =>
      tried(() => keys('visits/last/', undefined, 100)).map((key) => key.slice('visits/last/'.length)),
    /** Tries what it was not granted. */
    peek: () => tried(() => get('sessions/admin')) ?? null,
  },
})
