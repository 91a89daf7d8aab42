/** What a value counts that is no text and no bytes. */
const VALUE = 8

/**
 * Roughly how many bytes values are: a character of text counts one. Above `limit` it counts no further. Values are trees, as the types of the component
 * model are; what is not, or throws when it is looked at, is refused when the turn begins.
 */
export function sizeOf(values: readonly unknown[], limit: number): number {
  try {
    return counted(values, limit)
  } catch {
    return 0
  }
}

function counted(values: readonly unknown[], limit: number): number {
  let size = 0
  const rest: unknown[] = [...values]
  while (rest.length > 0 && size <= limit) {
    const value = rest.pop()
    if (typeof value === 'string') size += value.length
    else if (ArrayBuffer.isView(value)) size += value.byteLength
    else if (typeof value !== 'object' || value === null) size += VALUE
    else if (Array.isArray(value)) size += push(rest, value, limit)
    // An object of a handler is a resource: it crosses as a number.
    else if (isPlain(value)) size += push(rest, Object.values(value), limit)
    else size += VALUE
  }
  return size
}

function push(rest: unknown[], values: readonly unknown[], limit: number): number {
  const size = values.length * VALUE
  // The elements of a list that is too long are not looked at.
  if (size <= limit) for (const value of values) rest.push(value)
  return size
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
