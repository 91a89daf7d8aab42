import type { TheaterEvent } from '@theater/boundary'
import { ChainError, checkEvents, Tombstones } from '@theater/event-chain'
import type { BrokenReason, Event, Part, Tombstone } from '@theater/event-chain'
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
  /** What comes after the instantiation and before the end of this part is left out. It was checked. @default nothing */
  readonly part?: Part | undefined
  readonly maxTurnBytes: number
  readonly hash: Hash
  /** What a host signed of bodies that it erased. @default none */
  readonly tombstones?: readonly Tombstone[] | undefined
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
  readonly #tombstones: Tombstones
  /** Why the seed is not here; undefined where it is. */
  seedGap: 'withheld' | 'redacted' | undefined
  /** Set when the feed ended before the chain did. */
  gap: Gap | undefined
  /** Set when what comes next is not of this chain. */
  break: Break | undefined
  /** The last event that was given. */
  last: Event | undefined

  constructor(source: ChainSource, options: FeedOptions) {
    this.#source = source
    this.#options = options
    this.#tombstones = new Tombstones(options.tombstones)
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
          const gap = this.#gapAt(event)
          if (kind === 'seed') {
            this.seedGap = gap.code
            continue
          }
          this.gap = gap
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

  /** A body that is not here was erased where somebody signed that it was; else it may still be shown. */
  #gapAt(event: Event): Gap & { readonly code: 'withheld' | 'redacted' } {
    const { seq: index } = event
    const tombstone = event.salt === null ? this.#tombstones.of(event) : undefined
    if (tombstone === undefined)
      return { index, code: 'withheld', message: `the content of event ${index} is not here` }
    const day = dayOf(tombstone.time)
    return { index, code: 'redacted', message: `event ${index} was erased on ${day}: ${tombstone.reason}` }
  }

  async *#checked(to: number): AsyncGenerator<Event, void, undefined> {
    const { store, chain } = this.#source
    const { size, head, hash, part } = this.#options
    const options = {
      chain,
      blobs: store,
      hash,
      unfinished: 'allow',
      ...(to === size && { head }),
    } as const
    // What was archived comes behind the instantiation, and before whatever a snapshot is of.
    const lead = part === undefined ? undefined : (await store.info(chain))?.archived?.lead
    let leaps = lead !== undefined
    const first = { ...options, ...(leaps && { head: undefined }) }
    for await (const event of checkEvents(store.read(chain, 0, lead ?? to), first)) {
      if (part !== undefined && event.seq < part.size && afterStart(event)) {
        leaps = true
        break
      }
      yield event
    }
    if (leaps && part !== undefined)
      yield* checkEvents(store.read(chain, part.size, to), { ...options, after: part })
  }
}

/** Whether an event shows that the instantiation is over. */
function afterStart({ kind }: Event): boolean {
  return kind === 'turn' || kind === 'grant' || kind === 'stop'
}

/** A host's clock may say anything. */
function dayOf(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? `day ${time}` : date.toISOString().slice(0, 10)
}
