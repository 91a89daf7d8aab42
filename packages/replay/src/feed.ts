import type { TheaterEvent } from '@theater/boundary'
import { checkEvents } from '@theater/event-chain'
import type { Event, Intact } from '@theater/event-chain'
import type { Hash } from '@theater/values'
import type { ChainSource, InconclusiveCode } from './types.ts'

/** The first event that the re-run cannot go beyond. */
export interface Gap {
  readonly index: number
  readonly code: InconclusiveCode & ('withheld' | 'redacted' | 'limits-above-mine')
  readonly message: string
}

/** What an event costs in memory beside its content, roughly. */
const eventBytes = 512

/**
 * A chain's events for a re-run, checked once more while they are read: between the structural check and the re-run
 * the file may have been changed. Ends before the first event whose content is not there; the seed may be missing.
 */
export class Feed {
  readonly #source: ChainSource
  readonly #intact: Intact
  readonly #maxTurnBytes: number
  readonly #hash: Hash
  /** Set when the feed ended before the chain did. */
  gap: Gap | undefined

  constructor(source: ChainSource, intact: Intact, maxTurnBytes: number, hash: Hash) {
    this.#source = source
    this.#intact = intact
    this.#maxTurnBytes = maxTurnBytes
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
    let held = 0
    for await (const event of checked) {
      const { seq, kind } = event
      if (event.content === null) {
        // The component may never draw from it.
        if (kind === 'seed') continue
        this.gap = { index: seq, code: gapCode(event), message: `the content of event ${seq} is not here` }
        return
      }
      if (kind === 'turn' || kind === 'grant' || kind === 'stop') held = 0
      held += eventBytes + event.contentBytes.length
      if (held > this.#maxTurnBytes) {
        const message = `the events of one turn take more than ${this.#maxTurnBytes} bytes`
        this.gap = { index: seq, code: 'limits-above-mine', message }
        return
      }
      yield event
    }
  }
}

/** A body that is not there was erased; a block beside the body can still be shown. */
function gapCode(event: Event): 'withheld' | 'redacted' {
  return event.salt === null ? 'redacted' : 'withheld'
}
