/** The interfaces, functions and types at the top of a component. */
export interface ComponentNames {
  /** Names of imports, in order. */
  readonly imports: readonly string[]
  /** Names of exports, in order. */
  readonly exports: readonly string[]
}

const importSection = 10
const exportSection = 11

/**
 * Reads the names at the top level of a component from its binary
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md). It is for what the build has just
 * made; bytes from elsewhere belong to `@theater/component`. Throws a `RangeError` for anything but a component.
 */
export function componentNames(bytes: Uint8Array): ComponentNames {
  const magic = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]
  if (magic.some((byte, index) => bytes[index] !== byte)) throw new RangeError('not a component')
  const imports: string[] = []
  const exports: string[] = []
  for (let at = magic.length; at < bytes.length;) {
    const cursor = new Cursor(bytes, at)
    const id = cursor.byte()
    const size = cursor.u32()
    const end = cursor.at + size
    if (id === importSection) names(cursor, imports, importTail)
    if (id === exportSection) names(cursor, exports, exportTail)
    at = end
  }
  return { imports, exports }
}

function names(cursor: Cursor, into: string[], tail: (cursor: Cursor) => void): void {
  for (let count = cursor.u32(); count > 0; count--) {
    into.push(cursor.externName())
    tail(cursor)
  }
}

function importTail(cursor: Cursor): void {
  cursor.externDesc()
}

function exportTail(cursor: Cursor): void {
  cursor.sort()
  cursor.u32()
  if (cursor.byte() === 1) cursor.externDesc()
}

class Cursor {
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.#bytes[this.at]
    if (byte === undefined) throw new RangeError('the component ends too early')
    this.at++
    return byte
  }

  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number in the component is too long')
  }

  externName(): string {
    const form = this.byte()
    if (form > 1) throw new RangeError(`a name of form ${form} is not known`)
    const length = this.u32()
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      this.#bytes.subarray(this.at, this.at + length),
    )
    this.at += length
    return text
  }

  sort(): void {
    if (this.byte() === 0) this.byte()
  }

  externDesc(): void {
    const sort = this.byte()
    if (sort === 0) this.byte()
    // A type is bounded by another type or is a fresh resource; a value by a type or another value.
    if (sort === 3 && this.byte() === 1) return
    if (sort === 2 && this.byte() === 1) {
      this.valType()
      return
    }
    this.u32()
  }

  valType(): void {
    throw new RangeError('values at the top of a component are not supported')
  }
}
