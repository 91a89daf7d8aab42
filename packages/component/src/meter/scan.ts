/**
 * Reading the instructions of a function once: where its blocks begin, what each costs, and what else has to be
 * written into it.
 *
 * A block's cost is charged where control enters it. What follows a nested construct that control can leave only by its
 * end runs exactly as often as what stands before it, so it belongs to the same block. Control leaves a
 * construct otherwise by a branch to something outside of it, or by an exception; a trap does not count, since nothing
 * runs after it.
 */
import type { Wire } from '../wire.ts'
import { Bulk, Edit, type Edits, helper, unknown } from './edits.ts'
import { type Facts, Has } from './facts.ts'
import type { ModuleShape, Store, Type } from './module.ts'
import { refuse } from './refuse.ts'
import { instructionName } from './names.ts'
import { bulk, costs, Float, Follows, gc, type Instructions, plain, simd } from './opcodes.ts'

/** Bits of `Scanner.#flags`, one number for each construct that is open. */
const Frame = {
  loop: 1,
  /** It is an `if` that has had no `else`. */
  if: 2,
  /** Something branches to its end, or an earlier arm reached it. */
  joined: 4,
  /** An exception is caught at its end. */
  caught: 8,
} as const

/** No block: what stands here is never reached. */
const dead = -1

/** Scans functions of one module, one after another. */
export class Scanner {
  readonly #shape: ModuleShape
  readonly #edits: Edits
  readonly #bytes: Uint8Array
  /** Whether exceptions can be thrown by functions of this module: then a call ends a block. */
  readonly #exceptions: boolean
  /** Instructions so far whose result may be a NaN of any bits. */
  openNans = 0
  /** Functions called directly, one number each, in order. */
  readonly callees: number[] = []
  /** Functions called in place of their caller. */
  readonly tailed: number[] = []

  // Of the function that is being scanned.
  #at = 0
  #has = 0
  #parameters = 0
  #height = 0
  #highest = 0
  /** Slots in which a call passes and answers what does not fit into registers. */
  #passed = 0
  #record = dead
  #top = 0
  /** By operand: the edit that makes it canonical. It holds if it is not before `#straight`: no branch, no call since. */
  #floats = new Int32Array(64)
  #straight = 0
  // Of the constructs that are open, the function itself first. Arrays and not recursion: nesting is guest-controlled.
  readonly #flags: number[] = []
  readonly #base: number[] = []
  readonly #params: number[] = []
  readonly #results: number[] = []
  readonly #entry: number[] = []
  /** The outermost construct that something inside branches to; -1 once an exception may leave. */
  readonly #reach: number[] = []

  constructor(shape: ModuleShape, edits: Edits) {
    this.#shape = shape
    this.#edits = edits
    this.#bytes = shape.bytes
    this.#exceptions = shape.tags.length > 0
  }

