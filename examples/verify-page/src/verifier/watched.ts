import type { BlobReader, ChainReader } from '@theater/event-chain'

/**
 * The same store, telling how many events were read: each time that a chain is read from its beginning the next of
 * `passes` is told, and after the last one nobody.
 *
 * @param how `sum`: all that is read goes to the first of them
 */
export function watched(
  store: ChainReader & BlobReader,
  passes: readonly ((done: number) => void)[],
  how: 'each' | 'sum' = 'each',
): ChainReader & BlobReader {
  let begun = 0
  let sum = 0
  return {
    async *read(chain, from = 0, to) {
      // A look at the first event is none of the passes.
      const pass = from > 0 || to === 1 ? undefined : passes[how === 'sum' ? 0 : begun++]
      let done = how === 'sum' ? sum : 0
      for await (const event of store.read(chain, from, to)) {
        if (done++ % 256 === 0) pass?.(done)
        yield event
      }
      sum = done
    },
    info: (chain) => store.info(chain),
    find: (label) => store.find(label),
    list: () => store.list(),
    get: (cid) => store.get(cid),
    has: (cid) => store.has(cid),
  }
}
