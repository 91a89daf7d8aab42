import { type Data, decodeData, encodeData, Link } from '@theater/values'
import type { Random } from './random.ts'

/** Changes something inside of plain data. */
export function changeData(data: Data, random: Random): Data {
  if (random.chance(0.1)) return anyData(random, 2)
  if (Array.isArray(data)) {
    const items = data as readonly Data[]
    if (items.length === 0 || random.chance(0.15))
      return items.toSpliced(random.below(items.length + 1), 0, anyData(random, 1))
    const at = random.below(items.length)
    if (random.chance(0.1)) return items.toSpliced(at, 1)
    return items.with(at, changeData(items[at] ?? null, random))
  }
  switch (typeof data) {
    case 'number':
      return random.of([data + 1, data - 1, -data, 0, 2 ** 32, Number.MAX_SAFE_INTEGER])
    case 'bigint':
      return data ^ 1n
    case 'string':
      return random.of([`${data}x`, data.slice(1), '', '__proto__', '\u0000', data.toUpperCase()])
    case 'boolean':
      return !data
    case 'object': {
      if (data === null || Link.is(data)) return anyData(random, 1)
      if (data instanceof Uint8Array) {
        const copy = data.slice()
        if (copy.length === 0) return Uint8Array.of(1)
        const at = random.below(copy.length)
        copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
        return random.chance(0.2) ? copy.subarray(0, at) : copy
      }
      const entries = Object.entries(data as { readonly [key: string]: Data })
      if (entries.length === 0) return { [anyKey(random)]: anyData(random, 1) }
      const at = random.below(entries.length)
      const [key, value] = entries[at] ?? ['', null]
      if (random.chance(0.15)) return Object.fromEntries(entries.toSpliced(at, 1))
      if (random.chance(0.15)) return Object.fromEntries([...entries, [anyKey(random), anyData(random, 1)]])
      return Object.fromEntries(entries.with(at, [key, changeData(value, random)]))
    }
    case 'undefined':
    case 'function':
    case 'symbol':
      return null
  }
}

function anyKey(random: Random): string {
  return random.of(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a', '', 'then', 'length'])
}

/** Any plain data. */
export function anyData(random: Random, depth: number): Data {
  switch (random.below(depth > 0 ? 9 : 7)) {
    case 0:
      return null
    case 1:
      return random.chance(0.5)
    case 2:
      return random.of([0, 1, -1, 23, 24, 255, 256, 2 ** 31, 2 ** 53 - 1, -(2 ** 53) + 1, 0.5, -0])
    case 3:
      return random.of([2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n])
    case 4:
      return random.of(['', 'a', 'é', '\u{10ffff}', '\ufeff', 'x'.repeat(300)])
    case 5:
      return random.bytes(random.below(40))
    case 6:
      return random.u32()
    case 7:
      return Array.from({ length: random.below(5) }, () => anyData(random, depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(5) }, () => [anyKey(random), anyData(random, depth - 1)]),
      )
  }
}

/** Changes one scalar inside of plain data to another of its type; byte strings that are data themselves are changed inside. */
export function changeScalar(data: Data, random: Random): Data {
  switch (typeof data) {
    case 'number':
      return random.of([data + 1, Math.max(0, data - 1), 0, 1, 255, data ^ 1])
    case 'bigint':
      return data ^ 1n
    case 'string':
      return random.of([`${data}x`, data.slice(1), ''])
    case 'boolean':
      return !data
    case 'object': {
      if (data === null || Link.is(data)) return data
      if (data instanceof Uint8Array) {
        const inner = decoded(data)
        if (inner !== undefined) return encodeData(changeScalar(inner, random))
        return data.length === 0 ? data : data.with(random.below(data.length), random.below(256))
      }
      const entries = Object.entries(data as { readonly [key: string]: Data })
      if (entries.length === 0) return data
      const at = random.below(entries.length)
      const [key, value] = entries[at] ?? ['', null]
      const changed = changeScalar(value, random)
      return Array.isArray(data)
        ? data.with(at, changed)
        : Object.fromEntries(entries.with(at, [key, changed]))
    }
    case 'undefined':
    case 'function':
    case 'symbol':
      return data
  }
}

function decoded(bytes: Uint8Array): Data | undefined {
  try {
    return decodeData(bytes)
  } catch {
    return undefined
  }
}
