/** Writing the binary format into one growing buffer. */

import { ComponentError } from '../errors.ts'

/** A buffer that grows, with what the meter writes. */
export class Writer {
  bytes: Uint8Array
  length = 0

  readonly #most: number

  /** @param most the most bytes that are written */
  constructor(capacity: number, most = Infinity) {
    this.bytes = new Uint8Array(Math.min(capacity, most))
    this.#most = most
  }

  #room(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    if (needed > this.#most)
      throw new ComponentError('too-large', `A metered module would have more than ${this.#most} bytes.`)
    const more = this.bytes.length + (this.bytes.length >> 1)
    const grown = new Uint8Array(Math.max(needed, Math.min(more, this.#most)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#room(1)
    this.bytes[this.length++] = value
  }

  u32(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.byte(rest)
  }

  /** A signed LEB128; the value is a safe integer. */
  s64(value: number): void {
    if (value >= 0 && value < 0x40) {
      this.byte(value)
      return
    }
    let rest = value
    for (;;) {
      const low = ((rest % 0x80) + 0x80) % 0x80
      rest = (rest - low) / 0x80
      if ((rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)) {
        this.byte(low)
        return
      }
      this.byte(low | 0x80)
    }
  }

  raw(bytes: ArrayLike<number>): void {
    this.#room(bytes.length)
    for (let i = 0; i < bytes.length; i++) this.bytes[this.length++] = bytes[i] ?? 0
  }

  /** Copies a range of another buffer. */
  copy(from: Uint8Array, start: number, end: number): void {
    const count = end - start
    if (count <= 0) return
    this.#room(count)
    if (count > 64) {
      this.bytes.set(from.subarray(start, end), this.length)
      this.length += count
      return
    }
    const { bytes } = this
    let to = this.length
    for (let i = start; i < end; i++) bytes[to++] = from[i] ?? 0
    this.length = to
  }

  /** Leaves room for a length that is known later, always five bytes. */
  reserve(): number {
    this.#room(5)
    const at = this.length
    this.length += 5
    return at
  }

  /** Fills in how many bytes came behind the room that was left. */
  fill(at: number): number {
    const size = this.length - at - 5
    let rest = size
    for (let i = 0; i < 5; i++) {
      this.bytes[at + i] = i < 4 ? (rest & 0x7f) | 0x80 : rest
      rest = Math.floor(rest / 0x80)
    }
    return size
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }
}
