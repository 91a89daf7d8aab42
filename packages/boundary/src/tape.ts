import type { TheaterEvent } from './types.ts'

/** The recorded events of one turn, or of an instantiation, read in order. */
export class Tape {
  readonly #events: readonly TheaterEvent[]
  readonly #taken: ((event: TheaterEvent) => void) | undefined
  #at = 0
  /** Whether something can come after its end: then whoever is live goes on there. */
  readonly open: boolean

  /**
   * @param complete whether the record has all of it, though no event says so
   * @param taken is told of each event that {@link next} gives
   */
  constructor(events: readonly TheaterEvent[], complete = false, taken?: (event: TheaterEvent) => void) {
    this.#events = events
    this.#taken = taken
    const last = events.at(-1)?.kind
    this.open = !complete && last !== 'return' && last !== 'trap' && last !== 'abort'
  }

  /** The next event that the guest took part in; a change of writer says nothing about it. */
  next(): TheaterEvent | undefined {
    for (;;) {
      const event = this.#events[this.#at]
      if (event === undefined) return undefined
      this.#at++
      if (event.kind === 'resume') continue
      this.#taken?.(event)
      return event
    }
  }

  /** Takes the `abort` that stands here; `undefined`: none does, and nothing was taken. */
  takeAbort(): TheaterEvent | undefined {
    let at = this.#at
    while (this.#events[at]?.kind === 'resume') at++
    return this.#events[at]?.kind === 'abort' ? this.next() : undefined
  }

  /** Puts back what {@link next} gave. */
  back(): void {
    this.#at--
  }
}
