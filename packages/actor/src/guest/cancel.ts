/** What tells that something is to be given up: an `AbortSignal`, or a {@link Cancel}. */
export interface Signal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * Controller and signal in one, for what the kit starts itself. The engine keeps a hundred bytes of each `AbortSignal`
 * that there ever was, and an actor may fetch for years.
 */
export class Cancel implements Signal {
  readonly #listeners = new Set<() => void>()
  aborted = false
  reason: unknown

  /** Only the first time counts. */
  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }
}
