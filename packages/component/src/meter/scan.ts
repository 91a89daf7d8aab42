/**
 * Reading the instructions of a function once: what each costs, and what else has to be written into it. Where blocks begin
 * is the matter of `flow.ts`, what follows an opcode and what is on the stack that of `operands.ts`.
 */
import type { Wire } from '../wire.ts'
import { Dynamic } from './dynamic.ts'
import { Edit, type Edits, unknown } from './edits.ts'
import { type Facts, Has } from './facts.ts'
import { dead, Flow, Frame } from './flow.ts'
import { readLocals } from './locals.ts'
import { Branch } from './loops.ts'
import { type ModuleShape, type Type, typeAt } from './module.ts'
import { refuse } from './refuse.ts'
import { instructionName } from './names.ts'
import { Operands } from './operands.ts'
import { bulk, costs, Float, Follows, gc, type Instructions, plain, simd } from './opcodes.ts'

/** Scans functions of one module, one after another. */
export class Scanner {
  readonly #shape: ModuleShape
  readonly #edits: Edits
  /** Whether exceptions can be thrown by functions of this module: then a call ends a block. */
  readonly #exceptions: boolean
  /** Instructions so far whose result may be a NaN of any bits. */
  openNans = 0
  /** Whether an instruction so far changes what a table holds. */
  writesTables = false
  /** Whether an instruction so far drops a segment. */
  dropsSegments = false
  /** Functions called directly, one number each, in order. */
  readonly callees: number[] = []
  /** Functions called in place of their caller. */
  readonly tailed: number[] = []

  readonly #operands: Operands
  readonly #flow: Flow
  readonly #dynamic: Dynamic

  // Of the function that is being scanned.
  #parameters = 0
  /** Slots in which a call passes and answers what does not fit into registers. */
  #passed = 0

  constructor(shape: ModuleShape, edits: Edits) {
    this.#shape = shape
    this.#edits = edits
    this.#operands = new Operands(shape.bytes, edits)
    this.#flow = new Flow(edits, this.#operands)
    this.#dynamic = new Dynamic(shape, edits, this.#operands, this.#flow)
    this.#exceptions = shape.tags.length > 0
  }

