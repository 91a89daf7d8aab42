import { setImmediate } from 'node:timers/promises'
import type { Store } from '@theater/event-chain'

/** How long actors may keep the process from hearing signals and timers, in milliseconds. */
const SLICE_MS = 15

/**
 * A store that lets the event loop turn now and then while it is written to. Actors whose turns never wait for the
 * world follow one another without end in one go: Ctrl-C, deadlines and the status line would come when all is over.
 */
export function fairStore(store: Store): Store {
  let last = performance.now()
  const breathe = async (): Promise<void> => {
    if (performance.now() - last < SLICE_MS) return
    await setImmediate()
    last = performance.now()
  }
  return {
    async append(chain, expectedHead, batch) {
      await store.append(chain, expectedHead, batch)
      await breathe()
    },
    create: (chain, label, batch) => store.create(chain, label, batch),
    read: (chain, from, to) => store.read(chain, from, to),
    info: (chain) => store.info(chain),
    find: (label) => store.find(label),
    list: () => store.list(),
    lease: (chain) => store.lease(chain),
    relabel: (chain, label) => store.relabel(chain, label),
    get: (cid) => store.get(cid),
    has: (cid) => store.has(cid),
    put: (cid, bytes) => store.put(cid, bytes),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  }
}
