import type { Heard, Outside } from '../outside.ts'
import type { ToThread } from './wire.ts'

/** What somebody outside of a thread says of channels without waiting for an answer. */
export class Doors {
  readonly #hear: (heard: Heard) => void
  readonly #served: Set<string>
  #outside: Outside | undefined

  constructor(served: readonly string[], hear: (heard: Heard) => void) {
    this.#served = new Set(served)
    this.#hear = hear
  }

  /** From here on there are channels. */
  open(outside: Outside): void {
    this.#outside = outside
    outside.listen(this.#hear)
    for (const end of this.#served) outside.serve(end, true)
  }

  take(told: Extract<ToThread, { readonly tag: 'serve' | 'took' | 'leave' }>): void {
    if (told.tag === 'took') this.#outside?.took(told.channel)
    else if (told.tag === 'leave') this.#outside?.leave(told.channel)
    else {
      if (told.on) this.#served.add(told.end)
      else this.#served.delete(told.end)
      this.#outside?.serve(told.end, told.on)
    }
  }
}