  /** Scans the body of one function; its edits are added to the list. */
  scan(index: number, wire: Wire): Facts {
    const type = typeAt(this.#shape, this.#shape.functions[index] ?? 0)
    const first = this.#edits.length
    const start = wire.at
    const end = wire.end
    const { locals, slots, groups } = readLocals(wire, type)
    const code = wire.at
    this.#parameters = type.params
    this.#passed = 0
    this.#operands.begin(code)
    this.#flow.begin(Math.floor((locals - type.params) / costs.locals), type.results)
    while (this.#operands.at < end && this.#flow.top >= 0) this.#instruction()
    if (this.#operands.at !== end || this.#flow.top >= 0)
      wire.malformed('the instructions of a function do not end with it')
    const { v128 } = Has
    const operands = (this.#operands.highest + this.#passed) * (this.#flow.has & v128 ? 2 : 1)
    const blocks = this.#blocks(first)
    return {
      start,
      groups,
      code,
      end,
      locals,
      slots: slots + operands,
      has: this.#flow.has,
      blocks,
    }
  }

  #blocks(first: number): number {
    let blocks = 0
    for (let i = first; i < this.#edits.length; i++) {
      if (this.#edits.kind(i) === Edit.charge && this.#edits.value(i) > 0) blocks++
    }
    return blocks
  }

  #instruction(): void {
    const at = this.#operands.at
    const opcode = this.#operands.bytes[this.#operands.at++] ?? 0
    const follows = plain.follows[opcode]
    if (follows !== Follows.special) {
      if (plain.known[opcode] !== 1) refuse(instructionName(0, opcode), at)
      if (opcode === 0x26) this.writesTables = true // table.set
      this.#simple(plain, opcode)
      return
    }
    if (opcode >= 0xfb) {
      this.#prefixed(opcode, at)
      return
    }
    if (opcode >= 0x10 && opcode <= 0x15) this.#call(opcode, at)
    else this.#control(opcode, at)
    this.#operands.straight = this.#edits.length
  }

  /** An instruction that needs no code of its own here. */
  #simple(instructions: Instructions, opcode: number): void {
    const follows = instructions.follows[opcode] ?? Follows.nothing
    if (follows === Follows.local) this.#local()
    else this.#operands.immediates(follows)
    this.#flow.pay(instructions.cost[opcode] ?? 0)
    const pops = instructions.pops[opcode] ?? 0
    const pushes = instructions.pushes[opcode] ?? 0
    const takes = instructions.takes[opcode] ?? 0
    if (takes !== Float.none) this.#operands.take(takes, pops)
    this.#operands.move(pops, pushes)
    const float = instructions.float[opcode] ?? 0
    if (float !== Float.none) {
      this.#flow.has |= float === Float.f32 ? Has.f32 : float === Float.f64 ? Has.f64 : Has.v128
      this.openNans++
      this.#operands.note(this.#edits.add(Edit.float, this.#operands.at, float))
    } else if (pushes === 1) this.#operands.note(-1)
  }

  /** One of the first two locals behind the parameters is noted: it may be somewhere else. */
  #local(): void {
    const at = this.#operands.at
    const which = this.#operands.u32() - this.#parameters
    if (which === 0 || which === 1) this.#edits.add(Edit.local, at, which, this.#operands.at - at)
  }

  #control(opcode: number, at: number): void {
    switch (opcode) {
      case 0x00: // unreachable
        this.#edits.add(Edit.stop, at, 0)
        this.#flow.record = dead
        return
      case 0x02: // block
        this.#open(0)
        return
      case 0x03: // loop
        this.#open(Frame.loop)
        this.#flow.loop(at)
        return
      case 0x04: // if
        this.#flow.pay(1)
        this.#operands.move(1, 0)
        this.#open(Frame.if)
        if (this.#flow.record !== dead) this.#flow.block()
        return
      case 0x05: // else
        this.#flow.arm(0)
        return
      case 0x06: // try
        this.#flow.has |= Has.handler
        this.#open(0)
        this.#flow.reaches(-1)
        return
      case 0x07: // catch
        this.#flow.caughtArm(typeAt(this.#shape, this.#shape.tags[this.#operands.u32()] ?? 0).params)
        return
      case 0x19: // catch_all
        this.#flow.caughtArm(0)
        return
      case 0x08: // throw
        this.#throw(at)
        return
      case 0x09: // rethrow
        this.#operands.leb()
        this.#throws(at, costs.throw)
        return
      case 0x0a: // throw_ref
        this.#throws(at, costs.throw)
        return
      case 0x0b: // end
        this.#flow.end()
        return
      case 0x18: // delegate
        this.#operands.leb()
        this.#flow.end()
        return
      case 0x0c: // br
        this.#flow.pay(1)
        this.#flow.branch(this.#operands.u32(), at, Branch.always)
        this.#flow.record = dead
        return
      case 0x0d: // br_if
        this.#flow.pay(1)
        this.#operands.move(1, 0)
        this.#flow.branchMaybe(this.#operands.u32(), at, Branch.maybe)
        return
      case 0x0e: // br_table
        this.#flow.pay(2)
        for (
          let count = this.#operands.u32();
          count >= 0 && this.#operands.at < this.#operands.bytes.length;
          count--
        ) {
          this.#flow.label(this.#operands.u32())
        }
        this.#flow.labelled(at)
        return
      case 0x0f: // return
        this.#flow.pay(1)
        this.#edits.add(Edit.leave, at, 0)
        this.#flow.joins(0)
        this.#flow.record = dead
        return
      case 0x1c: // select t
        this.#flow.pay(1)
        for (
          let count = this.#operands.u32();
          count > 0 && this.#operands.at < this.#operands.bytes.length;
          count--
        )
          this.#operands.valueType()
        this.#operands.move(3, 1)
        return
      case 0x1f: // try_table
        this.#tryTable()
        return
      case 0x23: // global.get
      case 0x24: // global.set
        this.#global(opcode)
        return
      case 0x40: // memory.grow
        this.#flow.pay(costs.memoryGrow)
        this.#dynamic.grow(Edit.growMemory, at)
        return
      case 0xd5: // br_on_null
        this.#flow.pay(1)
        this.#flow.branchMaybe(this.#operands.u32(), at, Branch.otherwise)
        return
      case 0xd6: // br_on_non_null
        this.#flow.pay(1)
        this.#flow.branchMaybe(this.#operands.u32(), at, Branch.otherwise)
        this.#operands.move(1, 0)
        return
      default:
        refuse(instructionName(0, opcode), at)
    }
  }

  #open(flags: number): void {
    const first = this.#operands.bytes[this.#operands.at] ?? 0
    if (first >= 0x40 && first < 0x80) {
      this.#operands.valueType()
      this.#flow.push(flags, 0, first === 0x40 ? 0 : 1)
      return
    }
    const type = typeAt(this.#shape, this.#operands.u32())
    this.#flow.push(flags, type.params, type.results)
  }

  #throws(at: number, cost: number): void {
    this.#flow.pay(cost)
    this.#edits.add(Edit.stop, at, 0)
    this.#flow.reaches(-1)
    this.#flow.record = dead
  }

