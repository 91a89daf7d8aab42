import { interrupted } from './exits.ts'
import type { Output } from './output.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Listens to SIGINT and SIGTERM while something runs: the first ends it cleanly, a second ends the process at once. */
export class Interrupt implements Disposable {
  /** Resolves with the first of them. */
  readonly happened: Promise<void>
  /** Whether it has come. */
  seen = false
  readonly #listener: () => void

  constructor(output: Output) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.happened = promise
    this.#listener = () => {
      // The record is written as it grows: whatever is cut off here goes on from there.
      if (this.seen) process.exit(interrupted)
      this.seen = true
      output.note(
        'interrupted: waiting for turns under way. Ctrl-C again ends at once; nothing recorded is lost.',
      )
      resolve()
    }
    for (const signal of SIGNALS) process.on(signal, this.#listener)
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener)
  }
}

/** Listens to SIGINT while something waits that holds nothing: the first ends it at once. */
export class Ending implements Disposable {
  readonly #control = new AbortController()
  readonly #listener = (): void => this.#control.abort()

  constructor() {
    process.once('SIGINT', this.#listener)
  }

  /** Aborted with the first SIGINT. */
  get signal(): AbortSignal {
    return this.#control.signal
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#listener)
  }
}
