import type { TheaterEvent } from './types.ts'

/** The recorded events of one turn, or of an instantiation, read in order. At its end whoever is live goes on. */
export class Tape {
  readonly #events: readonly TheaterEvent[]
  #at = 0

  constructor(events: readonly TheaterEvent[]) {
    this.#events = events
  }

  /** The next event that the guest took part in; a change of writer says nothing about it. */
  next(): TheaterEvent | undefined {
    for (;;) {
      const event = this.#events[this.#at]
      if (event === undefined) return undefined
      this.#at++
      if (event.kind !== 'resume') return event
    }
  }

  /** Puts back what {@link next} gave. */
  back(): void {
    this.#at--
  }

  /** The index after the last event; 0 for an empty tape. */
  get after(): number {
    const last = this.#events.at(-1)
    return last === undefined ? 0 : last.seq + 1
  }
}
