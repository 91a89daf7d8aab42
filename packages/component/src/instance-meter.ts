/** What one instance of a component may use, as its core modules, its fences and its host see it. */
import { unreachable } from './trap.ts'
import type { TrapCode } from './types.ts'

/** What an instance may use. Units are those of the meter. */
export interface Budget {
  /** For the instantiation; each turn is given its own. */
  readonly fuel: number
  /** Call depth, in units of the meter. */
  readonly depth: number
  /** Bytes of all its memories together. */
  readonly memory: number
  /** Elements of all its tables together. */
  readonly elements: number
}

/** What of a budget was used up; `host-memory`: the host could not give what the budget still allowed. */
export type Tripped = Extract<TrapCode, 'out-of-fuel' | 'depth' | 'memory'> | 'host-memory'

/** How much of a budget a core module takes before it runs. */
export interface Needs {
  readonly pages: number
  readonly elements: number
}

/** What is left of a budget, beside fuel. */
export interface Kept {
  readonly depth: number
  readonly pages: bigint
  readonly elements: bigint
}

/** Bytes of a page of memory. */
export const PAGE = 65_536

/** No budget at all: the engine's own bounds come first. */
const unbounded: Budget = {
  fuel: Number.MAX_SAFE_INTEGER,
  depth: 0x7fff_ffff,
  memory: Number.MAX_SAFE_INTEGER,
  elements: Number.MAX_SAFE_INTEGER,
}

/** What `why` says, by number; see `meter/`. */
const reasons: readonly (Tripped | undefined)[] = [
  undefined,
  'out-of-fuel',
  'depth',
  'memory',
  'host-memory',
  'memory',
  'host-memory',
]
const OUT_OF_MEMORY = 3

// (module (import "" "" (global (mut i64)))
//   (func (export "l") (result f64) (f64.convert_i64_s (global.get 0)))
//   (func (export "g") (param f64) (global.set 0 (i64.trunc_f64_s (local.get 0)))))
const accessors = new WebAssembly.Module(
  new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x09, 0x02, 0x60, 0x00, 0x01, 0x7c, 0x60, 0x01,
    0x7c, 0x00, 0x02, 0x06, 0x01, 0x00, 0x00, 0x03, 0x7e, 0x01, 0x03, 0x03, 0x02, 0x00, 0x01, 0x07, 0x09,
    0x02, 0x01, 0x6c, 0x00, 0x00, 0x01, 0x67, 0x00, 0x01, 0x0a, 0x0f, 0x02, 0x05, 0x00, 0x23, 0x00, 0xb9,
    0x0b, 0x07, 0x00, 0x20, 0x00, 0xb0, 0x24, 0x00, 0x0b,
  ]),
)

/** Reads and writes a global of whole numbers below 2^53: a fifth of the time of its `value`, which is a bigint. */
interface Accessors {
  readonly l: () => number
  readonly g: (units: number) => void
}

/**
 * The five globals that all core modules of one instance count in. It serves one instance, before, while and after that
 * is instantiated, and its host too: what crosses is paid from the same fuel.
 */
export class InstanceMeter {
  /** What the metered modules import, by name. */
  readonly globals: Readonly<Record<'fuel' | 'depth' | 'pages' | 'elements' | 'why', WebAssembly.Global>>
  readonly #fuel: Accessors
  readonly #depth: WebAssembly.Global<'i32'>
  readonly #pages: WebAssembly.Global<'i64'>
  readonly #elements: WebAssembly.Global<'i64'>
  readonly #why: WebAssembly.Global<'i32'>

  constructor(budget: Budget = unbounded) {
    const fuel = i64(budget.fuel)
    const { exports } = new WebAssembly.Instance(accessors, { '': { '': fuel } })
    this.#fuel = exports as unknown as Accessors
    this.#pages = i64(Math.floor(budget.memory / PAGE))
    this.#elements = i64(budget.elements)
    this.#why = i32(0)
    this.#depth = i32(Math.min(budget.depth, unbounded.depth))
    this.globals = {
      fuel,
      depth: this.#depth,
      pages: this.#pages,
      elements: this.#elements,
      why: this.#why,
    }
  }

  /** The fuel that is left; below 0 when it is out. */
  get left(): number {
    return this.#fuel.l()
  }

  set left(units: number) {
    this.#fuel.g(units)
  }

  /** What of its budget the guest used up; then it was ended by it. */
  get tripped(): Tripped | undefined {
    return reasons[this.#why.value]
  }

  /** What of the budget is not given anew to each turn: the depth that is left, pages of memory, elements of tables. */
  get kept(): Kept {
    return { depth: this.#depth.value, pages: this.#pages.value, elements: this.#elements.value }
  }

  set kept({ depth, pages, elements }: Kept) {
    this.#depth.value = depth
    this.#pages.value = pages
    this.#elements.value = elements
  }

  /** Takes what a core module has from its beginning, before it is instantiated. It traps where that is not there. */
  reserve({ pages, elements }: Needs): void {
    this.#pages.value -= BigInt(pages)
    this.#elements.value -= BigInt(elements)
    if (this.#pages.value >= 0n && this.#elements.value >= 0n) return
    this.#why.value = OUT_OF_MEMORY
    unreachable()
  }
}

function i64(value: number): WebAssembly.Global<'i64'> {
  return new WebAssembly.Global({ value: 'i64', mutable: true }, BigInt(value))
}

function i32(value: number): WebAssembly.Global<'i32'> {
  return new WebAssembly.Global({ value: 'i32', mutable: true }, value)
}
