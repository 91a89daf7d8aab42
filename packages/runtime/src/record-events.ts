import { followEvents } from '@theater/event-chain'
import type { Event, Store, StoredEvent } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { TheaterError } from './errors.ts'
import { chainKey } from './received.ts'

/** How an actor's record is read. */
export interface EventsOptions {
  /** The first event: the `seq` after the last one that was seen, also by a program before this one. @default 0 */
  readonly from?: number
  /** Ends the reading. @default it ends with the actor, or the theater */
  readonly signal?: AbortSignal
}

/** Events of one record, one after another. */
export interface SomeEvents {
  readonly chain: Uint8Array
  readonly events: readonly StoredEvent[]
}

/** How many events, and bytes of them, are given at once to whoever reads elsewhere. */
const SOME = 256
const SOME_BYTES = 1024 * 1024

/**
 * Tells whoever reads records that there is more. Nothing is kept for anybody: who reads has a place in the record, and takes
 * from the store what stands there when it gets to it.
 */
export class Readers {
  readonly #store: Store
  readonly #waiting = new Map<string, Set<Bell>>()
  #closed = false

  constructor(store: Store) {
    this.#store = store
  }

  /** The store, through which this hears what is written. */
  heard(): Store {
    const store = this.#store
    // Whoever begins to read while it is written may have looked before it was there.
    const then = (chain: Uint8Array, done: Promise<void>): Promise<void> => {
      done.then(
        () => this.#grew(chain),
        () => undefined,
      )
      return done
    }
    return {
      ...(store.caches !== undefined && { caches: store.caches }),
      ...(store.archives !== undefined && { archives: store.archives }),
      read: (chain, from, to) => store.read(chain, from, to),
      info: (chain) => store.info(chain),
      find: (label) => store.find(label),
      list: () => store.list(),
      get: (cid) => store.get(cid),
      has: (cid) => store.has(cid),
      put: (cid, bytes) => store.put(cid, bytes),
      create: (chain, label, batch, durability) => then(chain, store.create(chain, label, batch, durability)),
      append: (chain, head, batch) => then(chain, store.append(chain, head, batch)),
      lease: (chain) => store.lease(chain),
      relabel: (chain, label) => store.relabel(chain, label),
      setDurability: (chain, durability) => store.setDurability(chain, durability),
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }
  }

  /** The events of an actor's record, and those that come. @throws TheaterError `unknown-actor`; ChainError */
  async *events(
    id: string,
    { from = 0, signal }: EventsOptions = {},
  ): AsyncGenerator<Event, void, undefined> {
    const info = await this.#store.find(id)
    if (info === undefined) throw unrecorded(id)
    using bell = this.#bell(info.chain, signal)
    const wake = (): Promise<boolean> => bell.rung()
    for await (const event of followEvents(this.#store, info.chain, { from, wake, hash: sha256 })) {
      if (signal?.aborted === true) return
      yield event
      // Nothing comes after it.
      if (event.kind === 'stop') return
    }
  }

  /**
   * Some events of an actor's record, from one on: as soon as there is one. None where none comes any more.
   *
   * @param chain the record, where it is known: its name may be another one's by now
   * @throws TheaterError `unknown-actor`; ChainError
   */
  async some(
    id: string,
    chain: Uint8Array | undefined,
    from: number,
    signal?: AbortSignal,
  ): Promise<SomeEvents> {
    const info = await (chain === undefined ? this.#store.find(id) : this.#store.info(chain))
    if (info === undefined) throw unrecorded(id)
    using bell = this.#bell(info.chain, signal)
    const events: StoredEvent[] = []
    do {
      let bytes = 0
      for await (const { header, body } of this.#store.read(info.chain, from, from + SOME)) {
        // What a store gives may be a view into more.
        events.push({ header: header.slice(), body: body?.slice() ?? null })
        bytes += header.length + (body?.length ?? 0)
        if (bytes >= SOME_BYTES) break
      }
    } while (events.length === 0 && (await bell.rung()))
    return { chain: info.chain, events }
  }

  /** A block that an event's content stands in. */
  block(cid: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#store.get(cid)
  }

  #bell(chain: Uint8Array, signal: AbortSignal | undefined): Bell {
    const key = chainKey(chain)
    const bells = this.#waiting.get(key) ?? new Set()
    const bell = new Bell(
      () => this.#closed,
      signal,
      () => {
        bells.delete(bell)
        if (bells.size === 0) this.#waiting.delete(key)
      },
    )
    this.#waiting.set(key, bells.add(bell))
    return bell
  }

  #grew(chain: Uint8Array): void {
    if (this.#waiting.size === 0) return
    for (const bell of this.#waiting.get(chainKey(chain)) ?? []) bell.ring()
  }

  /** Nothing is written any more: whoever waits for more has seen all that there is. */
  close(): void {
    this.#closed = true
    for (const bells of this.#waiting.values()) for (const bell of bells) bell.wake()
  }
}

function unrecorded(id: string): TheaterError {
  return new TheaterError('unknown-actor', `there is no record of an actor ${id}`, { actor: id })
}

/** Rings for one reader when there is more: once, however much that is. */
class Bell implements Disposable {
  readonly #closed: () => boolean
  readonly #signal: AbortSignal | undefined
  readonly #wake = (): void => this.wake()
  readonly #left: () => void
  #more = false
  #answer: (() => void) | undefined

  constructor(closed: () => boolean, signal: AbortSignal | undefined, left: () => void) {
    this.#closed = closed
    this.#left = left
    this.#signal = signal
    signal?.addEventListener('abort', this.#wake)
  }

  ring(): void {
    this.#more = true
    this.wake()
  }

  /** Whoever waits looks whether it is over. */
  wake(): void {
    this.#answer?.()
  }

  /** Resolves when it is worth looking again; `false`: it never is. */
  async rung(): Promise<boolean> {
    const isOver = (): boolean => this.#closed() || this.#signal?.aborted === true
    if (!this.#more && !isOver())
      await new Promise<void>((resolve) => {
        this.#answer = resolve
      })
    const goesOn = this.#more || !isOver()
    this.#more = false
    return goesOn
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener('abort', this.#wake)
    this.#left()
  }
}
