/** Running core modules under the meter, for tests. */
import binaryen from 'binaryen'
import { meterModule, type MeterOptions } from '../../src/index.ts'

/** Assembles the text format. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text)
  try {
    module.setFeatures(binaryen.Features.All & ~binaryen.Features.CustomPageSizes)
    return Uint8Array.from(module.emitBinary())
  } finally {
    module.dispose()
  }
}

/** What an instance may use up. */
export interface Budget {
  readonly fuel?: bigint
  readonly depth?: number
  readonly pages?: bigint
  readonly elements?: bigint
}

const names = { fuel: 'i64', depth: 'i32', pages: 'i64', elements: 'i64', why: 'i32' } as const

/** The globals of a meter, as a host makes them. */
export class Meter {
  readonly imports: Record<keyof typeof names, WebAssembly.Global>
  readonly #first: bigint

  constructor({ fuel = 1_000_000_000n, depth = 4_000, pages = 100n, elements = 1_000n }: Budget = {}) {
    const made = (value: keyof WebAssembly.ValueTypeMap, initial: unknown): WebAssembly.Global =>
      new WebAssembly.Global({ value, mutable: true }, initial as never)
    this.#first = fuel
    this.imports = {
      fuel: made('i64', fuel),
      depth: made('i32', depth),
      pages: made('i64', pages),
      elements: made('i64', elements),
      why: made('i32', 0),
    }
  }

  get used(): bigint {
    return this.#first - (this.imports.fuel.value as bigint)
  }

  get left(): { readonly depth: number; readonly pages: bigint; readonly elements: bigint } {
    return {
      depth: this.imports.depth.value as number,
      pages: this.imports.pages.value as bigint,
      elements: this.imports.elements.value as bigint,
    }
  }

  get why(): number {
    return this.imports.why.value as number
  }
}

/** A function of a guest. */
type Run = (...args: unknown[]) => unknown

/** Meters and instantiates. */
export function metered(
  bytes: Uint8Array,
  budget: Budget = {},
  imports: WebAssembly.Imports = {},
  options: MeterOptions = { nan: 'canonical' },
): {
  readonly meter: Meter
  readonly exports: WebAssembly.Exports
  readonly run: (name: string, ...args: unknown[]) => unknown
} {
  const meter = new Meter(budget)
  const module = new WebAssembly.Module(meterModule(bytes, options) as Uint8Array<ArrayBuffer>)
  const instance = new WebAssembly.Instance(module, { ...imports, 'theater:meter': meter.imports })
  return {
    meter,
    exports: instance.exports,
    run: (name, ...args) => (instance.exports[name] as Run)(...args),
  }
}
