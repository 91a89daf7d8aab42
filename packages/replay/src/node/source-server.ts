import { resealed } from '@theater/component'
import type { ComponentCache } from '@theater/component'
import type { StoredEvent } from '@theater/event-chain'
import type { ChainSource } from '../types.ts'
import { faultOf, underway } from './protocol.ts'
import type { Ask, Served, ToThread } from './protocol.ts'

/** Events, and bytes of them, that cross at once. */
const BATCH_EVENTS = 256
const BATCH_BYTES = 1024 * 1024

/** Answers a thread out of a source, and out of a cache where there is one. */
export class SourceServer {
  readonly #served: Served
  readonly #failures = new Map<number, unknown>()

  constructor(source: Omit<ChainSource, 'chain'>, cache: ComponentCache | undefined) {
    this.#served = servedBy(source, cache)
  }

  /** The answer to a question. */
  async answer(question: Ask): Promise<ToThread> {
    const answer = question.ask
    try {
      return { answer, value: await ask(this.#served, question) }
    } catch (error) {
      this.#failures.set(answer, error)
      return { answer, failed: faultOf(error) }
    }
  }

  /** What was thrown here at a question, with all that cannot cross. */
  failure(asked: number | undefined): unknown {
    return asked === undefined ? undefined : this.#failures.get(asked)
  }
}

function ask(served: Served, question: Ask): Promise<unknown> {
  switch (question.what) {
    case 'open':
      return served.open(...question.args)
    case 'more':
      return served.more(...question.args)
    case 'close':
      return served.close(...question.args)
    case 'info':
      return served.info(...question.args)
    case 'find':
      return served.find(...question.args)
    case 'list':
      return served.list()
    case 'get':
      return served.get(...question.args)
    case 'has':
      return served.has(...question.args)
    case 'snapshots':
      return served.snapshots(...question.args)
    case 'snapshot':
      return served.snapshot(...question.args)
    case 'cached':
      return served.cached(...question.args)
    case 'keep':
      return served.keep(...question.args)
  }
}

function servedBy(
  { store, snapshots }: Omit<ChainSource, 'chain'>,
  cache: ComponentCache | undefined,
): Served {
  const readings = new Map<number, Reading>()
  let opened = 0
  return {
    async open(chain, from, to) {
      readings.set(++opened, new Reading(store.read(chain, from, to)))
      return opened
    },
    more: async (reading) => (await readings.get(reading)?.more()) ?? [],
    async close(reading) {
      const open = readings.get(reading)
      readings.delete(reading)
      await open?.close()
    },
    info: (chain) => store.info(chain),
    find: (label) => store.find(label),
    list: () => store.list(),
    async get(cid) {
      const bytes = await store.get(cid)
      return bytes && alone(bytes)
    },
    has: (cid) => store.has(cid),
    snapshots: async (chain) => (await snapshots?.list(chain)) ?? [],
    async snapshot(chain, size, max) {
      const bytes = await snapshots?.read(chain, size, max)
      return bytes && alone(bytes)
    },
    async cached(key) {
      const bytes = await cache?.get(key)
      if (bytes === undefined) return undefined
      return cache?.seal === undefined ? alone(bytes) : resealed(bytes, cache.seal, underway)
    },
    async keep(key, bytes) {
      const entry = cache?.seal === undefined ? bytes : resealed(bytes, underway, cache.seal)
      if (entry !== undefined) await cache?.put(key, entry)
    },
  }
}

/** One reading of a chain, some events at a time. */
class Reading {
  readonly #events: AsyncIterator<StoredEvent>
  #ended = false
  #failed: { readonly error: unknown } | undefined

  constructor(events: AsyncIterable<StoredEvent>) {
    this.#events = events[Symbol.asyncIterator]()
  }

  async more(): Promise<readonly StoredEvent[]> {
    const batch: StoredEvent[] = []
    let bytes = 0
    while (!this.#ended && batch.length < BATCH_EVENTS && bytes < BATCH_BYTES) {
      try {
        const next = await this.#events.next()
        if (next.done === true) this.#ended = true
        else {
          const { header, body } = next.value
          batch.push({ header: alone(header), body: body && alone(body) })
          bytes += header.length + (body?.length ?? 0)
        }
      } catch (error) {
        this.#ended = true
        this.#failed = { error }
      }
    }
    // What was read before a failure is right, and comes before it.
    if (batch.length === 0 && this.#failed !== undefined) throw this.#failed.error
    return batch
  }

  async close(): Promise<void> {
    this.#ended = true
    await this.#events.return?.()
  }
}

/** Bytes that are all of their buffer: with a view of a large one, all of that would cross. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}