  /** Scans the body of one function; its edits are added to the list. */
  scan(index: number, wire: Wire): Facts {
    const type = this.#type(this.#shape.functions[index] ?? 0)
    const first = this.#edits.length
    const start = wire.at
    const end = wire.end
    const { locals, slots, groups } = readLocals(wire, type)
    const code = wire.at
    this.#at = code
    this.#has = 0
    this.#parameters = type.params
    this.#height = 0
    this.#highest = 0
    this.#passed = 0
    this.#top = -1
    this.#record = this.#edits.add(Edit.charge, code, Math.floor((locals - type.params) / costs.locals))
    this.#push(0, 0, type.results)
    while (this.#at < end && this.#top >= 0) this.#instruction()
    if (this.#at !== end || this.#top >= 0)
      wire.malformed('the instructions of a function do not end with it')
    const { v128 } = Has
    const operands = (this.#highest + this.#passed) * (this.#has & v128 ? 2 : 1)
    const blocks = this.#blocks(first)
    return { start, groups, code, end, locals, slots: slots + operands, has: this.#has, blocks }
  }

  #blocks(first: number): number {
    let blocks = 0
    for (let i = first; i < this.#edits.length; i++) {
      if (this.#edits.kind(i) === Edit.charge && this.#edits.value(i) > 0) blocks++
    }
    return blocks
  }

  #type(index: number): Type {
    return this.#shape.types[index] ?? noType
  }

  #instruction(): void {
    const at = this.#at
    const opcode = this.#bytes[this.#at++] ?? 0
    const follows = plain.follows[opcode]
    if (follows !== Follows.special) {
      if (plain.known[opcode] !== 1) refuse(instructionName(0, opcode), at)
      this.#simple(plain, opcode)
      return
    }
    if (opcode >= 0xfb) {
      this.#prefixed(opcode, at)
      return
    }
    if (opcode >= 0x10 && opcode <= 0x15) this.#call(opcode, at)
    else this.#control(opcode, at)
    this.#straight = this.#edits.length
  }

  /** An instruction that needs no code of its own here. */
  #simple(instructions: Instructions, opcode: number): void {
    switch (instructions.follows[opcode] ?? Follows.nothing) {
      case Follows.nothing:
        break
      case Follows.local:
        this.#local()
        break
      case Follows.index:
      case Follows.signed:
      case Follows.heapType:
        this.#leb()
        break
      case Follows.memory:
        this.#memory()
        break
      case Follows.twoIndices:
        this.#leb()
        this.#leb()
        break
      case Follows.fourBytes:
        this.#at += 4
        break
      case Follows.eightBytes:
        this.#at += 8
        break
      case Follows.sixteenBytes:
        this.#at += 16
        break
      case Follows.oneByte:
        this.#at += 1
        break
      case Follows.memoryAndLane:
        this.#memory()
        this.#at += 1
        break
      default:
    }
    this.#pay(instructions.cost[opcode] ?? 0)
    const pops = instructions.pops[opcode] ?? 0
    const pushes = instructions.pushes[opcode] ?? 0
    const takes = instructions.takes[opcode] ?? 0
    if (takes !== Float.none) this.#take(takes, pops)
    this.#move(pops, pushes)
    const float = instructions.float[opcode] ?? 0
    if (float !== Float.none) {
      this.#has |= float === Float.f32 ? Has.f32 : float === Float.f64 ? Has.f64 : Has.v128
      this.openNans++
      this.#note(this.#edits.add(Edit.float, this.#at, float))
    } else if (pushes === 1) this.#note(-1)
  }

  /** Remembers by which edit the value on top was made canonical; -1: by none. */
  #note(edit: number): void {
    const slot = this.#height - 1
    if (slot < 0) return
    if (slot >= this.#floats.length) {
      const grown = new Int32Array(slot * 2 + 16)
      grown.set(this.#floats)
      this.#floats = grown
    }
    this.#floats[slot] = edit
  }

  /** Operands of this type are taken by what does not tell one NaN from another: they need not be made canonical. */
  #take(float: number, pops: number): void {
    for (let slot = this.#height - pops; slot < this.#height; slot++) {
      const edit = this.#floats[slot] ?? -1
      if (edit >= this.#straight && this.#edits.value(edit) === float) this.#edits.cancel(edit)
    }
  }

  #local(): void {
    const at = this.#at
    const which = this.#u32() - this.#parameters
    if (which === 0 || which === 1) this.#edits.add(Edit.local, at, which, this.#at - at)
  }

