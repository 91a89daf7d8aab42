import type { ComponentCache } from '@theater/component'
import type { StoredEvent } from '@theater/event-chain'
import type { ChainSource, SnapshotSource } from '../types.ts'
import { errorOf, underway } from './protocol.ts'
import type { FromThread, Served, ToThread } from './protocol.ts'

/** A chain that another thread holds, and its cache of components, asked for what is needed. */
export class RemoteSource {
  readonly #send: (question: FromThread) => void
  readonly #seen: () => void
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #failures = new WeakMap<Error, number>()
  /** What the host found of a component is not in it: a verifier checks for itself. */
  readonly cache: ComponentCache
  #asked = 0

  /**
   * @param seen is called for each event that is read
   * @param sealed whether the cache seals what it keeps
   */
  constructor(send: (question: FromThread) => void, seen: () => void, sealed: boolean) {
    this.#send = send
    this.#seen = seen
    this.cache = {
      get: (key) => this.#ask('cached', key),
      put: (key, bytes) => this.#ask('keep', key, bytes),
      ...(sealed && { seal: underway }),
    }
  }

  /** Takes an answer. */
  take(answer: Exclude<ToThread, { readonly job: unknown }>): void {
    const waiting = this.#waiting.get(answer.answer)
    this.#waiting.delete(answer.answer)
    if (!('failed' in answer)) return waiting?.resolve(answer.value)
    const error = errorOf(answer.failed)
    this.#failures.set(error, answer.answer)
    waiting?.reject(error)
  }

  /** The question that failed with this error; undefined where it is of this thread. */
  askedOf(error: unknown): number | undefined {
    return error instanceof Error ? this.#failures.get(error) : undefined
  }

  readonly store: ChainSource['store'] = {
    read: (chain, from, to) => this.#read(chain, from, to),
    info: (chain) => this.#ask('info', chain),
    find: (label) => this.#ask('find', label),
    list: () => this.#ask('list'),
    get: (cid) => this.#ask('get', cid),
    has: (cid) => this.#ask('has', cid),
  }

  readonly snapshots: SnapshotSource = {
    list: (chain) => this.#ask('snapshots', chain),
    read: (chain, size, max) => this.#ask('snapshot', chain, size, max),
  }

  async *#read(chain: Uint8Array, from?: number, to?: number): AsyncGenerator<StoredEvent> {
    const reading = await this.#ask('open', chain, from, to)
    try {
      let next = this.#ask('more', reading)
      for (let batch = await next; batch.length > 0; batch = await next) {
        // The next ones are on their way while these are looked at.
        next = this.#ask('more', reading)
        next.catch(() => undefined)
        for (const event of batch) {
          this.#seen()
          yield event
        }
      }
    } finally {
      await this.#ask('close', reading)
    }
  }

  #ask<K extends keyof Served>(what: K, ...args: Parameters<Served[K]>): ReturnType<Served[K]> {
    const ask = ++this.#asked
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(ask, waiting)
    this.#send({ ask, what, args } as FromThread)
    return waiting.promise as ReturnType<Served[K]>
  }
}
