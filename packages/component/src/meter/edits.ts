/** What is written into a function: a list of edits, in the order of their places. */

import { ComponentError } from '../errors.ts'

/** The kinds of edits. */
export const Edit = {
  /** One that was taken back. */
  none: 0,
  /** A block starts here; the value is what it costs. */
  charge: 1,
  /** A loop starts here: charge, and see whether anything is left. */
  loop: 2,
  /** The index of a global is written anew. */
  global: 3,
  /** Before a call: the host and the callee must find the fuel where it belongs. */
  before: 4,
  /** After a call. */
  after: 5,
  /** Before a `return`. */
  leave: 6,
  /** Before a tail call: what the end of the function does is done here. */
  tail: 7,
  /** Before an instruction that ends the function otherwise. */
  stop: 8,
  /** An instruction whose cost depends on the operand on top; the value is one of `Bulk`, plus 8 if that is 64 bits wide. */
  bulk: 9,
  /** `memory.grow` of a memory. */
  growMemory: 10,
  /** `table.grow` of a table. */
  growTable: 11,
  /** Behind a float operation; the value is one of `Float`. */
  float: 12,
  /** Control comes here from an exception. */
  caught: 13,
  /** Bytes of the engine's heap are allocated; the value is how many. */
  allocate: 14,
  /** An array is allocated; the value is the bytes of one element. */
  allocateArray: 15,
  /** The index of one of the first two locals behind the parameters, which may be somewhere else; the value is which. */
  local: 16,
  /** Before a branch to a loop, or before the loop: what its head costs, which then is not charged there. */
  back: 17,
  /** Such a `br_if`. */
  backIf: 18,
  /** Such a `br_table`; `label` follows. */
  backTable: 19,
  /** The label of the loop. */
  label: 20,
} as const

/** The value of `before` and `after` for a call whose callee is not known, and for no call of the module's own. */
export const unknown = -1
export const helper = -2

/** How a dynamic cost follows from a count. */
export const Bulk = { bytes: 0, elements: 1, items: 2 } as const

/** The largest cost of one block: above it the cost saturates. */
const most = 0x7fff_ffff

/** Bytes that an edit takes. */
const EDIT_BYTES = 12

/** A growing list of edits, three numbers each. */
export class Edits {
  #items: Int32Array
  readonly #most: number
  length = 0

  /**
   * @param mostBytes the most memory that they take
   * @param codeBytes how much code they are for: there is rarely more than one for three bytes of it
   */
  constructor(mostBytes = Infinity, codeBytes = 0) {
    this.#most = mostBytes / EDIT_BYTES
    const room = Math.min(Math.ceil(codeBytes / 3), Math.floor(this.#most))
    this.#items = new Int32Array(3 * Math.max(1024, room))
  }

  clear(): void {
    this.length = 0
  }

  /** Adds an edit at an offset, which replaces `skip` bytes there (below 2²³); answers its index. */
  add(kind: number, at: number, value: number, skip = 0): number {
    const base = this.length * 3
    if (base === this.#items.length) {
      if (this.length * 2 > this.#most)
        throw new ComponentError(
          'too-large',
          'A core module has more instructions to meter than are allowed.',
        )
      const grown = new Int32Array(base * 2)
      grown.set(this.#items)
      this.#items = grown
    }
    this.#items[base] = at
    this.#items[base + 1] = kind | (skip << 8)
    this.#items[base + 2] = value
    return this.length++
  }

  /** Adds to the cost of a block. */
  charge(index: number, cost: number): void {
    const at = index * 3 + 2
    const sum = (this.#items[at] ?? 0) + cost
    this.#items[at] = sum > most ? most : sum
  }

  /** Takes an edit back. */
  cancel(index: number): void {
    this.#items[index * 3 + 1] = 0
  }

  at(index: number): number {
    return this.#items[index * 3] ?? 0
  }

  kind(index: number): number {
    return (this.#items[index * 3 + 1] ?? 0) & 0xff
  }

  skip(index: number): number {
    return (this.#items[index * 3 + 1] ?? 0) >> 8
  }

  value(index: number): number {
    return this.#items[index * 3 + 2] ?? 0
  }
}
