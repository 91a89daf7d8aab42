import type { EventRef } from '@theater/boundary'
import type { Keeping, Store } from '@theater/event-chain'
import type { OwnRecord } from './own-record.ts'
import { givenUpIn } from './record.ts'
import { SUMMARY } from './recovery.ts'
import { encodeSummary } from './summary-bytes.ts'
import { Summary } from './summary.ts'
import type { Ended } from './turns.ts'

/** A record that is not much longer than what was kept of it is read as quickly. */
const LEAST = 64

/** Keeps the summary of one actor's record up to date while turns are added to it. */
export class RecordKeeper {
  readonly summary: Summary
  readonly #store: Store
  readonly #record: OwnRecord
  /** How much of the record the summary stands for: it is behind in the middle of a turn. */
  #size = 0
  /** How much of it the one stands for that is beside the record. */
  #kept: number
  /** The summary says what the record does not: nobody is to go by it. */
  #spoiled = false

  /** @param kept how much of the record the summary stands for that is beside it */
  constructor(store: Store, record: OwnRecord, summary: Summary = new Summary(), kept = 0) {
    this.#store = store
    this.#record = record
    this.summary = summary
    this.#kept = kept
  }

  /** The record was taken over: where that was within a turn, the summary is behind until the turn has ended. */
  takenOver(): void {
    const { size } = this.#record
    this.summary.lastResume = size - 1
    if (this.#size === size - 1) this.#size = size
  }

  /** A turn did not begin, and what was to come with it is in the summary. */
  spoil(): void {
    this.#spoiled = true
  }

  /** It is what the record says up to here, between two turns. */
  settled(): void {
    this.#size = this.#record.size
  }

  /** A turn ended, and all of it is in the summary that others see to. */
  async turned({ reply, seq, time }: Ended): Promise<void> {
    const { summary } = this
    if (seq === undefined) return
    summary.lastTime = time
    summary.first ??= 'well'
    if (reply.tag === 'answered') summary.lastReturn = seq
    if (reply.tag === 'aborted') {
      const intent = await givenUpIn(this.#store, this.#record.chain, seq)
      if (intent !== undefined) summary.givenUp.add(intent)
    }
    this.settled()
  }

  /** The record ends. */
  ended({ seq, hash }: EventRef): void {
    this.summary.end = { seq, hash }
    this.settled()
  }

  /** Whether there is something new to keep. */
  get worthKeeping(): boolean {
    return !this.#spoiled && this.#record.failure === null && this.#record.size - this.#kept >= LEAST
  }

  /**
   * What is to be kept beside the record; `undefined`: nothing new.
   *
   * @param least how many events of it are new at least
   */
  take(least = LEAST): Keeping | undefined {
    const { chain, size, durable, failure } = this.#record
    if (
      this.#spoiled ||
      this.#size !== size ||
      durable !== size ||
      failure !== null ||
      size - this.#kept < least
    )
      return undefined
    this.#kept = size
    return { chain, kind: SUMMARY, size, head: this.#record.head, bytes: encodeSummary(this.summary) }
  }
}
