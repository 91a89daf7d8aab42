import { readEvents } from '@theater/event-chain'
import type { Archived, BlobReader, ChainReader, Event, Tombstone } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { Describer } from '@theater/replay'
import { EventSayer } from './event-json.ts'
import type { EventJson } from './event-json.ts'

/** Reads a range of a chain and says what is in it; what lies before the first event is looked up. */
export class EventReader {
  readonly #store: ChainReader & BlobReader
  readonly #chain: Uint8Array
  readonly #sayer: EventSayer

  constructor(
    store: ChainReader & BlobReader,
    chain: Uint8Array,
    describer: Describer,
    tombstones: readonly Tombstone[] = [],
  ) {
    this.#store = store
    this.#chain = chain
    this.#sayer = new EventSayer(describer, tombstones)
  }

  /** Makes ready for the events from that one on. @param archived what of the record is not here */
  async startAt(from: number, archived?: Archived): Promise<void> {
    // What was archived ends between two turns.
    const least = archived !== undefined && from >= archived.base ? archived.base : 0
    for (let to = from; to > least; to -= PAGE) {
      const events: Event[] = []
      for await (const event of this.#events(Math.max(least, to - PAGE), to)) events.push(event)
      const last = events.findLast(
        ({ kind }) => kind === 'turn' || kind === 'return' || kind === 'trap' || kind === 'abort',
      )
      if (last === undefined) continue
      if (last.kind === 'turn') this.#sayer.say(last)
      return
    }
  }

  /** What an event says; they are given in order. */
  async say(event: Event): Promise<EventJson> {
    if (event.kind === 'result' && event.content !== null && !this.#sayer.knows(event.content.call)) {
      const { call } = event.content
      for await (const intent of this.#events(call, call + 1)) {
        if (intent.kind === 'call') this.#sayer.say(intent)
      }
    }
    return this.#sayer.say(event)
  }

  #events(from: number, to: number): AsyncGenerator<Event> {
    return readEvents(this.#store, this.#chain, from, to, { hash: sha256 })
  }
}

const PAGE = 128
