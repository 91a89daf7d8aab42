import { cidOf } from '@theater/values'
import { goneAt } from './archived.ts'
import { decodeBody } from './body.ts'
import { hex, sameBytes } from './cbor-bytes.ts'
import { broken, ChainError } from './errors.ts'
import { MemoryLog } from './log/memory-log.ts'
import { headOf, made } from './made.ts'
import type { Made, MadeBatch, MadeStore, Tip } from './made.ts'
import { MemoryEvents, notCovered, nothingOut } from './memory-events.ts'
import { Headers } from './slab-event.ts'
import type {
  ArchiveStore,
  Batch,
  Block,
  CacheStore,
  ChainInfo,
  Durability,
  IncomingChain,
  IncomingEvent,
  Keeping,
  Kept,
  LoggedStore,
  Removal,
  StoredEvent,
} from './store.ts'

interface Chain {
  readonly chain: Uint8Array
  label: string
  readonly events: MemoryEvents
  /** The last event, or its hash. */
  tip: Tip
  epoch: number
  durability: Durability | undefined
  /** What is kept beside it, by kind; `undefined` where a body of it was erased. */
  kept: Map<string, Kept> | undefined
  readonly origin: Uint8Array | undefined
}

/** Makes a store that lives in memory: for tests, for actors that need no durability, and for checking a chain. */
export function memoryStore(): LoggedStore {
  return new MemoryStore()
}

