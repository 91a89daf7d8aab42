import type { WasiClocksMonotonicClock, WasiIoPoll } from '@theater/wit'
import type { Signal } from './cancel.ts'
import { dispose } from './host.ts'

/** What waits for the host. */
interface Wait {
  readonly pollable: WasiIoPoll.Pollable
  readonly wake: () => void
}

interface Timer {
  readonly at: bigint
  readonly order: number
  readonly run: () => void
}

/** Where the loop waits, and how it gets behind the promise jobs that are due. */
export interface LoopHost {
  /** `wasi:io/poll`. */
  readonly poll: Pick<typeof WasiIoPoll, 'poll'>
  /** `wasi:clocks/monotonic-clock`. */
  readonly clock: Pick<typeof WasiClocksMonotonicClock, 'now' | 'subscribeInstant'>
  /** The engine's own `setTimeout`. */
  readonly later: (callback: () => void, delay: number) => unknown
}

/**
 * Waits for timers and for what `fetch` waits for at once. The engine's own loop cannot wait for a pollable of ours, and
 * its own `fetch` never gives a handle back: some 1,600 of them fill an actor's table, and that actor is lost.
 */
export class Loop {
  readonly #host: LoopHost
  readonly #waits = new Set<Wait>()
  readonly #timers = new Map<number, Timer>()
  #last = 0
  #armed = false

  /** Calls nothing: it is made at build time. */
  constructor(host: LoopHost) {
    this.#host = host
  }

  /** Resolves when the pollable is ready, and gives it back to the host; so does an abort, which rejects. */
  async wait(pollable: WasiIoPoll.Pollable, signal?: Signal): Promise<void> {
    let stop: (() => void) | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        const wait = { pollable, wake: resolve }
        stop = () => {
          this.#waits.delete(wait)
          reject(signal?.reason as Error)
        }
        if (signal?.aborted === true) return stop()
        signal?.addEventListener('abort', stop)
        this.#waits.add(wait)
        this.#arm()
      })
    } finally {
      if (stop !== undefined) signal?.removeEventListener('abort', stop)
      dispose(pollable)
    }
  }

  /** `setTimeout`, for a callback that does not throw. */
  setTimer(callback: () => void, delay: unknown): number {
    const timer = ++this.#last
    const ms = Math.max(0, Math.trunc(Number(delay)) || 0)
    this.#timers.set(timer, {
      at: this.#host.clock.now() + BigInt(ms) * 1_000_000n,
      order: timer,
      run: () => {
        this.#timers.delete(timer)
        callback()
      },
    })
    this.#arm()
    return timer
  }

  /** `clearTimeout` and `clearInterval`. */
  clearTimer(timer: unknown): void {
    if (typeof timer === 'number') this.#timers.delete(timer)
  }

  /** Behind the promise jobs that are due: what they start is waited for together with what waits already. */
  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    this.#host.later(() => {
      this.#armed = false
      this.#turn()
      if (this.#waits.size > 0 || this.#timers.size > 0) this.#arm()
    }, 0)
  }

  #turn(): void {
    const waits = [...this.#waits]
    const next = [...this.#timers.values()].toSorted(sooner)[0]
    if (waits.length === 0 && next === undefined) return
    const alarm = next === undefined ? undefined : this.#host.clock.subscribeInstant(next.at)
    const pollables = waits.map(({ pollable }) => pollable)
    if (alarm !== undefined) pollables.push(alarm)
    const ready = this.#host.poll.poll(pollables)
    if (alarm !== undefined) dispose(alarm)
    for (const index of ready) {
      const wait = waits[index]
      if (wait === undefined) continue
      this.#waits.delete(wait)
      wait.wake()
    }
    if (next === undefined || !ready.includes(waits.length)) return
    const now = this.#host.clock.now()
    // One that an earlier one clears must not run, and one that is set now waits for the next time.
    const due = [...this.#timers.values()].filter(({ at }) => at <= now).toSorted(sooner)
    for (const { order, run } of due) {
      if (this.#timers.has(order)) run()
    }
  }
}

function sooner(a: Timer, b: Timer): number {
  return a.at < b.at ? -1 : a.at > b.at ? 1 : a.order - b.order
}
