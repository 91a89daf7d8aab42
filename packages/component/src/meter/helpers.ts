/** What the meter adds to a module: the names of its globals, types, and functions that stand for costly instructions. */
import { Given } from './inner.ts'
import { type ModuleShape, type Store, typeAt } from './module.ts'
import { costs } from './opcodes.ts'
import { Writer } from './writer.ts'

/** Why the guest was ended, as the global `why` says it. */
export const why = { fuel: 1, depth: 2, memory: 3, hostMemory: 4, table: 5, hostTable: 6 } as const

/** The globals of the meter, in the order in which they are imported, with the bytes of their types. */
export const meterGlobals = [
  { name: 'fuel', type: 0x7e },
  { name: 'depth', type: 0x7f },
  { name: 'pages', type: 0x7e },
  { name: 'elements', type: 0x7e },
  { name: 'why', type: 0x7f },
] as const

const i32 = 0x7f
const i64 = 0x7e

/** Types and functions that are added to one module; equal ones once. */
export class Helpers {
  readonly shape: ModuleShape
  readonly fuel: number
  readonly depth: number
  readonly why: number
  readonly #pages: number
  readonly #elements: number
  /** The index of the global that counts down the bytes of a page that the engine's heap has taken. */
  readonly heap: number
  usesHeap = false
  /** The functions by which others are entered, by what they enter. */
  readonly entries = new Map<number, number>()
  readonly #types = new Map<string, number>()
  readonly #given = new Map<number, number>()
  readonly types: Uint8Array[] = []
  readonly #functions = new Map<string, number>()
  readonly functions: { readonly type: number; readonly body: Uint8Array }[] = []

  constructor(shape: ModuleShape) {
    this.shape = shape
    const first = shape.importedGlobals
    this.fuel = first
    this.depth = first + 1
    this.#pages = first + 2
    this.#elements = first + 3
    this.why = first + 4
    this.heap = shape.globals + meterGlobals.length
  }

