/** What of the engine can run out while it works on something. */
export type Exhausted = 'host-stack' | 'host-memory'

/**
 * What of the engine ran out, where `error` says so; `undefined` for every other error. Such an error says nothing about what
 * the engine was working on.
 *
 * @example
 * ```ts
 * exhausted(new RangeError('Maximum call stack size exceeded')) // 'host-stack'
 * ```
 */
export function exhausted(error: unknown): Exhausted | undefined {
  try {
    return saysSo(error)
  } catch (failed) {
    // What was thrown throws when it is looked at; or the stack ends here too.
    return failed === error ? undefined : saysSo(failed)
  }
}

function saysSo(error: unknown): Exhausted | undefined {
  if (!(error instanceof Error)) return undefined
  const { message } = error
  // Firefox has an error of its own for this, which is no RangeError.
  if (error.name === 'InternalError' && /too much recursion/i.test(message)) return 'host-stack'
  if (!(error instanceof RangeError)) return undefined
  if (/call stack|too much recursion/i.test(message)) return 'host-stack'
  return /allocation failed|out of memory|Invalid string length/i.test(message) ? 'host-memory' : undefined
}
