import type { CacheStore, Keeping } from '@theater/event-chain'
import { TheaterError } from './errors.ts'
import { reasonOf } from './failures.ts'
import type { LogLine } from './host.ts'
import type { ThreadTime } from './thread-time.ts'

/** How many things are kept in one write. */
const TOGETHER = 1000

/** Keeps what is beside the records, for the host that opens the store next. A host is as good without: it never fails for this. */
export class Summaries {
  /** How many events come between two of an actor. */
  readonly every: number
  readonly #caches: CacheStore | undefined
  readonly #log: (line: LogLine) => void
  #failed = false

  /** @throws TheaterError `bad-limit` */
  constructor(caches: CacheStore | undefined, every: number, log: (line: LogLine) => void) {
    if (!Number.isSafeInteger(every) || every < 1)
      throw new TheaterError('bad-limit', `summaryEvery is ${every}; it is an integer of at least 1`)
    this.#caches = caches
    this.every = every
    this.#log = log
  }

  /** Keeps them. Never rejects. @param time where what it takes is added up */
  async keep(things: Iterable<Keeping>, time?: ThreadTime): Promise<void> {
    if (this.#caches === undefined) return
    const caches = time?.caches(this.#caches) ?? this.#caches
    try {
      let some: Keeping[] = []
      for (const thing of things) {
        some.push(thing)
        if (some.length < TOGETHER) continue
        await caches.keep(some)
        some = []
      }
      if (some.length > 0) await caches.keep(some)
      this.#failed = false
    } catch (error) {
      if (this.#failed) return
      this.#failed = true
      const message = `what makes the next start quick could not be kept: ${reasonOf(error)}`
      this.#log({ actor: '', level: 'warn', message, fields: [] })
    }
  }
}
