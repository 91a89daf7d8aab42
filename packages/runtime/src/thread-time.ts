import { threadCpuUsage } from 'node:process'
import type { CacheStore } from '@theater/event-chain'

/** How much time of the thread something takes that waits now and then: what others do meanwhile does not count. */
export class ThreadTime {
  /** Milliseconds. */
  spent = 0

  /** Does a part of it. */
  run<T>(part: () => T): T {
    const before = threadCpuUsage()
    try {
      return part()
    } finally {
      this.#since(before)
    }
  }

  /** Keeps things for it, each of which is written before much else is done. */
  caches(of: CacheStore): CacheStore {
    return {
      kept: (chain, kind) => of.kept(chain, kind),
      keep: async (things) => {
        const before = threadCpuUsage()
        try {
          await of.keep(things)
        } finally {
          this.#since(before)
        }
      },
      discard: (chain, kind) => of.discard(chain, kind),
    }
  }

  #since(before: ReturnType<typeof threadCpuUsage>): void {
    const { user, system } = threadCpuUsage(before)
    this.spent += (user + system) / 1000
  }
}
