import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'

type Write = (store: Store) => Promise<unknown>

/**
 * A store in memory that can be had as it was after any of its writes: what a host leaves behind that is killed there.
 * A batch is written as a whole or not at all, as every store does it.
 */
export class Journal {
  readonly store: Store
  readonly #writes: Write[]

  /** @param store what the first writes made */
  constructor(store: Store = memoryStore(), writes: readonly Write[] = []) {
    this.#writes = [...writes]
    const log = <T>(write: (store: Store) => Promise<T>): Promise<T> => {
      this.#writes.push(write)
      return write(store)
    }
    this.store = {
      create: (...args) => log((to) => to.create(...args)),
      append: (chain, head, batch) => log((to) => to.append(chain, head, batch)),
      lease: (chain) => log((to) => to.lease(chain)),
      relabel: (chain, label) => log((to) => to.relabel(chain, label)),
      setDurability: (chain, durability) => log((to) => to.setDurability(chain, durability)),
      put: (cid, bytes) => log((to) => to.put(cid, bytes)),
      read: (chain, from, to) => store.read(chain, from, to),
      info: (chain) => store.info(chain),
      find: (label) => store.find(label),
      list: () => store.list(),
      get: (cid) => store.get(cid),
      has: (cid) => store.has(cid),
      caches: {
        kept: async (chain, kind) => store.caches?.kept(chain, kind),
        keep: (things) => log(async (to) => to.caches?.keep(things)),
        discard: (chain, kind) => log(async (to) => to.caches?.discard(chain, kind)),
      },
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store.close(),
    }
  }

  /** How many writes there were. */
  get length(): number {
    return this.#writes.length
  }

  /** The store as it was after its first `n` writes, to be written on. */
  async at(n: number): Promise<Journal> {
    const store = memoryStore()
    const writes = this.#writes.slice(0, n)
    // A write that was refused left nothing, and is refused again.
    for (const write of writes) await write(store).catch(() => undefined)
    return new Journal(store, writes)
  }
}
