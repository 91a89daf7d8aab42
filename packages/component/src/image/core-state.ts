/** What of the state of core instances can be seen: their memories, numbers, and what refers to something. */
import type { ModuleState } from '../meter/state.ts'
import { stateName } from '../meter/state.ts'
import { type NoImage, noImage } from './no-image.ts'

/** A memory of a core instance. */
export interface CoreMemory {
  readonly memory: WebAssembly.Memory
  readonly wide: boolean
}

/** A mutable global that holds a number. */
interface CoreGlobal {
  readonly global: WebAssembly.Global
  readonly type: 'i32' | 'i64' | 'f32' | 'f64'
}

const numbers: ReadonlyMap<number, CoreGlobal['type']> = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
])
const v128 = 0x7b

/** The most elements of tables that are compared one by one. */
const mostElements = 10_000

/** The core instances of one component. They are told to it one by one; then it is read. */
export class CoreState {
  readonly memories: CoreMemory[] = []
  readonly #globals: CoreGlobal[] = []
  readonly #references: WebAssembly.Global[] = []
  readonly #tables: WebAssembly.Table[] = []
  #writesTables = false
  #none: NoImage | undefined
  #firstReferences: unknown[] = []
  #firstElements: unknown[][] = []

  /** A core instance was made. */
  add(state: ModuleState | undefined, exports: WebAssembly.Exports): void {
    if (state === undefined) {
      this.#none ??= noImage('not-metered', 'the core modules were prepared without metering')
      return
    }
    const { memories, globals, tables, writesTables, dropsSegments, heap } = state
    if (dropsSegments) this.#none ??= noImage('segments', 'a core module has code that drops segments')
    if (heap) this.#none ??= noImage('heap', "a core module has objects on the engine's heap")
    if (writesTables) this.#writesTables = true
    for (const [i, wide] of memories.entries())
      this.memories.push({ memory: exports[stateName('memory', i)] as WebAssembly.Memory, wide })
    for (let i = 0; i < tables; i++) this.#tables.push(exports[stateName('table', i)] as WebAssembly.Table)
    for (const [i, code] of globals.entries()) {
      const global = exports[stateName('global', i)] as WebAssembly.Global
      const type = numbers.get(code)
      if (type !== undefined) this.#globals.push({ global, type })
      else if (code === v128)
        this.#none ??= noImage('vector', 'a core module has a mutable global of 128 bits')
      else this.#references.push(global)
    }
  }

  /** All are there, and ran what they run when they are instantiated: notes what has to stay as it is. */
  settle(): void {
    if (this.#none !== undefined) return
    try {
      this.#firstReferences = this.#references.map(({ value }): unknown => value)
    } catch {
      this.#none = noImage('reference', 'a mutable global holds a reference that JavaScript cannot read')
      return
    }
    // Code that changes no table has all of them as they were.
    if (!this.#writesTables) return
    const elements = this.#tables.reduce((sum, { length }) => sum + length, 0)
    if (elements > mostElements) {
      this.#none = noImage('table', `code can change tables of more than ${mostElements} elements`)
      return
    }
    try {
      this.#firstElements = this.#tables.map(elementsOf)
    } catch {
      this.#none = noImage('table', 'code can change a table that JavaScript cannot read')
    }
  }

  /** Why there is no image now; `undefined`: there is one. */
  unfit(): NoImage | undefined {
    if (this.#none !== undefined) return this.#none
    for (const [i, { value }] of this.#references.entries()) {
      if (!Object.is(value, this.#firstReferences[i]))
        return noImage('reference', 'a mutable global refers to something else than when it was made')
    }
    for (const [i, first] of this.#firstElements.entries()) {
      const table = this.#tables[i]
      if (table === undefined || !same(elementsOf(table), first))
        return noImage('table', 'a table holds something else than when it was made')
    }
    for (const { global, type } of this.#globals) {
      if (type !== 'i32' && type !== 'i64' && Number.isNaN(global.value))
        return noImage('nan', 'a mutable global holds a NaN')
    }
    return undefined
  }

  /** The bits of the numbers that mutable globals hold, in order. */
  bits(): bigint[] {
    const view = new DataView(new ArrayBuffer(8))
    return this.#globals.map(({ global, type }) => {
      view.setBigUint64(0, 0n)
      if (type === 'i32') view.setInt32(4, global.value as number)
      else if (type === 'i64') view.setBigInt64(0, global.value as bigint)
      else if (type === 'f32') view.setFloat32(4, global.value as number)
      else view.setFloat64(0, global.value as number)
      return view.getBigUint64(0)
    })
  }

  /** Whether these can be the bits of the globals there are. */
  takes(bits: readonly bigint[]): boolean {
    return (
      bits.length === this.#globals.length &&
      this.#globals.every(({ type }, i) => {
        const of = bits[i] as bigint
        if (of !== BigInt.asUintN(type === 'i32' || type === 'f32' ? 32 : 64, of)) return false
        return !Number.isNaN(Number(valueOf(type, of)))
      })
    )
  }

  /** Sets all mutable globals that hold numbers. */
  set(bits: readonly bigint[]): void {
    for (const [i, { global, type }] of this.#globals.entries())
      global.value = valueOf(type, bits[i] as bigint)
  }
}

function valueOf(type: CoreGlobal['type'], bits: bigint): number | bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, bits)
  if (type === 'i32') return view.getInt32(4)
  if (type === 'i64') return view.getBigInt64(0)
  return type === 'f32' ? view.getFloat32(4) : view.getFloat64(0)
}

function elementsOf(table: WebAssembly.Table): unknown[] {
  return Array.from({ length: table.length }, (_, i): unknown => table.get(i))
}

function same(now: readonly unknown[], first: readonly unknown[]): boolean {
  return now.length === first.length && now.every((one, i) => Object.is(one, first[i]))
}
