import type { HttpLimits } from './limits.ts'

/** What one actor may still use of its totals. It is bound once for each start of a host, however often it traps. */
export class Totals {
  #requests: number
  #bytes: number

  constructor(limits: Pick<HttpLimits, 'total-requests' | 'total-bytes'>) {
    this.#requests = limits['total-requests']
    this.#bytes = limits['total-bytes']
  }

  /** The bytes of bodies that are left. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether another request may be made. */
  get open(): boolean {
    return this.#requests > 0 && this.#bytes > 0
  }

  /** Counts a request. */
  request(): void {
    this.#requests -= 1
  }

  /** Counts bytes of a body. `false`: there are not that many left, and now none are. */
  spend(bytes: number): boolean {
    const enough = bytes <= this.#bytes
    this.#bytes = enough ? this.#bytes - bytes : 0
    return enough
  }
}
