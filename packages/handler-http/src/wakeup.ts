import type { Pollable } from '@theater/handler'

/** Wakes whoever waits until something holds. */
export class Wakeup {
  readonly #waiting = new Set<() => void>()

  /** Lets everybody who waits look again. */
  wake(): void {
    for (const look of this.#waiting) look()
  }

  /** Resolves when `holds` does; rejects when the signal aborts. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (holds()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (holds()) resolve()
    }
    const abort = (): void => reject(signal.reason)
    this.#waiting.add(look)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await promise
    } finally {
      this.#waiting.delete(look)
      signal.removeEventListener('abort', abort)
    }
  }

  /** A pollable that is ready when `holds` does. */
  pollable(holds: () => boolean): Pollable {
    return { ready: holds, wait: (signal) => this.until(holds, signal) }
  }
}
