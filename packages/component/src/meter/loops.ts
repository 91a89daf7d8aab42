/**
 * Loops to which many places branch back, as those of interpreters do for each instruction that they interpret.
 *
 * What the head of a loop costs, and whether as much is left, is the same at its head and just before each branch to it. At the head of an
 * interpreter an engine has no register to spare, and all of the work waits behind it; so there it is done before the branches,
 * and before the loop itself. A branch that may not be taken becomes one that is, behind a branch around it.
 */
import { Wire } from '../wire.ts'
import { Edit, type Edits } from './edits.ts'
import type { Helpers } from './helpers.ts'
import type { Operands } from './operands.ts'
import type { Writer } from './writer.ts'

/** So many places branch back to a loop of which this is done, at least. */
const many = 2

/** How an instruction branches. */
export const Branch = { always: 0, maybe: 1, otherwise: 2 } as const

/** No edit: not a loop, or one that is left as it is. */
const none = -1

/** The loops that are open in the function that is read, by their places among the constructs. */
export class Loops {
  readonly #edits: Edits
  readonly #operands: Operands
  /** The edit at the head. */
  readonly #heads: number[] = []
  /** The edits before the loop and before the branches to it. */
  readonly #places: number[][] = []
  /** The loop, and its label, to which the `br_table` that is read goes; the first if there are several. */
  #table = none
  #label = 0

  constructor(edits: Edits, operands: Operands) {
    this.#edits = edits
    this.#operands = operands
  }

  /** A construct begins that is not a loop, or is never reached. */
  other(top: number): void {
    this.#heads[top] = none
  }

  /** A loop begins by the instruction at an offset; answers the edit at its head. */
  begin(top: number, at: number): number {
    const before = this.#edits.add(Edit.back, at, 0)
    const head = this.#edits.add(Edit.loop, this.#operands.at, 0)
    this.#heads[top] = head
    this.#places[top] = [before]
    return head
  }

  /** The instruction at an offset branches to a construct of so many parameters. */
  branches(target: number, at: number, how: number, params: number): void {
    if ((this.#heads[target] ?? none) === none) return
    if (how === Branch.always) this.#place(target, Edit.back, at, 0)
    else if (how === Branch.maybe && params === 0) {
      this.#place(target, Edit.backIf, at, this.#operands.at - at)
    } else this.#leave(target)
  }

  /** A `br_table` has a label, of a construct of so many parameters. */
  label(target: number, label: number, params: number): void {
    if ((this.#heads[target] ?? none) === none || target === this.#table) return
    if (this.#table !== none || params > 0) this.#leave(target)
    else {
      this.#table = target
      this.#label = label
    }
  }

  /** The `br_table` at an offset has no more labels. */
  labelled(at: number): void {
    if (this.#table === none) return
    this.#place(this.#table, Edit.backTable, at, this.#operands.at - at)
    this.#edits.add(Edit.label, at, this.#label)
    this.#table = none
  }

  /** A construct ends: what its head costs is known. */
  end(top: number): void {
    const head = this.#heads[top] ?? none
    if (head === none) return
    const places = this.#places[top] ?? []
    if (places.length <= many) {
      this.#leave(top)
      return
    }
    for (const edit of places) this.#edits.charge(edit, this.#edits.value(head))
    this.#edits.cancel(head)
    this.#places[top] = []
  }

  #place(target: number, kind: number, at: number, skip: number): void {
    this.#places[target]?.push(this.#edits.add(kind, at, 0, skip))
  }

  /** A loop is left as it is. */
  #leave(target: number): void {
    for (const edit of this.#places[target] ?? []) this.#edits.cancel(edit)
    this.#places[target] = []
    this.#heads[target] = none
  }
}

/** Writes a `br_if` to a loop, which stands at an offset, as an `if` around a `br`. */
export function writeBackIf(writer: Writer, { shape }: Helpers, at: number, take: () => void): void {
  const label = new Wire(shape.bytes, at + 1).u32()
  writer.raw([0x04, 0x40])
  take()
  writer.byte(0x0c)
  writer.u32(label + 1)
  writer.byte(0x0b)
}

/** Writes a `br_table`, of which a label is that of a loop, in a block that is given its operand, with a `br` to the loop behind it. */
export function writeBackTable(
  writer: Writer,
  helpers: Helpers,
  edits: Edits,
  index: number,
  take: () => void,
): void {
  const wire = new Wire(helpers.shape.bytes, edits.at(index) + 1)
  const back = edits.value(index + 1)
  writer.byte(0x02)
  writer.s64(helpers.taking)
  writer.byte(0x0e)
  const count = wire.u32()
  writer.u32(count)
  for (let i = 0; i <= count; i++) {
    const label = wire.u32()
    writer.u32(label === back ? 0 : label + 1)
  }
  writer.byte(0x0b)
  take()
  writer.byte(0x0c)
  writer.u32(back)
}
