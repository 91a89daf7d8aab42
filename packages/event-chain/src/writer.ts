import type { Hash } from '@theater/values'
import { ChainError } from './errors.ts'
import type { Kind } from './kinds.ts'
import { ChainLinker } from './linker.ts'
import type { Position, Salts } from './linker.ts'
import { headOf, madeOf, MAX_LATE } from './made.ts'
import type { Made, Tip } from './made.ts'
import type { SlabEvent } from './slab-event.ts'
import type { Batch, BlobStore, Block, ChainStore, Durability } from './store.ts'

/** How many bytes may be on their way to the store where nobody waits for it. */
const MAX_UNDERWAY = 4 * 1024 * 1024
/** What an event takes beside its content, about. */
const EVENT_BYTES = 256

/** What every {@link ChainWriter} is made of. */
export interface WriterOptions {
  readonly store: ChainStore
  /** Where the salts come from: `saltPool()` of `./node`, or any source of 16 random bytes. */
  readonly salts: Salts
  /**
   * Where large contents go when it is not the chain's own store; they are durable there before the events are.
   *
   * @default with the events, in one transaction
   */
  readonly blobs?: BlobStore | undefined
  /**
   * What events survive once `flush` is done. With `blobs` a flush waits for the store also where it is `memory`.
   *
   * @default 'process'
   */
  readonly durability?: Durability | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/** A chain that begins. */
export interface CreateOptions extends WriterOptions {
  /** The chain's name in its store, unique there: the actor's id. */
  readonly label: string
  /** The content of the genesis event. */
  readonly genesis: Uint8Array
  /** What the store keeps as this chain's own durability. @default null: it is whatever its host has */
  readonly ownDurability?: Durability | null | undefined
}

/** A chain that goes on. */
export interface ResumeOptions extends WriterOptions, Position {
  /** What `store.lease(chain)` gave. */
  readonly epoch: number
}

/** Where an event came to stand. Read its fields, do not spread it: a hash is copied out when it is asked for. */
export interface Appended {
  readonly seq: number
  /** The hash of its header. 32 bytes. */
  readonly hash: Uint8Array
}

/**
 * Writes one chain. `append` is synchronous, and hashes are computed when they are asked for; `flush` makes everything
 * appended so far durable, as one batch.
 *
 * @example
 * ```ts
 * const writer = ChainWriter.create({ store, salts: saltPool(), label: 'counter', genesis })
 * writer.append('seed', encodeContent('seed', { seed }))
 * await writer.flush()
 * ```
 */
export class ChainWriter {
  readonly #linker: ChainLinker
  readonly #store: ChainStore
  readonly #blobStore: BlobStore | undefined
  readonly #label: string | null
  readonly #durability: Durability
  readonly #own: Durability | null
  #pending: SlabEvent[] = []
  #pendingBytes = 0
  #blobs: Block[] = []
  #durableSize: number
  /** The last event that the store was given, or its hash. */
  #tip: Tip | null
  /** How a store in memory takes events; `undefined` where there is something to wait for. */
  readonly #made: Made | undefined
  /** Where nobody waits: what the store was given last, and how many bytes it has not confirmed. */
  #given = Promise.resolve()
  readonly #done = this.#given
  #underway = 0
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null
  #failure: ChainError | null = null

  private constructor(
    linker: ChainLinker,
    { store, blobs, durability = 'process' }: WriterOptions,
    label: string | null,
    own: Durability | null,
  ) {
    this.#linker = linker
    this.#store = store
    this.#blobStore = blobs
    this.#durability = durability
    this.#label = label
    this.#own = own
    this.#durableSize = linker.size
    this.#tip = linker.head
    this.#made = blobs === undefined ? madeOf(store) : undefined
  }

  /** Begins a chain, in epoch 0, with its genesis event. The chain is in the store once the first `flush` is done. */
  static create(options: CreateOptions): ChainWriter {
    const { label, genesis, salts, hash, ownDurability = null } = options
    const writer = new ChainWriter(new ChainLinker({ epoch: 0, salts, hash }), options, label, ownDurability)
    writer.append('genesis', genesis)
    return writer
  }

  /** Goes on with a chain after `lease`. The first event of the new epoch is a `resume`, and the caller appends it. */
  static resume(options: ResumeOptions): ChainWriter {
    const { chain, size, head, epoch, salts, hash } = options
    const linker = new ChainLinker({ epoch, salts, hash, at: { chain, size, head } })
    return new ChainWriter(linker, options, null, null)
  }

  /** The chain's id. 32 bytes. */
  get chain(): Uint8Array {
    return this.#linker.chain
  }

  get epoch(): number {
    return this.#linker.epoch
  }

  /** How many events there are, durable or not: the next one's sequence number. */
  get size(): number {
    return this.#linker.size
  }

