import { ChainError, memoryStore } from '@theater/event-chain'
import type { Batch, Store } from '@theater/event-chain'

/** A store that takes nothing before it is told to: each append waits for its turn. */
export interface Held {
  readonly store: Store
  /** What was appended since it holds, and waits. */
  readonly waiting: { readonly events: number; take(): void; refuse(): void }[]
  hold(): void
}

export function heldStore(): Held {
  const inner = memoryStore()
  const waiting: Held['waiting'] = []
  let holds = false
  const append = async (chain: Uint8Array, head: Uint8Array, batch: Batch): Promise<void> => {
    if (holds) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const refuse = (): void => reject(new ChainError('full', 'the disk is full'))
      waiting.push({ events: batch.events.length, take: resolve, refuse })
      await promise
    }
    await inner.append(chain, head, batch)
  }
  const store = new Proxy(inner, {
    get(target, key) {
      if (key === 'append') return append
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return {
    store,
    waiting,
    hold() {
      holds = true
    },
  }
}
