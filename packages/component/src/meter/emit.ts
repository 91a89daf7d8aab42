/** Writing one function anew, with what was found out about it. */
import { Bulk, Edit, type Edits, unknown } from './edits.ts'
import type { Depth } from './depth.ts'
import { type Facts, Has } from './facts.ts'
import { get, globalGet, globalSet, type Helpers, int32, int64, set, tee, why } from './helpers.ts'
import { meterGlobals } from './helpers.ts'
import { Given } from './inner.ts'
import { writeLocals } from './locals.ts'
import { writeBackIf, writeBackTable } from './loops.ts'
import { refuse } from './refuse.ts'
import { Hints } from './hints.ts'
import { canonical, Temporaries } from './nan.ts'
import { costs } from './opcodes.ts'
import type { Writer } from './writer.ts'

/** The most bytes that V8 takes of one function. */
const mostBytes = 7_654_321

/** Writes the functions of one module. */
export class Emitter {
  readonly #helpers: Helpers
  readonly #facts: readonly Facts[]
  readonly #depths: readonly Depth[]
  readonly #given: Uint8Array
  readonly #edits: Edits
  readonly #writer: Writer
  readonly #nan: boolean
  readonly #source: Uint8Array

  /** For the engine, so that it puts what ends the guest out of the way. */
  readonly hints = new Hints()
  /** The types of the functions, by the order of their bodies. */
  readonly types: number[] = []

  // Of the function that is being written.
  /** The local that holds the fuel; -1 where the global does. */
  #fuel = -1
  /** The local that holds what is left of the depth; -1 where it is not counted. */
  #depth = -1
  /** What it is given, one of `Given`. */
  #own = 0
  /** Where its own locals went whose place that has taken. */
  #moved = -1
  #weight = 0
  /** Where the function begins, and where in it a branch is that is never taken but once. */
  #start = 0
  #hints: number[] = []
  #wrapped = false
  #short = -1
  #long = -1
  #temporaries = new Temporaries()

  constructor(
    helpers: Helpers,
    facts: readonly Facts[],
    depths: readonly Depth[],
    given: Uint8Array,
    edits: Edits,
    writer: Writer,
    nan: boolean,
  ) {
    this.#given = given
    this.#facts = facts
    this.#depths = depths
    this.#helpers = helpers
    this.#edits = edits
    this.#writer = writer
    this.#nan = nan
    this.#source = helpers.shape.bytes
  }

