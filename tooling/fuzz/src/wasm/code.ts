/** Where instructions of a function begin, as far as they are known here. */
import { readLeb } from './sections.ts'

/** One instruction: where it begins, where its immediates do, where it ends. */
export interface Instruction {
  readonly at: number
  readonly opcode: number
  readonly immediates: number
  readonly end: number
}

const none = new Set([
  0x00,
  0x01,
  0x05,
  0x0a,
  0x0b,
  0x0f,
  0x1a,
  0x1b,
  0xd1,
  ...Array.from({ length: 0xc5 - 0x45 }, (_, i) => 0x45 + i),
])
const oneIndex = new Set([
  0x08, 0x0c, 0x0d, 0x10, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x3f, 0x40, 0x41, 0x42, 0xd2,
])
const twoIndices = new Set([0x11, 0x13, ...Array.from({ length: 0x3f - 0x28 }, (_, i) => 0x28 + i)])

/** Skips a LEB128, signed or not. */
function skip(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 10; i++) if ((bytes[at + i] ?? 0) < 0x80) return at + i + 1
  throw new RangeError('no number')
}

/** The instructions of an expression until its end, or until one that is not known. */
function instructions(bytes: Uint8Array, from: number, to: number): Instruction[] {
  const found: Instruction[] = []
  let at = from
  while (at < to) {
    const opcode = bytes[at] ?? 0
    const end = endOf(bytes, at + 1, opcode)
    if (end === undefined || end > to) return found
    found.push({ at, opcode, immediates: at + 1, end })
    at = end
  }
  return found
}

function endOf(bytes: Uint8Array, at: number, opcode: number): number | undefined {
  if (none.has(opcode)) return at
  if (oneIndex.has(opcode)) return skip(bytes, at)
  if (twoIndices.has(opcode)) return skip(bytes, skip(bytes, at))
  switch (opcode) {
    case 0x02: // block, loop, if
    case 0x03:
    case 0x04:
      return skip(bytes, at)
    case 0x0e: {
      const { value, next } = readLeb(bytes, at)
      let end = next
      for (let i = 0; i <= value; i++) end = skip(bytes, end)
      return end
    }
    case 0x1f: {
      const { value, next } = readLeb(bytes, skip(bytes, at))
      let end = next
      for (let i = 0; i < value; i++) {
        const kind = bytes[end] ?? 0
        end = kind <= 1 ? skip(bytes, skip(bytes, end + 1)) : skip(bytes, end + 1)
      }
      return end
    }
    case 0x43:
      return at + 4
    case 0x44:
      return at + 8
    case 0xfc: {
      const { value, next } = readLeb(bytes, at)
      if (value <= 7) return next
      if (value === 8 || value === 10 || value === 12 || value === 14) return skip(bytes, skip(bytes, next))
      return value <= 17 ? skip(bytes, next) : undefined
    }
    default:
      return undefined
  }
}

/** The instructions of every function in the content of a code section, with where its body is. */
export function functions(
  code: Uint8Array,
): { readonly body: readonly [number, number]; readonly found: readonly Instruction[] }[] {
  const { value: count, next } = readLeb(code, 0)
  const out: { body: [number, number]; found: Instruction[] }[] = []
  let at = next
  for (let i = 0; i < count; i++) {
    const { value: size, next: start } = readLeb(code, at)
    const end = start + size
    const locals = readLeb(code, start)
    let first = locals.next
    for (let group = 0; group < locals.value; group++) first = readLeb(code, first).next + 1
    out.push({ body: [start, end], found: instructions(code, first, end) })
    at = end
  }
  return out
}
