import { vi } from 'vitest'

/**
 * The time of timers, stopped: it passes where a test says so, and what has a deadline meets it or not however fast the
 * machine is.
 */
export class Time implements Disposable {
  constructor() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  }

  pass(ms: number): void {
    vi.advanceTimersByTime(ms)
  }

  [Symbol.dispose](): void {
    vi.useRealTimers()
  }
}