  /** Writes a function; its edits are those from `first` up to `last`. */
  emit(index: number, first: number, last: number): void {
    const facts = this.#facts[index]
    const depth = this.#depths[index]
    if (facts === undefined || depth === undefined) return
    const { shape } = this.#helpers
    const type = shape.functions[shape.importedFunctions + index] ?? 0
    const writer = this.#writer
    const { has } = facts
    const size = writer.reserve()
    const hints: number[] = []
    this.#hints = hints
    this.#start = writer.length
    this.#own = this.#given[index] ?? Given.none
    this.types.push(this.#own === Given.none ? type : this.#helpers.given(type, this.#own))
    const locals = writeLocals(writer, this.#source, {
      facts,
      params: shape.types[type]?.params ?? 0,
      given: this.#own,
      counts: depth.weight > 0,
      canonical: this.#nan,
    })
    this.#fuel = locals.fuel
    this.#depth = locals.depth
    this.#weight = depth.weight
    this.#moved = locals.moved
    this.#short = locals.short
    this.#long = locals.long
    this.#temporaries = locals.temporaries
    this.#wrapped = (has & Has.leave) !== 0 && this.#fuel >= 0
    this.#enter(depth, this.#edits.value(first))
    if (this.#wrapped) {
      writer.byte(0x02)
      this.#helpers.blockType(writer, type)
    }
    const end = facts.end - 1
    let from = facts.code
    for (let i = first + 1; i < last; i++) {
      const at = this.#edits.at(i)
      if (at > end) break
      if (this.#idle(i)) continue
      writer.copy(this.#source, from, at)
      from = at + this.#edits.skip(i)
      i = this.#edit(i, last)
    }
    writer.copy(this.#source, from, end)
    if (this.#wrapped) writer.byte(0x0b)
    this.#answer()
    writer.byte(0x0b)
    if (hints.length > 0) this.hints.add(shape.importedFunctions + index, hints)
    if (writer.fill(size) > mostBytes) {
      refuse(`a function that is longer than ${mostBytes} bytes once it is metered`, facts.start)
    }
  }

  #enter({ weight, reserve }: Depth, cost: number): void {
    const writer = this.#writer
    const helpers = this.#helpers
    if (this.#own === Given.none && this.#fuel >= 0) {
      globalGet(writer, helpers.fuel)
      set(writer, this.#fuel)
    }
    this.#take(cost)
    if (this.#depth < 0) return
    if (this.#own === Given.none) globalGet(writer, helpers.depth)
    else get(writer, this.#depth)
    int32(writer, weight)
    writer.byte(0x6b)
    tee(writer, this.#depth)
    int32(writer, reserve)
    writer.byte(0x48) // i32.lt_s
    this.#unlikely()
    this.#giveBack()
    helpers.trip(writer, why.depth)
    writer.byte(0x0b)
  }

  /** Writes the fuel back where everybody finds it. */
  readonly #giveBack = (): void => {
    if (this.#fuel < 0) return
    get(this.#writer, this.#fuel)
    globalSet(this.#writer, this.#helpers.fuel)
  }

  /** Leaves the fuel to whoever called. */
  #answer(): void {
    if (this.#own === Given.none) this.#giveBack()
    else get(this.#writer, this.#fuel)
  }

  /** What a callee is given, one of `Given`. */
  #gives(index: number): number {
    return this.#given[this.#edits.value(index) - this.#helpers.shape.importedFunctions] ?? Given.none
  }

  /** Whether an edit comes to nothing in this function. */
  #idle(index: number): boolean {
    switch (this.#edits.kind(index)) {
      case Edit.charge:
        return this.#edits.value(index) === 0
      case Edit.before:
        return this.#fuel < 0 && !this.#deepens(index) && this.#gives(index) === Given.none
      case Edit.tail:
        return this.#fuel < 0 && this.#depth < 0
      case Edit.after:
        return this.#fuel < 0 && this.#gives(index) === Given.none
      case Edit.caught:
      case Edit.stop:
      case Edit.leave:
        return this.#fuel < 0
      case Edit.local:
        return this.#edits.value(index) >= this.#own
      case Edit.float:
        return !this.#nan
      case Edit.none:
      case Edit.label:
        return true
      default:
        return false
    }
  }

  /** Writes an edit; answers the index of the last that it took in. */
  #edit(index: number, last: number): number {
    const writer = this.#writer
    const helpers = this.#helpers
    const value = this.#edits.value(index)
    switch (this.#edits.kind(index)) {
      case Edit.charge:
        this.#charge(value)
        return index
      case Edit.loop:
      case Edit.back:
        this.#take(value)
        return index
      case Edit.backIf:
        writeBackIf(writer, helpers, this.#edits.at(index), () => this.#take(value))
        return index
      case Edit.backTable:
        writeBackTable(writer, helpers, this.#edits, index, () => this.#take(value))
        return index
      case Edit.global:
        writer.u32(value + meterGlobals.length)
        return index
      case Edit.before:
        this.#before(index)
        return index
      case Edit.stop:
        this.#giveBack()
        return index
      case Edit.after:
        return this.#after(index, last)
      case Edit.leave:
        this.#answer()
        return index
      case Edit.local:
        writer.u32(this.#moved + value)
        return index
      case Edit.tail:
        this.#giveBack()
        if (this.#depth >= 0) this.#leave(this.#weight)
        return index
      case Edit.bulk:
        this.#bulk(value)
        return index
      case Edit.growMemory:
        writer.byte(0x10)
        writer.u32(helpers.growMemory(value))
        return index
      case Edit.growTable:
        writer.byte(0x10)
        writer.u32(helpers.growTable(value))
        return index
      case Edit.float:
        canonical(writer, value, this.#temporaries)
        return index
      case Edit.caught:
        this.#restore()
        return index
      case Edit.allocate:
        int64(writer, value)
        writer.byte(0x10)
        writer.u32(helpers.allocate())
        return index
      case Edit.allocateArray:
        tee(writer, this.#short)
        get(writer, this.#short)
        writer.byte(0xad)
        int64(writer, value)
        writer.byte(0x7e)
        int64(writer, 16)
        writer.byte(0x7c)
        writer.byte(0x10)
        writer.u32(helpers.allocate())
        return index
      default:
        return index
    }
  }

  #before(index: number): void {
    const gives = this.#gives(index)
    if (gives === Given.none) {
      this.#giveBack()
      if (this.#deepens(index)) this.#leave(0)
      return
    }
    this.#readFuel()
    if (gives === Given.fuelAndDepth) get(this.#writer, this.#depth)
  }

  /** Whether a call may be one of a function that counts. */
  #deepens(index: number): boolean {
    if (this.#depth < 0) return false
    const callee = this.#edits.value(index)
    if (callee < 0) return callee === unknown
    const { importedFunctions } = this.#helpers.shape
    return callee < importedFunctions || (this.#depths[callee - importedFunctions]?.weight ?? 0) > 0
  }

  /** Leaves the depth for whoever is called. */
  #leave(more: number): void {
    get(this.#writer, this.#depth)
    if (more > 0) {
      int32(this.#writer, more)
      this.#writer.byte(0x6a)
    }
    globalSet(this.#writer, this.#helpers.depth)
  }

  /** An `if` that ends the guest. */
  #unlikely(): void {
    this.#hints.push(this.#writer.length - this.#start)
    this.#writer.raw([0x04, 0x40])
  }

  #readFuel(): void {
    if (this.#fuel >= 0) get(this.#writer, this.#fuel)
    else globalGet(this.#writer, this.#helpers.fuel)
  }

  /** Puts on top what is left after a cost. */
  #less(cost: number): void {
    this.#readFuel()
    int64(this.#writer, cost)
    this.#writer.byte(0x7d)
  }

  #charge(cost: number): void {
    this.#less(cost)
    if (this.#fuel >= 0) set(this.#writer, this.#fuel)
    else globalSet(this.#writer, this.#helpers.fuel)
  }

  /** Stores the fuel that is on top, and ends the guest if it is negative. */
  #settle(): void {
    if (this.#fuel >= 0) tee(this.#writer, this.#fuel)
    else {
      globalSet(this.#writer, this.#helpers.fuel)
      this.#readFuel()
    }
    this.#writer.raw([0x42, 0, 0x53]) // i64.const 0, i64.lt_s
    this.#unlikely()
    this.#giveBack()
    this.#helpers.trip(this.#writer, why.fuel)
    this.#writer.byte(0x0b)
  }

  /**
   * Charges, and ends the guest if less is left. The comparison comes first: so it needs no result of a subtraction, and an engine
   * makes one of what is subtracted here and in the block behind.
   */
  #take(cost: number): void {
    const writer = this.#writer
    this.#readFuel()
    int64(writer, cost)
    writer.byte(0x53) // i64.lt_s
    this.#unlikely()
    this.#less(cost)
    globalSet(writer, this.#helpers.fuel)
    this.#helpers.trip(writer, why.fuel)
    writer.byte(0x0b)
    if (cost > 0) this.#charge(cost)
  }

  #after(index: number, last: number): number {
    const edits = this.#edits
    const next = index + 1
    if (this.#gives(index) === Given.none) globalGet(this.#writer, this.#helpers.fuel)
    const charges = next < last && edits.kind(next) === Edit.charge && edits.at(next) === edits.at(index)
    if (charges && edits.value(next) > 0) {
      int64(this.#writer, edits.value(next))
      this.#writer.byte(0x7d)
    }
    if (this.#fuel >= 0) set(this.#writer, this.#fuel)
    else globalSet(this.#writer, this.#helpers.fuel)
    return charges ? next : index
  }

  #bulk(value: number): void {
    const writer = this.#writer
    const wide = value >= 8
    const local = wide ? this.#long : this.#short
    tee(writer, local)
    this.#readFuel()
    get(writer, local)
    if (!wide) writer.byte(0xad)
    switch (value & 7) {
      case Bulk.bytes:
        int64(writer, costs.bytesShift)
        writer.byte(0x88)
        break
      case Bulk.elements:
        // More than this many elements are never there: the instruction traps.
        int64(writer, 0xffff_ffff)
        writer.byte(0x83)
        int64(writer, costs.element)
        writer.byte(0x7e)
        break
      default:
    }
    writer.byte(0x7d)
    this.#settle()
  }

  /** Control comes from an exception: the fuel is where the callee left it. */
  #restore(): void {
    globalGet(this.#writer, this.#helpers.fuel)
    set(this.#writer, this.#fuel)
  }
}
