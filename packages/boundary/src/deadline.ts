/** A handler took longer than it may. */
export class DeadlinePassed extends Error {}

/** How many steps of promises count as not waiting. */
const SOON = 3

/** The longest delay that a host timer takes. */
const MAX_TIMER = 0x7fff_ffff

/** Rejects when a promise takes too long. When the actor ends, nobody waits for it any more. */
export async function withDeadline(
  value: unknown,
  ms: number | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  if (ms === undefined || !isThenable(value)) return value
  // Asked once: a handler's own kind of promise may begin its work when it is.
  const promise = Promise.resolve(value)
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  // Much that may wait does not, and a timer and a listener are a good part of such a call.
  for (let i = 0; i < SOON && !settled; i++) await Promise.resolve()
  if (settled) return promise
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new DeadlinePassed()), Math.min(ms, MAX_TIMER))
  const stop = (): void => clearTimeout(timer)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
  }
}

/** Whether something has a `then`, as a promise does. Total, whatever a handler gives. */
export function isThenable(value: unknown): value is Promise<unknown> {
  try {
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
  } catch {
    // No promise that could be waited for. Whoever writes it reads it again, and says why it is refused.
    return false
  }
}