  #leb(): void {
    const bytes = this.#bytes
    while ((bytes[this.#at++] ?? 0) >= 0x80);
  }

  #u32(): number {
    const bytes = this.#bytes
    const first = bytes[this.#at++] ?? 0
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let factor = 0x80; ; factor *= 0x80) {
      const byte = bytes[this.#at++] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  #memory(): void {
    const align = this.#u32()
    if (align & 0x40) this.#leb()
    this.#leb()
  }

  #pay(cost: number): void {
    if (this.#record !== dead) this.#edits.charge(this.#record, cost)
  }

  #move(pops: number, pushes: number): void {
    this.#height += pushes - pops
    if (this.#height > this.#highest) this.#highest = this.#height
  }

  #push(flags: number, params: number, results: number): void {
    const top = ++this.#top
    this.#flags[top] = flags
    this.#base[top] = this.#height - params
    this.#params[top] = params
    this.#results[top] = results
    this.#entry[top] = this.#record
    this.#reach[top] = top
  }

  /** A new block begins here. */
  #block(): void {
    this.#record = this.#edits.add(Edit.charge, this.#at, 0)
  }

  /** Control may leave the innermost construct for another, or (-1) by an exception. */
  #reaches(target: number): void {
    if (target < (this.#reach[this.#top] ?? 0)) this.#reach[this.#top] = target
  }

  #branch(label: number): void {
    const target = Math.max(this.#top - label, 0)
    this.#joins(target)
    if (target === 0) this.#has |= Has.leave
  }

  #joins(target: number): void {
    this.#reaches(target)
    this.#flags[target] = (this.#flags[target] ?? 0) | Frame.joined
  }

  /** A handler branches to this construct, which is outside of what it handles. */
  #handles(label: number): void {
    const target = Math.max(this.#top - label, 0)
    this.#branch(label)
    this.#flags[target] = (this.#flags[target] ?? 0) | Frame.caught
  }

  #control(opcode: number, at: number): void {
    switch (opcode) {
      case 0x00: // unreachable
        this.#edits.add(Edit.stop, at, 0)
        this.#record = dead
        return
      case 0x02: // block
        this.#open(0)
        return
      case 0x03: // loop
        this.#has |= Has.loop
        this.#open(Frame.loop)
        if (this.#record !== dead) this.#record = this.#edits.add(Edit.loop, this.#at, 0)
        return
      case 0x04: // if
        this.#pay(1)
        this.#move(1, 0)
        this.#open(Frame.if)
        if (this.#record !== dead) this.#block()
        return
      case 0x05: // else
        this.#arm(0)
        return
      case 0x06: // try
        this.#has |= Has.handler
        this.#open(0)
        this.#reaches(-1)
        return
      case 0x07: // catch
        this.#caughtArm(this.#type(this.#shape.tags[this.#u32()] ?? 0).params)
        return
      case 0x19: // catch_all
        this.#caughtArm(0)
        return
      case 0x08: // throw
        this.#throw(at)
        return
      case 0x09: // rethrow
        this.#leb()
        this.#throws(at, costs.throw)
        return
      case 0x0a: // throw_ref
        this.#throws(at, costs.throw)
        return
      case 0x0b: // end
        this.#end()
        return
      case 0x18: // delegate
        this.#leb()
        this.#end()
        return
      case 0x0c: // br
        this.#pay(1)
        this.#branch(this.#u32())
        this.#record = dead
        return
      case 0x0d: // br_if
        this.#pay(1)
        this.#move(1, 0)
        this.#branchMaybe(this.#u32())
        return
      case 0x0e: // br_table
        this.#pay(2)
        for (let count = this.#u32(); count >= 0 && this.#at < this.#bytes.length; count--) {
          this.#branch(this.#u32())
        }
        this.#record = dead
        return
      case 0x0f: // return
        this.#pay(1)
        this.#edits.add(Edit.leave, at, 0)
        this.#joins(0)
        this.#record = dead
        return
      case 0x1c: // select t
        this.#pay(1)
        for (let count = this.#u32(); count > 0 && this.#at < this.#bytes.length; count--) this.#valueType()
        this.#move(3, 1)
        return
      case 0x1f: // try_table
        this.#tryTable()
        return
      case 0x23: // global.get
      case 0x24: // global.set
        this.#global(opcode)
        return
      case 0x40: // memory.grow
        this.#pay(costs.memoryGrow)
        this.#grow(Edit.growMemory, at)
        return
      case 0xd5: // br_on_null
        this.#pay(1)
        this.#branchMaybe(this.#u32())
        return
      case 0xd6: // br_on_non_null
        this.#pay(1)
        this.#branchMaybe(this.#u32())
        this.#move(1, 0)
        return
      default:
        refuse(instructionName(0, opcode), at)
    }
  }

  #valueType(): void {
    const code = this.#bytes[this.#at++] ?? 0
    if (code === 0x63 || code === 0x64) this.#leb()
  }

  #open(flags: number): void {
    const first = this.#bytes[this.#at] ?? 0
    if (first >= 0x40 && first < 0x80) {
      this.#valueType()
      this.#push(flags, 0, first === 0x40 ? 0 : 1)
      return
    }
    const type = this.#type(this.#u32())
    this.#push(flags, type.params, type.results)
  }

  /** Another arm of the innermost construct begins. */
  #arm(pushed: number): void {
    const top = this.#top
    let flags = (this.#flags[top] ?? 0) & ~Frame.if
    if (this.#record !== dead) flags |= Frame.joined
    this.#flags[top] = flags
    this.#height = (this.#base[top] ?? 0) + pushed
    if (pushed === 0) this.#height += this.#params[top] ?? 0
    if ((this.#entry[top] ?? dead) === dead) this.#record = dead
    else this.#block()
  }

  #caughtArm(pushed: number): void {
    const top = this.#top
    const params = this.#params[top] ?? 0
    this.#edits.add(Edit.caught, this.#at, 0)
    this.#arm(pushed)
    // `#arm` gives an arm without operands of its own those of the construct; a handler has none of them.
    if (pushed === 0) this.#height -= params
  }

  #end(): void {
    const top = this.#top
    const flags = this.#flags[top] ?? 0
    const entry = this.#entry[top] ?? dead
    const reach = this.#reach[top] ?? top
    const loop = (flags & Frame.loop) !== 0
    const joined = !loop && (flags & (Frame.joined | Frame.if)) !== 0
    if (flags & Frame.caught && !loop) this.#edits.add(Edit.caught, this.#at, 0)
    const reachable = entry !== dead && (joined || this.#record !== dead)
    this.#height = (this.#base[top] ?? 0) + (this.#results[top] ?? 0)
    if (this.#height > this.#highest) this.#highest = this.#height
    this.#top--
    if (!reachable) this.#record = dead
    else if (reach >= top) this.#record = entry
    else if (joined && top > 0) this.#block()
    if (top > 0) this.#reaches(reach)
  }

  #branchMaybe(label: number): void {
    this.#branch(label)
    if (this.#record !== dead) this.#block()
  }

  #throws(at: number, cost: number): void {
    this.#pay(cost)
    this.#edits.add(Edit.stop, at, 0)
    this.#reaches(-1)
    this.#record = dead
  }

  #throw(at: number): void {
    const type = this.#type(this.#shape.tags[this.#u32()] ?? 0)
    // An exception that can hold others, or much, can be kept: what the engine's heap holds has a bound.
    if (type.references || type.params > 4) this.#edits.add(Edit.allocate, at, 64 + 32 * type.params)
    this.#throws(at, costs.throw + type.params)
  }

  #tryTable(): void {
    this.#has |= Has.handler | Has.tryTable
    const at = this.#at
    // The labels of handlers are those around the construct, and stand behind its type.
    this.#open(0)
    const inside = this.#top
    this.#top--
    for (let count = this.#u32(); count > 0 && this.#at < this.#bytes.length; count--) {
      const kind = this.#bytes[this.#at++] ?? 0
      if (kind > 3) refuse(`a handler of the unknown kind ${kind}`, at)
      if (kind < 2) this.#leb()
      this.#handles(this.#u32())
    }
    this.#top = inside
    this.#reaches(-1)
  }

  #global(opcode: number): void {
    this.#pay(1)
    if (opcode === 0x23) this.#move(0, 1)
    else this.#move(1, 0)
    const at = this.#at
    const index = this.#u32()
    if (index >= this.#shape.importedGlobals) this.#edits.add(Edit.global, at, index, this.#at - at)
  }

  #grow(kind: number, at: number): void {
    const index = this.#u32()
    this.#edits.add(Edit.before, at, helper)
    this.#edits.add(kind, at, index, this.#at - at)
    this.#edits.add(Edit.after, this.#at, helper)
    this.#has |= Has.dynamic
  }

