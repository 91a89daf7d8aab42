import { ChainLinker, decodeContent, decodeEvent, encodeContent, memoryStore } from '@theater/event-chain'
import type { Cause, Contents, Kind, StoredEvent } from '@theater/event-chain'
import type { ChainSource } from '@theater/replay'

/** One event, to be changed. */
export interface Draft {
  readonly kind: Kind
  readonly content: Uint8Array
}

/** The contents of a chain. */
export async function draftsOf({ store, chain }: ChainSource): Promise<Draft[]> {
  const drafts: Draft[] = []
  for await (const stored of store.read(chain)) {
    const { kind, contentBytes } = await decodeEvent(stored, drafts.length, { blobs: store })
    drafts.push({ kind, content: contentBytes ?? new Uint8Array(0) })
  }
  return drafts
}

/** An event of that content. */
export function draft<K extends Kind>(kind: K, content: Contents[K]): Draft {
  return { kind, content: encodeContent(kind, content) }
}

/** The event with its content changed; it MUST be of that kind. */
export function edit<K extends Kind>(
  drafts: readonly Draft[],
  at: number,
  kind: K,
  change: (content: Contents[K]) => Contents[K],
): Draft[] {
  const event = drafts[at]
  if (event?.kind !== kind) throw new TypeError(`event ${at} is a ${event?.kind}, not a ${kind}`)
  return drafts.with(at, draft(kind, change(decodeContent(kind, event.content))))
}

/** Builds a chain event by event; its hashes are right. */
export class Forger {
  readonly #events: StoredEvent[] = []
  readonly #store = memoryStore()
  readonly #linker: ChainLinker

  constructor() {
    let salt = 0
    this.#linker = new ChainLinker({ epoch: 0, salts: () => new Uint8Array(16).fill(salt++) })
  }

  /** Adds an event, and says what it is as a cause of others. */
  async add({ kind, content }: Draft): Promise<Cause> {
    const { header, body, blob } = this.#linker.link(kind, content)
    this.#events.push({ header, body })
    if (blob !== null) await this.#store.put(blob.cid, blob.bytes)
    const { chain, head } = this.#linker
    return { chain, seq: this.#events.length - 1, hash: head ?? chain }
  }

  /** The chain. Blocks that it has not come from another store. */
  async source(blobs?: ChainSource['store']): Promise<ChainSource> {
    const store = this.#store
    const { chain, head } = this.#linker
    await store.create(chain, 'forged', { epoch: 0, events: this.#events, head: head ?? chain })
    const get = async (cid: Uint8Array): Promise<Uint8Array | undefined> =>
      (await store.get(cid)) ?? blobs?.get(cid)
    return {
      chain,
      store: {
        get,
        has: async (cid) => (await get(cid)) !== undefined,
        read: (id, from, to) => store.read(id, from, to),
        info: (id) => store.info(id),
        find: (label) => store.find(label),
        list: () => store.list(),
      },
    }
  }
}

/** A chain that says that, and whose hashes are right. Blocks come from another store. */
export async function forge(drafts: readonly Draft[], blobs?: ChainSource['store']): Promise<ChainSource> {
  const forger = new Forger()
  for (const draft of drafts) await forger.add(draft)
  return await forger.source(blobs)
}

/** The chain with some bodies left out. */
export function withhold({ store, chain }: ChainSource, hidden: (seq: number) => boolean): ChainSource {
  return {
    chain,
    store: {
      get: (cid) => store.get(cid),
      has: (cid) => store.has(cid),
      info: (id) => store.info(id),
      find: (label) => store.find(label),
      list: () => store.list(),
      async *read(id, from = 0, to) {
        let seq = from
        for await (const { header, body } of store.read(id, from, to)) {
          yield { header, body: hidden(seq++) ? null : body }
        }
      },
    },
  }
}
