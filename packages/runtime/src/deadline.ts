import { TheaterError } from './errors.ts'

/** The longest delay that a timer takes. */
const MAX_TIMER = 0x7fff_ffff

/** Rejects with `timeout` when a promise takes longer than `ms` milliseconds. What it waits for goes on. */
export function within<T>(promise: Promise<T>, ms: number, actor: string): Promise<T> {
  // Who says the most that there is waits for as long as it takes.
  return ms === MAX_TIMER ? promise : bounded(promise, ms, actor)
}

async function bounded<T>(promise: Promise<T>, ms: number, actor: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => {
        reject(
          new TheaterError('timeout', `${actor} did not answer within ${ms} ms; its turn is not undone`, {
            actor,
          }),
        )
      },
      Math.min(ms, MAX_TIMER),
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
