import type { Random } from './random.ts'

/** Changes bytes without knowing what they mean. */
export function scramble(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1)
  switch (random.below(6)) {
    case 0: {
      const copy = bytes.slice()
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
      return copy
    }
    case 1: {
      const copy = bytes.slice()
      if (at < copy.length) copy[at] = random.of([0, 1, 0x7f, 0x80, 0xff, random.below(256)])
      return copy
    }
    case 2:
      return bytes.slice(0, at)
    case 3: {
      const length = random.below(16)
      return concat(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length)))
    }
    case 4:
      return concat(bytes.subarray(0, at), random.bytes(random.below(16)), bytes.subarray(at))
    default: {
      const from = random.below(bytes.length + 1)
      const piece = bytes.subarray(from, from + random.below(64))
      return concat(bytes.subarray(0, at), piece, bytes.subarray(at))
    }
  }
}

/** One after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
