import { decodeData, encodeData, Link } from '@theater/values'
import type { Data } from '@theater/values'

/**
 * Changes the first scalar of some canonical bytes, as little as possible, so that they are canonical still.
 * @returns `undefined` where there is nothing in them to change
 */
export function nudge(bytes: Uint8Array): Uint8Array | undefined {
  const changed = nudgeData(decodeData(bytes))
  return changed === undefined ? undefined : encodeData(changed)
}

function nudgeData(data: Data): Data | undefined {
  switch (typeof data) {
    case 'number':
      return data % 2 === 0 ? data + 1 : data - 1
    case 'bigint':
      return data ^ 1n
    case 'string':
      return `${data}!`
    case 'boolean':
      return !data
    case 'object':
      return data === null || Link.is(data) ? undefined : nudgeObject(data)
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined
  }
}

function nudgeObject(data: Exclude<Data & object, Link>): Data | undefined {
  if (data instanceof Uint8Array) {
    if (data.length === 0) return Uint8Array.of(0x21)
    const copy = data.slice()
    copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
    return copy
  }
  if (!Array.isArray(data)) return undefined
  for (const [i, item] of data.entries()) {
    const changed = nudgeData(item as Data)
    if (changed !== undefined) return data.with(i, changed) as Data
  }
  return undefined
}

/** A copy with one byte changed; which one is a function of `pick`, so that runs over many events reach all of them. */
export function flip(bytes: Uint8Array, pick: number): Uint8Array {
  const copy = bytes.slice()
  const at = (pick * 7919) % copy.length
  copy[at] = (copy[at] ?? 0) ^ (1 << (pick % 8))
  return copy
}
