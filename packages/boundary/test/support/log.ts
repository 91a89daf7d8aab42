import { decodeContent, encodeContent, Grammar, hex } from '@theater/event-chain'
import type { Contents, Kind } from '@theater/event-chain'
import { cidOf, sha256 } from '@theater/values'
import type { EventRef, Recorder, TheaterEvent } from '../../src/index.ts'

export const SEED = new Uint8Array(32).fill(7)
export const BORN = 1_000_000

/** A record in memory. Every event is decoded strictly and has to stand where the grammar of chains allows it. */
export class Log implements Recorder {
  readonly events: TheaterEvent[] = []
  /** Sequence numbers after which `flush` was called. */
  readonly flushed: number[] = []
  /** Set: what the next `flush` or `append` fails with. */
  failure: { readonly on: 'flush' | 'append'; readonly error: Error } | undefined
  readonly #grammar = new Grammar()

  /** A record that begins with a genesis and a seed, or with events that there are already. */
  constructor(before?: readonly TheaterEvent[], seed: Uint8Array = SEED) {
    if (before === undefined) {
      this.append('genesis', encodeContent('genesis', genesis()))
      this.append('seed', encodeContent('seed', { seed }))
    } else for (const event of before) this.#take(event)
  }

  append(kind: TheaterEvent['kind'], content: Uint8Array): EventRef {
    if (this.failure?.on === 'append') throw this.failure.error
    const bytes = content.slice()
    const event = {
      kind,
      seq: this.events.length,
      hash: sha256(bytes),
      content: decodeContent(kind, bytes, this.events.length),
      contentBytes: bytes,
    }
    // The boundary looks at no more of an event than this.
    this.#take(event as unknown as TheaterEvent)
    return { seq: event.seq, hash: event.hash }
  }

  #take(event: TheaterEvent): void {
    const violation = this.#grammar.step(event.kind, event.content as Contents[Kind])
    if (violation !== null) throw new Error(`event ${event.seq}: ${violation.message}`)
    this.events.push(event)
  }

  flush(): Promise<void> {
    this.flushed.push(this.events.length)
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure.error)
  }

  /** The kinds of the events after genesis and seed. */
  get kinds(): string {
    return this.events
      .slice(2)
      .map(({ kind }) => kind)
      .join(' ')
  }

  /** All events of a kind, with their contents. */
  all<K extends Kind>(kind: K): Contents[K][] {
    return this.events.filter((event) => event.kind === kind).map((event) => event.content as Contents[K])
  }

  get last(): TheaterEvent {
    return this.events.at(-1) as TheaterEvent
  }

  /** One line of hashes: equal for equal records. */
  get print(): string {
    return this.events.map(({ hash }) => hex(hash).slice(0, 8)).join(' ')
  }
}

function genesis(): Contents['genesis'] {
  const nothing = sha256(new Uint8Array())
  return {
    actor: 'test',
    cause: null,
    component: cidOf('raw', nothing),
    derive: 1,
    format: 1,
    grants: {},
    jco: '0',
    limits: {},
    meter: null,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '0',
    time: BORN,
    wit: cidOf('dag-cbor', nothing),
  }
}