class MemoryStore implements LoggedStore, MadeStore {
  readonly caches: CacheStore = {
    kept: async (id, kind) => this.#find(id)?.kept?.get(kind),
    keep: async (things) => this.#keepBeside(things),
    discard: async (id, kind) => void this.#find(id)?.kept?.delete(kind),
  }
  readonly hostLog = new MemoryLog(
    () => [...this.#chains.values()].map(infoOf),
    (id, seq) => this.#erase(id, seq),
    (id) => this.#find(id)?.events.leaves ?? [],
  )
  readonly archives: ArchiveStore = {
    takeOut: async (id, removal) => this.#takeOut(id, removal),
    putBack: (id, events) => this.#putBack(id, events),
    notes: async (id) => this.#find(id)?.events.notes,
  }
  readonly #chains = new Map<string, Chain>()
  readonly #byLabel = new Map<string, Chain>()
  readonly #blobs = new Map<string, Uint8Array>()
  /** The chain that was asked for last. */
  #last: Chain | undefined
  #closed = false

  async create(
    id: Uint8Array,
    label: string,
    batch: Batch,
    durability: Durability | null = null,
  ): Promise<void> {
    this.#open()
    const key = hex(id)
    if (this.#chains.has(key)) throw new ChainError('exists', `chain ${key} is already here`)
    if (this.#byLabel.has(label)) throw taken(label)
    const { head, epoch, events } = batch
    const chain: Chain = {
      chain: id.slice(),
      label,
      events: new MemoryEvents(),
      tip: head,
      epoch,
      durability: durability ?? undefined,
      kept: new Map(),
      origin: undefined,
    }
    for (const event of events) chain.events.push(event)
    this.#chains.set(key, chain)
    this.#byLabel.set(label, chain)
    this.#keep(batch)
  }

  async take(incoming: readonly IncomingChain[]): Promise<void> {
    const arrived: { readonly chain: Chain; readonly blobs: Block[] }[] = []
    for (const { events, chain, label, head, epoch, origin } of incoming) {
      const log = new MemoryEvents()
      const blobs: Block[] = []
      for await (const event of events) {
        log.push(event)
        for (const { cid, bytes } of event.blobs ?? []) blobs.push({ cid: cid.slice(), bytes: bytes.slice() })
      }
      const own = {
        label,
        tip: head,
        epoch,
        durability: undefined,
        kept: new Map(),
        origin: origin ?? undefined,
      }
      arrived.push({ chain: { chain: chain.slice(), events: log, ...own }, blobs })
    }
    this.#open()
    const [keys, labels] = [new Set(this.#chains.keys()), new Set(this.#byLabel.keys())]
    for (const { chain } of arrived) {
      const key = hex(chain.chain)
      if (keys.has(key)) throw new ChainError('exists', `chain ${key} is already here`)
      if (labels.has(chain.label)) throw taken(chain.label)
      keys.add(key)
      labels.add(chain.label)
    }
    for (const { chain, blobs } of arrived) {
      this.#chains.set(hex(chain.chain), chain)
      this.#byLabel.set(chain.label, chain)
      for (const { cid, bytes } of blobs) await this.put(cid, bytes)
    }
  }

  async append(id: Uint8Array, expectedHead: Uint8Array, batch: Batch): Promise<void> {
    this.#append(id, expectedHead, batch, batch.head)
  }

  readonly [made]: Made = {
    // oxlint-disable-next-line typescript/unbound-method -- it is compared, never called
    append: MemoryStore.prototype.append,
    take: (id, after, batch) => this.#append(id, after, batch, batch.events.at(-1) ?? after),
  }

  #append(id: Uint8Array, after: Tip, batch: Omit<Batch, 'head'> | MadeBatch, tip: Tip): void {
    const chain = this.#get(id)
    if (chain.epoch !== batch.epoch) throw stale(chain.label, batch.epoch, chain.epoch)
    if (chain.tip !== after && !sameBytes(headOf(chain.tip), headOf(after))) throw conflict(chain.label)
    for (const event of batch.events) chain.events.push(event)
    chain.tip = tip
    if (batch.blobs !== undefined) this.#keep(batch)
  }

  async *read(id: Uint8Array, from = 0, to?: number): AsyncIterable<StoredEvent> {
    const { events } = this.#get(id)
    const end = Math.min(to ?? events.size, events.size)
    const headers = new Headers()
    for (let seq = Math.max(from, 0); seq < end; seq++) {
      const event = events.at(seq, headers)
      if (event === undefined)
        throw (
          goneAt(this.#get(id).label, events.archived, seq) ??
          broken('missing', 'the event is not in the store', seq)
        )
      yield event
    }
  }

  async info(id: Uint8Array): Promise<ChainInfo | undefined> {
    return info(this.#find(id))
  }

  async find(label: string): Promise<ChainInfo | undefined> {
    this.#open()
    return info(this.#byLabel.get(label))
  }

  async list(): Promise<readonly ChainInfo[]> {
    this.#open()
    const chains = [...this.#chains.values()].map(infoOf)
    return chains.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0))
  }

  async lease(id: Uint8Array): Promise<number> {
    return ++this.#get(id).epoch
  }

  async relabel(id: Uint8Array, label: string): Promise<void> {
    const chain = this.#get(id)
    const holder = this.#byLabel.get(label)
    if (holder !== undefined && holder !== chain) throw taken(label)
    this.#byLabel.delete(chain.label)
    chain.label = label
    this.#byLabel.set(label, chain)
  }

  async setDurability(id: Uint8Array, durability: Durability | null): Promise<void> {
    this.#get(id).durability = durability ?? undefined
  }

  async put(cid: Uint8Array, bytes: Uint8Array): Promise<void> {
    this.#open()
    const key = hex(cid)
    if (!this.#blobs.has(key)) this.#blobs.set(key, bytes.slice())
  }

  async get(cid: Uint8Array): Promise<Uint8Array | undefined> {
    this.#open()
    return this.#blobs.get(hex(cid))
  }

  async has(cid: Uint8Array): Promise<boolean> {
    this.#open()
    return this.#blobs.has(hex(cid))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#last = undefined
    this.#chains.clear()
    this.#byLabel.clear()
    this.#blobs.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #find(id: Uint8Array): Chain | undefined {
    this.#open()
    return this.#chains.get(hex(id))
  }

  #keepBeside(things: readonly Keeping[]): void {
    for (const { chain, kind, size, head, bytes } of things)
      this.#find(chain)?.kept?.set(kind, { size, head: head.slice(), bytes: bytes.slice() })
  }

  #open(): void {
    if (this.#closed) throw new ChainError('closed', 'the store was closed')
  }

  #get(id: Uint8Array): Chain {
    this.#open()
    // Whoever appends asks for one chain again and again, and a key is a string of 64 characters.
    if (this.#last !== undefined && sameBytes(this.#last.chain, id)) return this.#last
    const chain = this.#chains.get(hex(id))
    if (chain === undefined) throw new ChainError('not-found', `chain ${hex(id)} is not here`)
    this.#last = chain
    return chain
  }

  #erase(id: Uint8Array, seq: number): void {
    const chain = this.#get(id)
    const body = chain.events.erase(seq)
    // What was found in the record may have what is erased in it; and a host that runs the actor still has that.
    chain.kept = undefined
    const link = body === null ? null : decodeBody(body, seq).link
    if (link !== null && !this.#links(link)) this.#blobs.delete(hex(cidOf('dag-cbor', link)))
  }

  #takeOut(id: Uint8Array, removal: Removal): void {
    const { events } = this.#get(id)
    const over = this.hostLog.over(id)
    if (over < removal.base) throw notCovered(removal.base, over)
    const links = [...events.links(removal.from, removal.base)].map((link) => link.slice())
    events.takeOut(removal)
    for (const link of links) if (!this.#links(link)) this.#blobs.delete(hex(cidOf('dag-cbor', link)))
  }

  async #putBack(id: Uint8Array, events: AsyncIterable<IncomingEvent>): Promise<void> {
    if (this.#get(id).events.archived === undefined) throw nothingOut()
    const back: IncomingEvent[] = []
    for await (const { header, body, blobs = [] } of events)
      back.push({
        header: header.slice(),
        body: body?.slice() ?? null,
        blobs: blobs.map(({ cid, bytes }) => ({ cid: cid.slice(), bytes: bytes.slice() })),
      })
    this.#get(id).events.putBack(back)
    for (const { blobs = [] } of back) for (const { cid, bytes } of blobs) await this.put(cid, bytes)
  }

  /** Whether the content of an event stands in the block with this digest. */
  #links(digest: Uint8Array): boolean {
    for (const { events } of this.#chains.values())
      for (const link of events.links()) if (sameBytes(link, digest)) return true
    return false
  }

  #keep({ blobs = [] }: Pick<Batch, 'blobs'>): void {
    for (const { cid, bytes } of blobs) this.#blobs.set(hex(cid), bytes)
  }
}

function infoOf({ chain, label, events, tip, epoch, durability, origin }: Chain): ChainInfo {
  const { size, archived } = events
  return {
    chain,
    label,
    size,
    head: headOf(tip),
    epoch,
    durability,
    origin,
    ...(archived !== undefined && { archived }),
  }
}

function info(chain: Chain | undefined): ChainInfo | undefined {
  return chain === undefined ? undefined : infoOf(chain)
}

/** The error for a writer whose lease another one took. */
export function stale(what: string, mine: number, theirs: number): ChainError {
  return new ChainError(
    'stale',
    `${what} was taken over: this writer holds epoch ${mine}, the store is at ${theirs}`,
  )
}

/** The error for a label that another chain has. */
export function taken(label: string): ChainError {
  return new ChainError('exists', `a chain with the label ${label} is already here`)
}

/** The error for a writer that knows another head than the store. */
export function conflict(label: string): ChainError {
  return new ChainError('conflict', `the chain ${label} has another head than the writer knows of`)
}
