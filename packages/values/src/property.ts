/** Looking at values of whoever is hostile: a getter, a proxy, may throw at any question, or lie. */
import { ValueError } from './errors.ts'
import { exhausted } from './exhausted.ts'

/**
 * What to throw where reading a part of a value threw `error`: the refusal of the value; `error` itself where the engine ran
 * out of stack or memory, which is nobody's value.
 */
export function unreadable(error: unknown): unknown {
  return exhausted(error) === undefined
    ? new ValueError('wrong-type', 'throws when it is read', { cause: error })
    : error
}

/** Reads a part of a value. Where it has to be quick, {@link unreadable} alone is. */
export function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw unreadable(error)
  }
}

/** Whether a value is an array. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    // A proxy that was revoked is nothing any more.
    return false
  }
}

/** The number of items of an array. */
export function lengthOf(array: readonly unknown[]): number {
  let length: unknown
  try {
    length = array.length
  } catch (error) {
    throw unreadable(error)
  }
  // A proxy of an array says what it likes.
  if (typeof length !== 'number' || length >>> 0 !== length)
    throw new ValueError('wrong-type', 'an array of no length')
  return length
}