  #call(opcode: number, at: number): void {
    let type: Type
    let callee = unknown
    const tail = opcode === 0x12 || opcode === 0x13 || opcode === 0x15
    this.#has |= Has.call
    if (opcode === 0x10 || opcode === 0x12) {
      callee = this.#u32()
      type = this.#type(this.#shape.functions[callee] ?? 0)
      if (callee < this.#shape.importedFunctions) this.#has |= Has.unknownCall
      else this.callees.push(callee)
    } else {
      this.#has |= Has.unknownCall
      type = this.#type(this.#u32())
      if (opcode === 0x11 || opcode === 0x13) this.#leb()
      this.#pay(costs.indirect)
      this.#move(1, 0)
    }
    this.#pay(costs.call + Math.floor((type.params + type.results) / costs.callValues))
    this.#passed = Math.max(this.#passed, type.params + type.results - inRegisters)
    this.#move(type.params, type.results)
    if (tail) {
      this.#has |= Has.tailCall
      if (callee !== unknown) this.tailed.push(callee)
      this.#edits.add(Edit.tail, at, 0)
      this.#joins(0)
      this.#record = dead
      return
    }
    this.#edits.add(Edit.before, at, callee)
    this.#edits.add(Edit.after, this.#at, callee)
    if (this.#exceptions) {
      this.#reaches(-1)
      if (this.#record !== dead) this.#block()
    }
  }

  #prefixed(prefix: number, at: number): void {
    const opcode = this.#u32()
    const instructions = prefix === 0xfb ? gc : prefix === 0xfc ? bulk : simd
    if (prefix > 0xfd || instructions.known[opcode] !== 1) refuse(instructionName(prefix, opcode), at)
    if (prefix === 0xfd) this.#has |= Has.v128
    if (instructions.follows[opcode] !== Follows.special) {
      this.#simple(instructions, opcode)
      return
    }
    if (prefix === 0xfc) this.#bulk(opcode, at)
    else this.#gc(opcode, at)
    this.#straight = this.#edits.length
  }