  #throw(at: number): void {
    const type = typeAt(this.#shape, this.#shape.tags[this.#operands.u32()] ?? 0)
    // An exception that can hold others, or much, can be kept: what the engine's heap holds has a bound.
    if (type.references || type.params > 4) this.#edits.add(Edit.allocate, at, 64 + 32 * type.params)
    this.#throws(at, costs.throw + type.params)
  }

  #tryTable(): void {
    this.#flow.has |= Has.handler | Has.tryTable
    const at = this.#operands.at
    // The labels of handlers are those around the construct, and stand behind its type.
    this.#open(0)
    const inside = this.#flow.top
    this.#flow.top--
    for (
      let count = this.#operands.u32();
      count > 0 && this.#operands.at < this.#operands.bytes.length;
      count--
    ) {
      const kind = this.#operands.bytes[this.#operands.at++] ?? 0
      if (kind > 3) refuse(`a handler of the unknown kind ${kind}`, at)
      if (kind < 2) this.#operands.leb()
      this.#flow.handles(this.#operands.u32())
    }
    this.#flow.top = inside
    this.#flow.reaches(-1)
  }

  #global(opcode: number): void {
    this.#flow.pay(1)
    if (opcode === 0x23) this.#operands.move(0, 1)
    else this.#operands.move(1, 0)
    const at = this.#operands.at
    const index = this.#operands.u32()
    if (index >= this.#shape.importedGlobals) this.#edits.add(Edit.global, at, index, this.#operands.at - at)
  }

  #call(opcode: number, at: number): void {
    let type: Type
    let callee = unknown
    const tail = opcode === 0x12 || opcode === 0x13 || opcode === 0x15
    this.#flow.has |= Has.call
    if (opcode === 0x10 || opcode === 0x12) {
      callee = this.#operands.u32()
      type = typeAt(this.#shape, this.#shape.functions[callee] ?? 0)
      if (callee < this.#shape.importedFunctions) this.#flow.has |= Has.unknownCall
      else this.callees.push(callee)
    } else {
      this.#flow.has |= Has.unknownCall
      type = typeAt(this.#shape, this.#operands.u32())
      if (opcode === 0x11 || opcode === 0x13) this.#operands.leb()
      this.#flow.pay(costs.indirect)
      this.#operands.move(1, 0)
    }
    this.#flow.pay(costs.call + Math.floor((type.params + type.results) / costs.callValues))
    this.#passed = Math.max(this.#passed, type.params + type.results - inRegisters)
    this.#operands.move(type.params, type.results)
    if (tail) {
      this.#flow.has |= Has.tailCall
      if (callee !== unknown) this.tailed.push(callee)
      this.#edits.add(Edit.tail, at, 0)
      this.#flow.joins(0)
      this.#flow.record = dead
      return
    }
    this.#edits.add(Edit.before, at, callee)
    this.#edits.add(Edit.after, this.#operands.at, callee)
    if (this.#exceptions) {
      this.#flow.reaches(-1)
      if (this.#flow.record !== dead) this.#flow.block()
    }
  }

  /** What an instruction behind 0xfc does to state that is in no memory and no global. */
  #note(opcode: number): void {
    if (opcode === 9 || opcode === 13) this.dropsSegments = true
    else if (opcode === 12 || opcode === 14 || opcode === 15 || opcode === 17) this.writesTables = true
  }

  #prefixed(prefix: number, at: number): void {
    const opcode = this.#operands.u32()
    const instructions = prefix === 0xfb ? gc : prefix === 0xfc ? bulk : simd
    if (prefix > 0xfd || instructions.known[opcode] !== 1) refuse(instructionName(prefix, opcode), at)
    if (prefix === 0xfd) this.#flow.has |= Has.v128
    if (prefix === 0xfc) this.#note(opcode)
    if (instructions.follows[opcode] !== Follows.special) {
      this.#simple(instructions, opcode)
      return
    }
    if (prefix === 0xfc) this.#dynamic.bulk(opcode, at)
    else this.#dynamic.gc(opcode, at)
    this.#operands.straight = this.#edits.length
  }
}

/** So many of a call's values are in registers on every machine. */
const inRegisters = 4
