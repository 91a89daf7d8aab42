/** Instructions whose cost depends on an operand, or that take of a cap: bulk memory, tables, growth, objects of the heap. */
import { Bulk, Edit, type Edits, helper } from './edits.ts'
import { Has } from './facts.ts'
import type { Flow } from './flow.ts'
import { Branch } from './loops.ts'
import { type ModuleShape, type Store, type Type, typeAt } from './module.ts'
import { instructionName } from './names.ts'
import { bulk, costs, gc } from './opcodes.ts'
import type { Operands } from './operands.ts'
import { refuse } from './refuse.ts'

/** Reads those of one module. */
export class Dynamic {
  readonly #shape: ModuleShape
  readonly #edits: Edits
  readonly #operands: Operands
  readonly #flow: Flow

  constructor(shape: ModuleShape, edits: Edits, operands: Operands, flow: Flow) {
    this.#shape = shape
    this.#edits = edits
    this.#operands = operands
    this.#flow = flow
  }

  /** `memory.grow` or `table.grow`. */
  grow(kind: number, at: number): void {
    const index = this.#operands.u32()
    this.#edits.add(Edit.before, at, helper)
    this.#edits.add(kind, at, index, this.#operands.at - at)
    this.#edits.add(Edit.after, this.#operands.at, helper)
    this.#flow.has |= Has.dynamic
  }

  /** An instruction whose cost depends on the operand on top. */
  #dynamic(at: number, kind: number, wide: boolean): void {
    this.#edits.add(Edit.bulk, at, kind + (wide ? 8 : 0))
    this.#flow.has |= Has.dynamic | (wide ? Has.bulk64 : Has.bulk32)
  }

  /** An instruction behind 0xfc. */
  bulk(opcode: number, at: number): void {
    this.#flow.pay(bulk.cost[opcode] ?? 0)
    this.#operands.move(bulk.pops[opcode] ?? 0, bulk.pushes[opcode] ?? 0)
    const { memories, tables } = this.#shape
    switch (opcode) {
      case 8: // memory.init: its length is always of 32 bits
        this.#operands.leb()
        this.#operands.leb()
        this.#dynamic(at, Bulk.bytes, false)
        return
      case 10: {
        const to = this.#store(memories)
        const from = this.#store(memories)
        this.#dynamic(at, Bulk.bytes, to.wide && from.wide)
        return
      }
      case 11:
        this.#dynamic(at, Bulk.bytes, this.#store(memories).wide)
        return
      case 12: // table.init
        this.#operands.leb()
        this.#operands.leb()
        this.#dynamic(at, Bulk.elements, false)
        return
      case 14: {
        const to = this.#store(tables)
        const from = this.#store(tables)
        this.#dynamic(at, Bulk.elements, to.wide && from.wide)
        return
      }
      case 15:
        this.grow(Edit.growTable, at)
        return
      case 17:
        this.#dynamic(at, Bulk.elements, this.#store(tables).wide)
        return
      default:
        refuse(instructionName(0xfc, opcode), at)
    }
  }

  #store(stores: readonly Store[]): Store {
    return stores[this.#operands.u32()] ?? noStore
  }

  /** An instruction behind 0xfb. */
  gc(opcode: number, at: number): void {
    switch (opcode) {
      case 0: // struct.new
      case 1: {
        const type = typeAt(this.#shape, this.#operands.u32())
        this.#allocate(at, type.bytes)
        this.#operands.move(opcode === 0 ? type.params : 0, 1)
        return
      }
      case 6: // array.new
      case 7: // array.new_default
        this.#allocateArray(at, typeAt(this.#shape, this.#operands.u32()))
        this.#operands.move(opcode === 6 ? 2 : 1, 1)
        return
      case 8: {
        const type = typeAt(this.#shape, this.#operands.u32())
        const count = this.#operands.u32()
        this.#allocate(at, type.bytes * count)
        this.#operands.move(count, 1)
        return
      }
      case 9: // array.new_data
      case 10: // array.new_elem
        this.#allocateArray(at, typeAt(this.#shape, this.#operands.u32()))
        this.#operands.leb()
        this.#operands.move(2, 1)
        return
      case 16: // array.fill
        this.#operands.leb()
        this.#items(at, 4)
        return
      case 17: // array.copy
        this.#operands.leb()
        this.#operands.leb()
        this.#items(at, 5)
        return
      case 18: // array.init_data
      case 19: // array.init_elem
        this.#operands.leb()
        this.#operands.leb()
        this.#items(at, 4)
        return
      case 24: // br_on_cast
      case 25: {
        this.#operands.at++
        const label = this.#operands.u32()
        this.#operands.leb()
        this.#operands.leb()
        this.#flow.pay(gc.cost[opcode] ?? 0)
        this.#flow.branchMaybe(label, at, Branch.otherwise)
        return
      }
      default:
        refuse(instructionName(0xfb, opcode), at)
    }
  }

  #items(at: number, pops: number): void {
    this.#flow.pay(8)
    this.#dynamic(at, Bulk.items, false)
    this.#operands.move(pops, 0)
  }

  #allocate(at: number, content: number): void {
    const bytes = Math.min(16 + content, 0x7fff_ffff)
    this.#flow.pay(costs.allocate + Math.floor(bytes / costs.allocateBytes))
    this.#edits.add(Edit.allocate, at, bytes)
  }

  #allocateArray(at: number, type: Type): void {
    this.#flow.pay(costs.allocate)
    this.#edits.add(Edit.allocateArray, at, type.bytes)
    this.#dynamic(at, Bulk.items, false)
  }
}

const noStore: Store = { wide: false, min: 0, max: 0, typeStart: 0, typeEnd: 0 }