  /** An instruction whose cost depends on the operand on top. */
  #dynamic(at: number, kind: number, wide: boolean): void {
    this.#edits.add(Edit.bulk, at, kind + (wide ? 8 : 0))
    this.#has |= Has.dynamic | (wide ? Has.bulk64 : Has.bulk32)
  }

  #bulk(opcode: number, at: number): void {
    this.#pay(bulk.cost[opcode] ?? 0)
    this.#move(bulk.pops[opcode] ?? 0, bulk.pushes[opcode] ?? 0)
    const { memories, tables } = this.#shape
    switch (opcode) {
      case 8: // memory.init: its length is always of 32 bits
        this.#leb()
        this.#leb()
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
        this.#leb()
        this.#leb()
        this.#dynamic(at, Bulk.elements, false)
        return
      case 14: {
        const to = this.#store(tables)
        const from = this.#store(tables)
        this.#dynamic(at, Bulk.elements, to.wide && from.wide)
        return
      }
      case 15:
        this.#grow(Edit.growTable, at)
        return
      case 17:
        this.#dynamic(at, Bulk.elements, this.#store(tables).wide)
        return
      default:
        refuse(instructionName(0xfc, opcode), at)
    }
  }

  #store(stores: readonly Store[]): Store {
    return stores[this.#u32()] ?? noStore
  }

  #gc(opcode: number, at: number): void {
    switch (opcode) {
      case 0: // struct.new
      case 1: {
        const type = this.#type(this.#u32())
        this.#allocate(at, type.bytes)
        this.#move(opcode === 0 ? type.params : 0, 1)
        return
      }
      case 6: // array.new
      case 7: // array.new_default
        this.#allocateArray(at, this.#type(this.#u32()))
        this.#move(opcode === 6 ? 2 : 1, 1)
        return
      case 8: {
        const type = this.#type(this.#u32())
        const count = this.#u32()
        this.#allocate(at, type.bytes * count)
        this.#move(count, 1)
        return
      }
      case 9: // array.new_data
      case 10: // array.new_elem
        this.#allocateArray(at, this.#type(this.#u32()))
        this.#leb()
        this.#move(2, 1)
        return
      case 16: // array.fill
        this.#leb()
        this.#items(at, 4)
        return
      case 17: // array.copy
        this.#leb()
        this.#leb()
        this.#items(at, 5)
        return
      case 18: // array.init_data
      case 19: // array.init_elem
        this.#leb()
        this.#leb()
        this.#items(at, 4)
        return
      case 24: // br_on_cast
      case 25: {
        this.#at++
        const label = this.#u32()
        this.#leb()
        this.#leb()
        this.#pay(gc.cost[opcode] ?? 0)
        this.#branchMaybe(label)
        return
      }
      default:
        refuse(instructionName(0xfb, opcode), at)
    }
  }

  #items(at: number, pops: number): void {
    this.#pay(8)
    this.#dynamic(at, Bulk.items, false)
    this.#move(pops, 0)
  }

  #allocate(at: number, content: number): void {
    const bytes = Math.min(16 + content, 0x7fff_ffff)
    this.#pay(costs.allocate + Math.floor(bytes / costs.allocateBytes))
    this.#edits.add(Edit.allocate, at, bytes)
  }

  #allocateArray(at: number, type: Type): void {
    this.#pay(costs.allocate)
    this.#edits.add(Edit.allocateArray, at, type.bytes)
    this.#dynamic(at, Bulk.items, false)
  }
}

/** So many of a call's values are in registers on every machine. */
const inRegisters = 4

const noType: Type = {
  kind: 'function',
  params: 0,
  results: 0,
  references: false,
  paramsStart: 0,
  paramsEnd: 0,
  resultsStart: 0,
  resultsEnd: 0,
  bytes: 0,
}

const noStore: Store = { wide: false, min: 0, max: 0, typeStart: 0, typeEnd: 0 }

/** The most locals that an engine takes. */
const mostLocals = 50_000

function readLocals(wire: Wire, type: Type): { locals: number; slots: number; groups: number } {
  let locals = type.params
  let slots = type.params
  let groups = 0
  wire.each(() => {
    const count = wire.u32()
    locals += count
    if (locals > mostLocals) refuse(`more than ${mostLocals} locals in a function`, wire.at)
    const code = wire.byte()
    if (code === 0x63 || code === 0x64) wire.s33()
    slots += code === 0x7b ? 2 * count : count
    groups++
  })
  return { locals, slots, groups }
}