  /** The hash of the last event, durable or not. */
  get head(): Uint8Array {
    const { head } = this.#linker
    // A writer has its genesis event from the start.
    if (head === null) throw new ChainError('invalid', 'a chain has no head before its genesis event')
    return head
  }

  /** How many events are as durable as they are to be. */
  get durable(): number {
    return this.#durableSize
  }

  /** What made the writer dead; null while it is not. */
  get failure(): ChainError | null {
    return this.#failure
  }

  /**
   * Appends an event to what the next `flush` makes durable. The content is copied.
   *
   * @throws ChainError `dead` after a failed flush
   */
  append(kind: Kind, content: Uint8Array): Appended {
    if (this.#failure !== null) throw this.#dead(this.#failure)
    const event = this.#linker.link(kind, content)
    this.#pending.push(event)
    this.#pendingBytes += EVENT_BYTES + content.length
    if (event.blob !== null) this.#blobs.push(event.blob)
    return event
  }

  /**
   * Makes what was appended before this call as durable as it is to be. Calls that come while another is under way share one
   * batch. Where that is `memory` the store is given the events, in order with what others give it, and is not waited for.
   *
   * @throws ChainError what the store refused it with; from then on `dead`
   */
  flush(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#dead(this.#failure))
    if (this.#made !== undefined && this.#tip !== null && this.#running === null && this.#underway === 0)
      return this.#add(this.#made, this.#tip)
    if (this.#durability === 'memory' && this.#blobStore === undefined) return this.#give()
    // The batch that comes next takes whatever is pending when it starts.
    if (this.#next !== null) return this.#next
    if (this.#running === null) return this.#pending.length === 0 ? Promise.resolve() : this.#start()
    if (this.#pending.length === 0) return this.#running
    this.#next = this.#running.then(() => this.#start())
    return this.#next
  }

  /**
   * Resolves when the store has all that was flushed: where nobody waits for it, some time after `flush`.
   *
   * @throws ChainError what the store refused it with
   */
  async stored(): Promise<void> {
    await (this.#next ?? this.#running)
    await this.#given
  }

  /** Gives the store what was appended, without waiting for it unless there is much of it. */
  #give(): Promise<void> {
    if (this.#pending.length > 0) {
      const bytes = this.#pendingBytes
      this.#underway += bytes
      this.#given = this.#write().finally(() => {
        this.#underway -= bytes
      })
      // Whoever appends next hears of it.
      this.#given.catch(() => undefined)
      this.#durableSize = this.size
    }
    return this.#underway > MAX_UNDERWAY ? this.#given : Promise.resolve()
  }

  /** Gives events to a store that takes them at once. */
  #add({ take }: Made, tip: Tip): Promise<void> {
    const events = this.#pending
    const last = events.at(-1)
    if (last === undefined) return this.#done
    try {
      if (this.#linker.late > MAX_LATE) this.#linker.seal()
    } catch (error) {
      return Promise.reject(error)
    }
    const blobs = this.#blobs
    this.#pending = []
    this.#pendingBytes = 0
    if (blobs.length > 0) this.#blobs = []
    try {
      const { chain, epoch } = this
      take(chain, tip, blobs.length === 0 ? { epoch, events } : { epoch, events, blobs })
    } catch (error) {
      return Promise.reject(this.#failed(error))
    }
    this.#tip = last
    this.#durableSize = this.size
    return this.#done
  }

  #start(): Promise<void> {
    this.#next = null
    this.#running = this.#write()
    return this.#running
  }

  async #write(): Promise<void> {
    const events = this.#pending
    const blobs = this.#blobs
    const { head, size } = this
    const before = this.#tip === null ? null : headOf(this.#tip)
    this.#tip = head
    this.#pending = []
    this.#pendingBytes = 0
    this.#blobs = []
    try {
      if (this.#blobStore !== undefined)
        for (const { cid, bytes } of blobs) await this.#blobStore.put(cid, bytes)
      const { epoch } = this
      const durability = this.#durability
      const batch: Batch =
        this.#blobStore === undefined
          ? { epoch, events, head, durability, blobs }
          : { epoch, events, head, durability }
      if (before !== null) await this.#store.append(this.chain, before, batch)
      else if (this.#label !== null) await this.#store.create(this.chain, this.#label, batch, this.#own)
      this.#durableSize = Math.max(this.#durableSize, size)
    } catch (error) {
      throw this.#failed(error)
    }
    this.#running = null
  }

  /** The store refused what it was given. */
  #failed(error: unknown): ChainError {
    // What was given to the store behind it is refused too, and only says so.
    this.#failure ??= ChainError.is(error)
      ? error
      : new ChainError('io', 'the store failed', { cause: error })
    this.#pending = []
    this.#blobs = []
    return this.#failure
  }

  #dead(cause: ChainError): ChainError {
    return new ChainError('dead', `nothing more is written after a failed append: ${cause.message}`, {
      cause,
    })
  }
}
