import type { TheaterEvent } from '@theater/boundary'
import type { AbortCode } from '@theater/event-chain'
import type { Limits } from './limits.ts'

/**
 * The most bytes of a record that wait to be written while a guest runs: less than what a verifier reads of one turn by
 * default. Each event counts some more than its content.
 */
const MAX_UNWRITTEN = 192 * 1024 * 1024
const EVENT_BYTES = 512

/** An event is beyond a limit: why its turn is aborted. */
export interface Beyond {
  readonly code: AbortCode
  readonly error: Error | undefined
}

/** How much one turn, or the instantiation, may add to the record of its actor, and how much of that may wait to be written. */
export class RecordShare {
  readonly #limits: Pick<Limits, 'turnEvents' | 'turnBytes'>
  #events = 0
  #bytes = 0
  /** Bytes of the record that were appended, and how many of them have been written. */
  #appended = 0
  #flushed = 0

  constructor(limits: Pick<Limits, 'turnEvents' | 'turnBytes'>) {
    this.#limits = limits
  }

  /** How much was appended so far. */
  get mark(): number {
    return this.#appended
  }

  /** What was appended before a mark has been written. */
  flushed(mark: number): void {
    this.#flushed = Math.max(this.#flushed, mark)
  }

  /** Counts an event that was appended, and says what it goes beyond; the last of a turn goes beyond nothing. */
  takes(kind: TheaterEvent['kind'], bytes: number): Beyond | undefined {
    this.#appended += EVENT_BYTES + bytes
    if (kind === 'turn') this.#events = this.#bytes = 0
    this.#events++
    this.#bytes += bytes
    if (kind !== 'call' && kind !== 'result' && kind !== 'drop') return undefined
    const { turnEvents, turnBytes } = this.#limits
    if (this.#events > turnEvents) return { code: 'turn-events', error: undefined }
    if (this.#bytes > turnBytes) return { code: 'turn-bytes', error: undefined }
    // A guest that never waits never lets the record be written: this host would die of it, with all its actors.
    if (this.#appended - this.#flushed > MAX_UNWRITTEN && kind !== 'result') return tooMuchUnwritten()
    return undefined
  }
}

function tooMuchUnwritten(): Beyond {
  const error = new Error(`more than ${MAX_UNWRITTEN} bytes of record in one go`)
  return { code: 'host-memory', error }
}
