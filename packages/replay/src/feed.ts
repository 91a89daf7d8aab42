import type { TheaterEvent } from '@theater/boundary'
import { ChainError, checkEvents } from '@theater/event-chain'
import type { BrokenReason, Event } from '@theater/event-chain'
import type { Hash } from '@theater/values'
import type { ChainSource, InconclusiveCode } from './types.ts'

/** The first event that the re-run cannot go beyond. */
export interface Gap {
  readonly index: number
  readonly code: InconclusiveCode & ('withheld' | 'redacted' | 'limits-above-mine')
  readonly message: string
}

/** Where the events stop being those of a chain. */
export interface Break {
  readonly index: number
  readonly reason: BrokenReason
  readonly message: string
}

/** Which events a feed gives. */
export interface FeedOptions {
  /** The sequence number after the last. */
  readonly size: number
  /** The hash that the last event has to have, where it is known. */
  readonly head?: Uint8Array | undefined
  readonly maxTurnBytes: number
  readonly hash: Hash
}

/** What an event costs in memory beside its content, roughly. */
const eventBytes = 512

/**
 * A chain's events for a re-run, checked while they are read: where they were checked before, the file may have been
 * changed between. Ends before the first event that is not right, or whose content is not there; the seed may be missing.
 */
export class Feed {
  readonly #source: ChainSource
  readonly #options: FeedOptions
  /** Set when the feed ended before the chain did. */
  gap: Gap | undefined
  /** Set when what comes next is not of this chain. */
  break: Break | undefined
  /** The last event that was given. */
  last: Event | undefined

  constructor(source: ChainSource, options: FeedOptions) {
    this.#source = source
    this.#options = options
  }

  /** The events before `to`. */
  async *events(to = this.#options.size): AsyncGenerator<TheaterEvent, void, undefined> {
    const { size, maxTurnBytes } = this.#options
    let held = 0
    try {
      for await (const event of this.#checked(to)) {
        const { seq, kind } = event
        if (to === size) this.last = event
        if (event.content === null) {
          // The component may never draw from it.
          if (kind === 'seed') continue
          this.gap = { index: seq, code: gapCode(event), message: `the content of event ${seq} is not here` }
          return
        }
        if (kind === 'turn' || kind === 'grant' || kind === 'stop') held = 0
        held += eventBytes + event.contentBytes.length
        if (held > maxTurnBytes) {
          const message = `the events of one turn take more than ${maxTurnBytes} bytes`
          this.gap = { index: seq, code: 'limits-above-mine', message }
          return
        }
        yield event
      }
    } catch (error) {
      if (!ChainError.is(error) || error.code !== 'broken') throw error
      const { index = 0, reason = 'header', message } = error
      this.break = { index, reason, message }
    }
  }

  #checked(to: number): AsyncGenerator<Event, unknown, undefined> {
    const { store, chain } = this.#source
    const { size, head, hash } = this.#options
    return checkEvents(store.read(chain, 0, to), {
      chain,
      blobs: store,
      hash,
      unfinished: 'allow',
      ...(to === size && { head }),
    })
  }
}

/** A body that is not there was erased; a block beside the body can still be shown. */
function gapCode(event: Event): 'withheld' | 'redacted' {
  return event.salt === null ? 'redacted' : 'withheld'
}
