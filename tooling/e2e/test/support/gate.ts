import type { Store } from '@theater/event-chain'

/** A store whose next write to one chain can be held up. */
export class Gate {
  readonly store: Store
  #shut:
    | { readonly chain: Uint8Array; readonly reached: () => void; readonly opened: Promise<void> }
    | undefined
  #open: () => void = () => undefined

  constructor(store: Store) {
    this.store = {
      create: (...args) => store.create(...args),
      append: async (...args) => {
        const shut = this.#shut
        if (shut !== undefined && Buffer.from(shut.chain).equals(args[0])) {
          this.#shut = undefined
          shut.reached()
          await shut.opened
        }
        return store.append(...args)
      },
      lease: (...args) => store.lease(...args),
      relabel: (...args) => store.relabel(...args),
      setDurability: (...args) => store.setDurability(...args),
      put: (...args) => store.put(...args),
      read: (...args) => store.read(...args),
      info: (...args) => store.info(...args),
      find: (...args) => store.find(...args),
      list: () => store.list(),
      get: (...args) => store.get(...args),
      has: (...args) => store.has(...args),
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store.close(),
    }
  }

  /** Holds up the next write to a chain; resolves when it is there. */
  close(chain: Uint8Array): Promise<void> {
    const reached = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<void>()
    this.#shut = { chain, reached: reached.resolve, opened: opened.promise }
    this.#open = opened.resolve
    return reached.promise
  }

  open(): void {
    this.#open()
  }
}
