import { hex } from '@theater/event-chain'
import type { BlobReader, ChainReader, Store } from '@theater/event-chain'
import type { Output } from './output.ts'
import { count } from './table.ts'

/** How far a long job over events is: `re-running counter · 64 of 1,204 events`. */
export function progress(what: string, name: string, done: number, all: number): string {
  return `${what} ${name} · ${count(done)} of ${count(all)} events`
}

/** Sees how far a reading from the beginning is; `pass` counts those before it. */
export type Watcher = (chain: Uint8Array, done: number, pass: number) => void

/** The same chains, read under the eyes of whoever waits. */
export function watched(store: ChainReader & BlobReader, see: Watcher): ChainReader & BlobReader {
  const passes = new Map<string, number>()
  return {
    read(chain, from, to) {
      if (from !== undefined && from > 0) return store.read(chain, from, to)
      const pass = passes.get(hex(chain)) ?? 0
      passes.set(hex(chain), pass + 1)
      return tally(store.read(chain, from, to), (done) => see(chain, done, pass))
    },
    info: (chain) => store.info(chain),
    find: (label) => store.find(label),
    list: () => store.list(),
    get: (cid) => store.get(cid),
    has: (cid) => store.has(cid),
  }
}

/**
 * A store whose records are being re-run, which a terminal shows.
 *
 * @param going whether they still are
 */
export async function rerunStore(store: Store, output: Output, going: () => boolean): Promise<Store> {
  if (!output.watched) return store
  const known = new Map((await store.list()).map((info) => [hex(info.chain), info]))
  const reader = watched(store, (chain, done) => {
    const info = known.get(hex(chain))
    if (info !== undefined && going()) output.status(progress('re-running', info.label, done, info.size))
  })
  return {
    ...reader,
    ...(store.caches !== undefined && { caches: store.caches }),
    ...(store.archives !== undefined && { archives: store.archives }),
    put: (cid, bytes) => store.put(cid, bytes),
    create: (chain, label, batch, durability) => store.create(chain, label, batch, durability),
    append: (chain, head, batch) => store.append(chain, head, batch),
    lease: (chain) => store.lease(chain),
    relabel: (chain, label) => store.relabel(chain, label),
    setDurability: (chain, durability) => store.setDurability(chain, durability),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

async function* tally<T>(items: AsyncIterable<T>, tell: (n: number) => void): AsyncGenerator<T> {
  let n = 0
  for await (const item of items) {
    if (n++ % 64 === 0) tell(n)
    yield item
  }
}
