/** Whether a client is still there. What an `AbortSignal` says, for less: every request has one. */
export class Presence {
  #gone = false
  #listeners: (() => void)[] = []

  get gone(): boolean {
    return this.#gone
  }

  /** The client went away, or is given up. */
  leave(): void {
    this.#gone = true
    for (const listener of this.#listeners.splice(0)) listener()
  }

  /** Calls when it goes, once; at once where it is gone. @returns what takes that back */
  onGone(listener: () => void): () => void {
    if (this.#gone) listener()
    else this.#listeners.push(listener)
    return () => {
      const at = this.#listeners.indexOf(listener)
      if (at !== -1) this.#listeners.splice(at, 1)
    }
  }
}
