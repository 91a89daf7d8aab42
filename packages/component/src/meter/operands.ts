/** What the instructions of a function have with them: the numbers that follow an opcode, and the operands on the stack. */
import type { Edits } from './edits.ts'
import { Follows } from './opcodes.ts'

/** A place among the instructions, and the operand stack there. */
export class Operands {
  readonly bytes: Uint8Array
  at = 0
  height = 0
  highest = 0
  readonly #edits: Edits
  /** By operand: the edit that makes it canonical. It holds if it is not before `straight`: no branch, no call since. */
  #floats = new Int32Array(64)
  straight = 0

  constructor(bytes: Uint8Array, edits: Edits) {
    this.bytes = bytes
    this.#edits = edits
  }

  /** Goes to the first instruction of a function. */
  begin(at: number): void {
    this.at = at
    this.height = 0
    this.highest = 0
  }

  /** Reads past what follows an opcode; one of `Follows`. */
  immediates(follows: number): void {
    switch (follows) {
      case Follows.nothing:
        break
      case Follows.index:
      case Follows.signed:
      case Follows.heapType:
        this.leb()
        break
      case Follows.memory:
        this.memory()
        break
      case Follows.twoIndices:
        this.leb()
        this.leb()
        break
      case Follows.fourBytes:
        this.at += 4
        break
      case Follows.eightBytes:
        this.at += 8
        break
      case Follows.sixteenBytes:
        this.at += 16
        break
      case Follows.oneByte:
        this.at += 1
        break
      case Follows.memoryAndLane:
        this.memory()
        this.at += 1
        break
      default:
    }
  }

  /** Remembers by which edit the value on top was made canonical; -1: by none. */
  note(edit: number): void {
    const slot = this.height - 1
    if (slot < 0) return
    if (slot >= this.#floats.length) {
      const grown = new Int32Array(slot * 2 + 16)
      grown.set(this.#floats)
      this.#floats = grown
    }
    this.#floats[slot] = edit
  }

  /** Operands of this type are taken by what does not tell one NaN from another: they need not be made canonical. */
  take(float: number, pops: number): void {
    for (let slot = this.height - pops; slot < this.height; slot++) {
      const edit = this.#floats[slot] ?? -1
      if (edit >= this.straight && this.#edits.value(edit) === float) this.#edits.cancel(edit)
    }
  }

  /** Skips a LEB128. */
  leb(): void {
    const bytes = this.bytes
    while ((bytes[this.at++] ?? 0) >= 0x80);
  }

  /** Reads an unsigned LEB128 of 32 bits. */
  u32(): number {
    const bytes = this.bytes
    const first = bytes[this.at++] ?? 0
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let factor = 0x80; ; factor *= 0x80) {
      const byte = bytes[this.at++] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  /** Skips the alignment, memory and offset of an access. */
  memory(): void {
    const align = this.u32()
    if (align & 0x40) this.leb()
    this.leb()
  }

  /** Skips a value type. */
  valueType(): void {
    const code = this.bytes[this.at++] ?? 0
    if (code === 0x63 || code === 0x64) this.leb()
  }

  /** Takes operands off the stack, and puts others there. */
  move(pops: number, pushes: number): void {
    this.height += pushes - pops
    if (this.height > this.highest) this.highest = this.height
  }
}
