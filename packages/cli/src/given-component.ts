import { hex } from '@theater/event-chain'
import type { BlobReader, ChainReader } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { cidOf } from '@theater/values'

/** A component from the command line: found under its own name, and nothing else under it. */
export class GivenComponent {
  used = false
  readonly #bytes: Uint8Array | undefined
  readonly #name: string | undefined

  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes
    this.#name = bytes === undefined ? undefined : hex(cidOf('raw', sha256(bytes)))
  }

  beside(store: ChainReader & BlobReader): ChainReader & BlobReader {
    const bytes = this.#bytes
    if (bytes === undefined) return store
    const asked = (cid: Uint8Array): boolean => {
      const mine = hex(cid) === this.#name
      if (mine) this.used = true
      return mine
    }
    return {
      read: (chain, from, to) => store.read(chain, from, to),
      info: (chain) => store.info(chain),
      find: (label) => store.find(label),
      list: () => store.list(),
      get: async (cid) => (asked(cid) ? bytes : store.get(cid)),
      has: async (cid) => asked(cid) || (await store.has(cid)),
    }
  }
}
