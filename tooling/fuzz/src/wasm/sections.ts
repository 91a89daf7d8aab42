/** A WebAssembly binary as a tree of sections: enough to change a part and keep the rest whole. */
import { concat } from '../bytes.ts'

/** One section. Of a module or component inside a component the content is a tree of its own. */
export interface Section {
  readonly id: number
  content: Uint8Array | Binary
}

/** A module or a component. */
export interface Binary {
  readonly preamble: Uint8Array
  readonly sections: Section[]
}

/** An unsigned LEB128. */
export function leb(value: number): Uint8Array {
  const out: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest = Math.floor(rest / 128)
    out.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return Uint8Array.from(out)
}

/** Reads an unsigned LEB128 of at most 32 bits; throws where there is none. */
export function readLeb(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, next: at + i + 1 }
  }
  throw new RangeError('no number')
}

/** Reads the tree; throws where it is none. */
export function readBinary(bytes: Uint8Array): Binary {
  if (bytes.length < 8) throw new RangeError('no preamble')
  const component = bytes[6] === 1
  const sections: Section[] = []
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at] ?? 0
    const { value, next } = readLeb(bytes, at + 1)
    at = next + value
    if (at > bytes.length) throw new RangeError('a section that is too long')
    const content = bytes.subarray(next, at)
    const nested = component && (id === 1 || id === 4)
    sections.push({ id, content: nested ? readBinary(content) : content })
  }
  return { preamble: bytes.subarray(0, 8), sections }
}

export function writeBinary({ preamble, sections }: Binary): Uint8Array {
  const parts = sections.flatMap(({ id, content }) => {
    const bytes = content instanceof Uint8Array ? content : writeBinary(content)
    return [Uint8Array.of(id), leb(bytes.length), bytes]
  })
  return concat(preamble, ...parts)
}

/** The binary and all that is inside it, from the outside in. */
export function allBinaries(binary: Binary): Binary[] {
  const inner = binary.sections.flatMap(({ content }) =>
    content instanceof Uint8Array ? [] : allBinaries(content),
  )
  return [binary, ...inner]
}

/** Whether it is a core module. */
export function isModule({ preamble }: Binary): boolean {
  return preamble[6] === 0
}

/** The core modules inside, in order. Throws where the bytes are no tree of sections. */
export function modulesOf(bytes: Uint8Array): Uint8Array[] {
  return allBinaries(readBinary(bytes)).filter(isModule).map(writeBinary)
}
