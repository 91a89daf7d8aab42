/** Branch hints: https://github.com/WebAssembly/branch-hinting. They change no result, only where code is put. */
import { Writer } from './writer.ts'

/** The custom section that says of branches that they are not taken. */
export class Hints {
  readonly #functions = new Writer(1024)
  #count = 0

  /** Adds those of one function, by their offsets in its body. */
  add(index: number, offsets: readonly number[]): void {
    this.#count++
    this.#functions.u32(index)
    this.#functions.u32(offsets.length)
    for (const offset of offsets) {
      this.#functions.u32(offset)
      this.#functions.raw([1, 0])
    }
  }

  /** Writes the section, which stands before the code. */
  write(writer: Writer): void {
    if (this.#count === 0) return
    const name = new TextEncoder().encode('metadata.code.branch_hint')
    writer.byte(0)
    const at = writer.reserve()
    writer.u32(name.length)
    writer.raw(name)
    writer.u32(this.#count)
    writer.copy(this.#functions.bytes, 0, this.#functions.length)
    writer.fill(at)
  }
}
