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
}
