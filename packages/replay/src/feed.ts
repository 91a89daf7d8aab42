import type { TheaterEvent } from '@theater/boundary'
import { checkEvents } from '@theater/event-chain'
import type { Event, Intact } from '@theater/event-chain'
import type { Hash } from '@theater/values'
import type { ChainSource, InconclusiveCode } from './types.ts'

/** The first event whose content is not there. */
export interface Gap {
  readonly index: number
  readonly code: InconclusiveCode & ('withheld' | 'redacted')
}

/**
 * A chain's events for a re-run, checked once more while they are read: between the structural check and the re-run
 * the file may have been changed. Ends before the first event whose content is not there.
 */
export class Feed {
  readonly #source: ChainSource
  readonly #intact: Intact
  readonly #hash: Hash
  /** Set when the feed ended before the chain did. */
  gap: Gap | undefined

  constructor(source: ChainSource, intact: Intact, hash: Hash) {
    this.#source = source
    this.#intact = intact
    this.#hash = hash
  }

  /** The events before `to`. @throws ChainError `broken` */
  async *events(to = this.#intact.size): AsyncGenerator<TheaterEvent, void, undefined> {
    const { store, chain } = this.#source
    const all = to === this.#intact.size
    const checked = checkEvents(store.read(chain, 0, to), {
      chain,
      blobs: store,
      hash: this.#hash,
      unfinished: 'allow',
      ...(all && { head: this.#intact.head }),
    })
    for await (const event of checked) {
      if (event.content === null) {
        this.gap = { index: event.seq, code: gapCode(event) }
        return
      }
      yield event
    }
  }
}

/** A body that is not there was erased; a seed, or a block beside the body, can still be shown. */
function gapCode(event: Event): Gap['code'] {
  return event.kind === 'seed' || event.salt !== null ? 'withheld' : 'redacted'
}
