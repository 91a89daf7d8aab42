import { setImmediate } from 'node:timers/promises'
import { now } from './now.ts'

/** How long actors may keep the event loop, in milliseconds. */
const SLICE_MS = 10

/**
 * Lets the event loop turn now and then. Actors whose turns wait for nothing outside of the process follow one another
 * without end in one go: deadlines, signals and other people's input and output would come when all is over.
 */
export class Breath {
  #last = now()
  #turning: Promise<void> | undefined

  /** Resolves one round of the event loop later, where actors have kept it for long; `undefined`: go on. */
  take(): Promise<void> | undefined {
    if (this.#turning !== undefined) return this.#turning
    if (now() - this.#last < SLICE_MS) return undefined
    this.#turning = setImmediate().then(() => {
      this.#last = now()
      this.#turning = undefined
    })
    return this.#turning
  }
}
