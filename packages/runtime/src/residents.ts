import { TheaterError } from './errors.ts'
import { now } from './now.ts'

/** Who may leave memory. */
export interface Resident {
  /** Leaves memory, where it has nothing to do. @returns whether it does */
  rest(): Promise<boolean>
}

/** When actors that have nothing to do leave memory. */
export interface ResidentsOptions {
  /** How many may stay. */
  readonly most: number
  /** Milliseconds after which they leave all the same; `undefined`: never. */
  readonly idleMs: number | undefined
}

/** The actors of a host that are in memory and have nothing to do, whoever has had nothing to do for longest first. */
export class Residents {
  readonly #most: number
  readonly #idleMs: number | undefined
  /** Since when each has had nothing to do. */
  readonly #idle = new Map<Resident, number>()
  #timer: NodeJS.Timeout | undefined

  /** @throws TheaterError `bad-limit` */
  constructor({ most, idleMs }: ResidentsOptions) {
    for (const [name, n] of Object.entries({ resident: most, idleMs: idleMs ?? 1 }))
      if (!Number.isSafeInteger(n) || n < 0 || n > 2 ** 31 - 1)
        throw new TheaterError('bad-limit', `${name} is ${n}; it is an integer from 0 to 2147483647`)
    this.#most = most
    this.#idleMs = idleMs
  }

  /** An actor has nothing to do. */
  idle(one: Resident): void {
    this.#idle.delete(one)
    this.#idle.set(one, now())
    if (this.#idle.size > this.#most) this.#leave()
    this.#wait()
  }

  /** An actor has something to do, or has ended. */
  gone(one: Resident): void {
    this.#idle.delete(one)
  }

  /** Nobody leaves any more. */
  close(): void {
    clearTimeout(this.#timer)
    this.#idle.clear()
  }

  /** Whoever has had nothing to do for longest leaves. */
  #leave(): void {
    for (const one of this.#idle.keys()) {
      this.#idle.delete(one)
      void one.rest()
      return
    }
  }

  #wait(): void {
    const ms = this.#idleMs
    if (ms === undefined || this.#timer !== undefined) return
    for (const since of this.#idle.values()) {
      const left = Math.max(0, since + ms - now())
      this.#timer = setTimeout(() => this.#ring(ms), Math.ceil(left)).unref()
      return
    }
  }

  #ring(ms: number): void {
    this.#timer = undefined
    const at = now()
    for (const since of this.#idle.values()) {
      if (since + ms > at) break
      this.#leave()
    }
    this.#wait()
  }
}
