/**
 * Milliseconds of a clock that never goes back. Node loads a dozen modules of its own for `performance`, which a host waits for before its
 * first answer.
 */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
