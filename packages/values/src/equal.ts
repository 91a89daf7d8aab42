import { isPlain, typedArrayName } from './shape.ts'

/**
 * Whether two values of one type are the same, bit for bit as far as a component could tell: numbers as `Object.is` has
 * it (NaN is NaN, -0 is not 0), arrays, typed arrays and objects by content. A key that is undefined is the same as none.
 * Objects that are not plain (resources) are equal only to themselves.
 */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && equalItems(a, b)
  const tag = typedArrayName(a)
  if (tag !== undefined) return tag === typedArrayName(b) && equalItems(a as never, b as never)
  if (!isPlain(a) || !isPlain(b)) return false
  const x = a as Record<string, unknown>
  const y = b as Record<string, unknown>
  for (const key of Object.keys(x))
    if (!equal(x[key], Object.hasOwn(y, key) ? y[key] : undefined)) return false
  for (const key of Object.keys(y)) if (y[key] !== undefined && !Object.hasOwn(x, key)) return false
  return true
}

function equalItems(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false
  return true
}