  #type(
    params: ArrayLike<number>,
    paramCount: number,
    results: ArrayLike<number>,
    resultCount: number,
  ): number {
    const writer = new Writer(16)
    writer.byte(0x60)
    writer.u32(paramCount)
    writer.raw(params)
    writer.u32(resultCount)
    writer.raw(results)
    const bytes = writer.done()
    const key = bytes.join()
    const known = this.#types.get(key)
    if (known !== undefined) return known
    const index = this.shape.types.length + this.types.length
    this.types.push(bytes)
    this.#types.set(key, index)
    return index
  }

  /** The type of a block that is given a number of 32 bits and gives nothing. */
  get taking(): number {
    return this.#type([i32], 1, [], 0)
  }

  /** Writes the type of a block that gives what the function type does. */
  blockType(writer: Writer, type: number): void {
    const of = this.shape.types[type]
    if (of === undefined || of.results === 0) writer.byte(0x40)
    else {
      const results = this.shape.bytes.subarray(of.resultsStart, of.resultsEnd)
      if (of.results === 1) writer.raw(results)
      else writer.s64(this.#type([], 0, results, of.results))
    }
  }

  /** The type of a function that is given fuel, and perhaps depth, behind its parameters, and answers fuel. */
  given(type: number, given: number): number {
    const key = type * 4 + given
    const known = this.#given.get(key)
    if (known !== undefined) return known
    const of = typeAt(this.shape, type)
    const { bytes } = this.shape
    const more = given === Given.fuelAndDepth ? [i64, i32] : [i64]
    const params = [...bytes.subarray(of.paramsStart, of.paramsEnd), ...more]
    const results = [...bytes.subarray(of.resultsStart, of.resultsEnd), i64]
    const index = this.#type(params, of.params + more.length, results, of.results + 1)
    this.#given.set(key, index)
    return index
  }

  #function(key: string, type: () => number, write: (writer: Writer) => void): number {
    const known = this.#functions.get(key)
    if (known !== undefined) return known
    const writer = new Writer(128)
    write(writer)
    writer.byte(0x0b)
    const index = this.shape.functions.length + this.functions.length
    this.functions.push({ type: type(), body: writer.done() })
    this.#functions.set(key, index)
    return index
  }

  /** The function by which the host, or another module, comes into one that counts depth: it puts back what was there. */
  enter(index: number): void {
    const type = this.shape.functions[index] ?? 0
    const params = this.shape.types[type]?.params ?? 0
    const made = this.#function(
      `enter ${index}`,
      () => type,
      (writer) => {
        writer.raw([1, 1, i32])
        globalGet(writer, this.depth)
        set(writer, params)
        for (let i = 0; i < params; i++) get(writer, i)
        writer.byte(0x10)
        writer.u32(index)
        get(writer, params)
        globalSet(writer, this.depth)
      },
    )
    this.entries.set(index, made)
  }

  /** The function that stands for `memory.grow` of a memory. */
  growMemory(index: number): number {
    const store = this.shape.memories[index] ?? none
    const address = store.wide ? i64 : i32
    return this.#function(
      `memory ${index}`,
      () => this.#type([address], 1, [address], 1),
      (writer) => {
        const size = (): void => {
          writer.byte(0x3f)
          writer.u32(index)
        }
        const grow = (): void => {
          get(writer, 0)
          writer.byte(0x40)
          writer.u32(index)
        }
        this.#grow(writer, store, 0, this.#pages, costs.page, [why.memory, why.hostMemory], size, grow)
      },
    )
  }

  /** The function that stands for `table.grow` of a table. */
  growTable(index: number): number {
    const store = this.shape.tables[index] ?? none
    const address = store.wide ? i64 : i32
    return this.#function(
      `table ${index}`,
      () => {
        const element = this.shape.bytes.subarray(store.typeStart, store.typeEnd)
        return this.#type([...element, address], 2, [address], 1)
      },
      (writer) => {
        const size = (): void => {
          writer.raw([0xfc, 16])
          writer.u32(index)
        }
        const grow = (): void => {
          get(writer, 0)
          get(writer, 1)
          writer.raw([0xfc, 15])
          writer.u32(index)
        }
        this.#grow(writer, store, 1, this.#elements, costs.element, [why.table, why.hostTable], size, grow)
      },
    )
  }

  /**
   * Beyond the declared maximum: -1. Beyond what is left of the cap, or of the fuel: a trap. Where the engine refuses: an
   * abort of the host's. The parameter `delta` is how much; the locals behind it are how much in 64 bits, and the answer.
   */
  #grow(
    writer: Writer,
    { wide, max }: Store,
    delta: number,
    left: number,
    cost: number,
    [cap, host]: readonly [number, number],
    size: () => void,
    grow: () => void,
  ): void {
    const more = delta + 1
    const answer = delta + 2
    const minusOne = [wide ? 0x42 : 0x41, 0x7f]
    const extend = (): void => {
      if (!wide) writer.byte(0xad)
    }
    writer.raw([2, 1, i64, 1, wide ? i64 : i32])
    get(writer, delta)
    extend()
    set(writer, more)
    // Twice, since the sum of two numbers of 64 bits may not be one.
    for (const sum of [false, true]) {
      get(writer, more)
      if (sum) {
        size()
        extend()
        writer.byte(0x7c)
      }
      int64(writer, max)
      writer.raw([0x56, 0x04, 0x40, ...minusOne, 0x0f, 0x0b]) // i64.gt_u, if, return -1, end
    }
    globalGet(writer, left)
    get(writer, more)
    writer.raw([0x53, 0x04, 0x40]) // i64.lt_s, if
    this.trip(writer, cap)
    writer.byte(0x0b)
    globalGet(writer, this.fuel)
    get(writer, more)
    int64(writer, cost)
    writer.raw([0x7e, 0x7d]) // i64.mul, i64.sub
    globalSet(writer, this.fuel)
    globalGet(writer, this.fuel)
    this.tripIfNegative(writer)
    grow()
    writer.byte(0x22)
    writer.u32(answer)
    writer.raw(minusOne)
    writer.raw([wide ? 0x51 : 0x46, 0x04, 0x40]) // eq, if
    this.trip(writer, host)
    writer.byte(0x0b)
    globalGet(writer, left)
    get(writer, more)
    writer.byte(0x7d)
    globalSet(writer, left)
    get(writer, answer)
  }

  /** The function that takes bytes of the engine's heap off the pages; nothing of it is given back. */
  allocate(): number {
    this.usesHeap = true
    const heap = this.heap
    return this.#function(
      'allocate',
      () => this.#type([i64], 1, [], 0),
      (writer) => {
        writer.raw([1, 1, i64])
        globalGet(writer, heap)
        get(writer, 0)
        writer.byte(0x7d)
        globalSet(writer, heap)
        globalGet(writer, heap)
        int64(writer, 0)
        writer.raw([0x53, 0x04, 0x40]) // i64.lt_s, if: how many pages, rounded up
        int64(writer, 65_535)
        globalGet(writer, heap)
        writer.byte(0x7d)
        int64(writer, 16)
        writer.byte(0x88)
        set(writer, 1)
        globalGet(writer, this.#pages)
        get(writer, 1)
        writer.raw([0x53, 0x04, 0x40])
        this.trip(writer, why.memory)
        writer.byte(0x0b)
        globalGet(writer, this.#pages)
        get(writer, 1)
        writer.byte(0x7d)
        globalSet(writer, this.#pages)
        globalGet(writer, heap)
        get(writer, 1)
        int64(writer, 16)
        writer.raw([0x86, 0x7c])
        globalSet(writer, heap)
        writer.byte(0x0b)
      },
    )
  }

  /** Ends the guest, and says why. */
  trip(writer: Writer, reason: number): void {
    writer.raw([0x41, reason])
    globalSet(writer, this.why)
    writer.byte(0x00)
  }

  /** Ends the guest if the number on top is negative: it is out of fuel. */
  tripIfNegative(writer: Writer, first?: () => void): void {
    writer.raw([0x42, 0, 0x53, 0x04, 0x40])
    first?.()
    this.trip(writer, why.fuel)
    writer.byte(0x0b)
  }
}

const none: Store = { wide: false, min: 0, max: 0, typeStart: 0, typeEnd: 0 }

/** `local.get` */
export function get(writer: Writer, index: number): void {
  writer.byte(0x20)
  writer.u32(index)
}

/** `local.set` */
export function set(writer: Writer, index: number): void {
  writer.byte(0x21)
  writer.u32(index)
}

/** `local.tee` */
export function tee(writer: Writer, index: number): void {
  writer.byte(0x22)
  writer.u32(index)
}

/** `global.get` */
export function globalGet(writer: Writer, index: number): void {
  writer.byte(0x23)
  writer.u32(index)
}

/** `global.set` */
export function globalSet(writer: Writer, index: number): void {
  writer.byte(0x24)
  writer.u32(index)
}

/** `i64.const` */
export function int64(writer: Writer, value: number): void {
  writer.byte(0x42)
  writer.s64(value)
}

/** `i32.const` */
export function int32(writer: Writer, value: number): void {
  writer.byte(0x41)
  writer.s64(value)
}
