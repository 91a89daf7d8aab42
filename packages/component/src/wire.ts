/** Reading the WebAssembly binary format: bounded, and never past the end of what it was given. */
import { ComponentError } from './errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A cursor over a range of bytes. Every read that does not fit throws `ComponentError('not-wasm')`. */
export class Wire {
  readonly bytes: Uint8Array
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return this.at >= this.end
  }

  /** Throws the error for malformed bytes at this place. */
  malformed(what: string): never {
    throw new ComponentError('not-wasm', `Malformed component at byte ${this.at}: ${what}.`, {
      offset: this.at,
    })
  }

  byte(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : undefined
    if (byte === undefined) this.malformed('it ends in the middle of a definition')
    this.at++
    return byte
  }

  /** The next byte, not consumed. */
  peek(): number {
    const byte = this.byte()
    this.at--
    return byte
  }

  /** Consumes one byte that must have this value. */
  expect(value: number, what: string): void {
    const byte = this.byte()
    if (byte !== value) {
      this.at--
      this.malformed(`${what} expected, 0x${byte.toString(16)} found`)
    }
  }

  /** Unsigned LEB128 of 32 bits. */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    return this.malformed('a number is longer than 32 bits')
  }

  /** Signed LEB128 of 33 bits: type indices, and the negative codes of primitive types. */
  s33(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return byte & 0x40 ? value - 2 ** (shift + 7) : value
    }
    return this.malformed('a type is longer than 33 bits')
  }

  /** Skips a LEB128 of up to 64 bits. */
  skipLeb(): void {
    for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return
    this.malformed('a number is longer than 64 bits')
  }

  /** A length-prefixed UTF-8 string of at most `limit` bytes. */
  text(limit: number): string {
    const length = this.u32()
    const start = this.at
    if (length > this.end - start) this.malformed('a name is longer than its section')
    if (length > limit) {
      throw new ComponentError('too-large', `A name of ${length} bytes is above the limit of ${limit}.`, {
        offset: start,
      })
    }
    this.at = start + length
    try {
      return utf8.decode(this.bytes.subarray(start, this.at))
    } catch {
      this.at = start
      return this.malformed('a name is not UTF-8')
    }
  }

  /** A length-prefixed range, as a cursor of its own; this one moves behind it. */
  range(): Wire {
    const length = this.u32()
    if (length > this.end - this.at) this.malformed('a section is longer than what contains it')
    const inner = new Wire(this.bytes, this.at, this.at + length)
    this.at += length
    return inner
  }

  /** Reads a count and does something for each item; a count above what the bytes can hold is malformed. */
  each(item: () => void): void {
    const count = this.u32()
    if (count > this.end - this.at) this.malformed('a list is longer than its section')
    for (let i = 0; i < count; i++) item()
  }
}
