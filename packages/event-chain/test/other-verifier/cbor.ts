import { createHash } from 'node:crypto'

export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

export class NotCanonical extends Error {}

/** A link to a block. */
export interface Link {
  readonly codec: 'dag-cbor' | 'raw'
  readonly digest: Buffer
}
export type Item =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | Link
  | Float
  | readonly Item[]
  | Map<string, Item>
/** Floats are kept apart: nothing that the format wants is one. */
interface Float {
  readonly float: number
}

export const isLink = (item: Item | undefined): item is Link =>
  typeof item === 'object' && item !== null && 'digest' in item
export const isCounter = (item: Item | undefined): item is number => typeof item === 'number' && item >= 0

/** Reads one value of canonical DAG-CBOR, and nothing behind it. */
export function decode(bytes: Uint8Array, deepest = 512): Item {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const take = (n: number): Buffer => {
    if (n > input.length - at) throw new NotCanonical('truncated')
    at += n
    return input.subarray(at - n, at)
  }
  const argument = (info: number): bigint => {
    if (info < 24) return BigInt(info)
    if (info > 27) throw new NotCanonical('no definite length')
    const size = 2 ** (info - 24)
    const n = BigInt(`0x${take(size).toString('hex')}`)
    const least = [24n, 0x100n, 0x1_0000n, 0x1_0000_0000n][info - 24] as bigint
    if (n < least) throw new NotCanonical('not the shortest head')
    return n
  }
  const count = (n: bigint): number => {
    if (n > BigInt(input.length - at)) throw new NotCanonical('a length beyond the bytes')
    return Number(n)
  }
  const integer = (n: bigint): number | bigint => (Number.isSafeInteger(Number(n)) ? Number(n) : n)
  const text = (n: number): string => {
    const part = take(n)
    const said = part.toString('utf8')
    if (!same(Buffer.from(said), part)) throw new NotCanonical('not UTF-8')
    return said
  }
  const value = (depth: number): Item => {
    if (depth > deepest) throw new NotCanonical('too deep')
    const [first = 0] = take(1)
    const major = first >> 5
    const info = first & 31
    if (first === 0xf4 || first === 0xf5) return first === 0xf5
    if (first === 0xf6) return null
    if (first === 0xfb) {
      const float = take(8).readDoubleBE()
      const whole = Number.isSafeInteger(float) && !Object.is(float, -0)
      if (!Number.isFinite(float) || whole) throw new NotCanonical('a double that is none')
      return { float }
    }
    if (major === 7) throw new NotCanonical('no such value')
    const n = argument(info)
    switch (major) {
      case 0:
        return integer(n)
      case 1:
        return integer(-1n - n)
      case 2:
        return take(count(n))
      case 3:
        return text(count(n))
      case 4:
        return Array.from({ length: count(n) }, () => value(depth + 1))
      case 5: {
        const map = new Map<string, Item>()
        let before: Buffer | undefined
        for (let left = count(n); left > 0; left--) {
          const key = value(depth + 1)
          if (typeof key !== 'string') throw new NotCanonical('a key that is not text')
          const bytes = Buffer.from(key)
          const sorted =
            before === undefined ||
            before.length < bytes.length ||
            (before.length === bytes.length && Buffer.compare(before, bytes) < 0)
          if (!sorted) throw new NotCanonical('keys that are not sorted')
          before = bytes
          map.set(key, value(depth + 1))
        }
        return map
      }
      default: {
        const cid = n === 42n ? value(depth) : null
        if (!Buffer.isBuffer(cid) || cid.length !== 37 || cid[0] !== 0) throw new NotCanonical('not a link')
        return linkOf(cid.subarray(1))
      }
    }
  }
  const item = value(0)
  if (at !== input.length) throw new NotCanonical('something follows')
  return item
}

function linkOf(cid: Buffer): Link {
  const head = cid.subarray(0, 4).toString('hex')
  const codec = head === '01711220' ? 'dag-cbor' : head === '01551220' ? 'raw' : undefined
  if (codec === undefined || cid.length !== 36) throw new NotCanonical('a CID that is none of ours')
  return { codec, digest: cid.subarray(4) }
}

/** Whether an item nests no deeper than it may. */
export function isShallow(item: Item | undefined, left = 512): boolean {
  const inside = Array.isArray(item)
    ? (item as readonly Item[])
    : item instanceof Map
      ? [...item.values()]
      : undefined
  return inside === undefined || (left > 0 && inside.every((one) => isShallow(one, left - 1)))
}
