import type { Pollable } from '@theater/handler'

/** What timers go by. */
export interface TimerClock {
  /** Milliseconds, rounded up, until a monotonic instant; 0 when it is past. */
  until(deadlineNs: bigint): number
}

/** A pollable of the boundary's own: ready at an instant of the actor's monotonic clock. */
export function timerOf(clock: TimerClock, deadline: bigint): Pollable {
  return {
    ready: () => clock.until(deadline) === 0,
    wait: (signal) => sleep(clock.until(deadline), signal),
  }
}

/** The longest delay that a host timer takes in one piece, in milliseconds. */
const MAX_TIMER = 0x7fff_ffff

/** Resolves after some milliseconds of the host's; rejects when the signal aborts. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = ms
    let timer: ReturnType<typeof setTimeout>
    const next = (): void => {
      const step = Math.min(left, MAX_TIMER)
      left -= step
      timer = setTimeout(() => (left > 0 ? next() : finish()), step)
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const finish = (): void => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    if (signal.aborted) {
      reject(signal.reason as Error)
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    next()
  })
}
