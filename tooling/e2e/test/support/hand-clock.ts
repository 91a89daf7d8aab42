import { randomBytes } from 'node:crypto'
import type { Entropy } from '@theater/runtime'

interface Alarm {
  readonly at: number
  readonly ring: () => void
}

/** A clock that a test moves by hand, and alarms that ring only then. */
export class HandClock implements Entropy {
  /** What the host's wall clock says; setting it is a step, of which alarms know nothing. */
  time: number
  /** How long each alarm was to sleep, in the order in which they were set. */
  readonly slept: number[] = []
  /** Time that passes, whatever the wall clock says. */
  #passed = 0
  readonly #alarms = new Set<Alarm>()

  constructor(time = 1_800_000_000_000) {
    this.time = time
  }

  now(): number {
    return this.time
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(randomBytes(length))
  }

  alarm(ms: number, ring: () => void): Disposable {
    this.slept.push(ms)
    const alarm = { at: this.#passed + ms, ring }
    this.#alarms.add(alarm)
    return { [Symbol.dispose]: () => void this.#alarms.delete(alarm) }
  }

  /** How many alarms are set. */
  get set(): number {
    return this.#alarms.size
  }

  /** Time passes, and alarms ring when they come to. */
  pass(ms: number): void {
    const end = this.#passed + ms
    for (;;) {
      const next = [...this.#alarms].toSorted((a, b) => a.at - b.at).find(({ at }) => at <= end)
      const to = next?.at ?? end
      this.time += to - this.#passed
      this.#passed = to
      if (next === undefined) return
      this.#alarms.delete(next)
      next.ring()
    }
  }
}
