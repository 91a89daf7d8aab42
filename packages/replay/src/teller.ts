import type { TheaterEvent } from '@theater/boundary'

/** Tells each event of a re-run once, in order, as soon as it is certain that the component did it again. */
export class Teller {
  readonly #reached: ((event: TheaterEvent) => void) | undefined
  #events: readonly TheaterEvent[] = []
  #at = 0

  constructor(reached: ((event: TheaterEvent) => void) | undefined) {
    this.#reached = reached
  }

  /** The re-run comes to these events. */
  begin(events: readonly TheaterEvent[]): void {
    this.#events = events
    this.#at = 0
  }

  /** Everything before that sequence number is done. Of events that were told, nothing is told again. */
  before(seq: number): void {
    for (let event = this.#events[this.#at]; event !== undefined; event = this.#events[this.#at]) {
      if (event.seq >= seq) return
      this.#at++
      this.#reached?.(event)
    }
  }

  /** All that the re-run came to is done. */
  done(): void {
    this.before(Infinity)
  }
}
