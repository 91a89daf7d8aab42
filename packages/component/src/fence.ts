/**
 * A fence between a guest and the JavaScript of its imports.
 *
 * What JavaScript throws, a guest can catch with `catch_all`; a trap it cannot. And the host throws where no recorded
 * answer says so: an import that would wait inside a constructor fails with a `SuspendError` before any code of ours
 * runs, and at the end of the stack the glue fails wherever it happens to be. A guest that caught such an error
 * and went on would do what no re-run does again. So each function of JavaScript that a core module imports is called
 * through a function of WebAssembly that catches everything and traps.
 *
 * It is also where a metered guest pays for JavaScript: a few instructions of its own set some thousands of the host
 * going, be it an import or a step of the glue, so each call costs fuel, and there is none without.
 */
import { COPIED_FUEL, CROSSING_FUEL } from './costs.ts'
import { ComponentError } from './errors.ts'
import type { InstanceMeter } from './instance-meter.ts'
import type { FunctionImport, Signature } from './signatures.ts'
import { codeOf, functionType, leb, smallModule, text } from './small-module.ts'

/** Told what was caught, just before the trap. */
export type Note = (error: unknown) => void

/** Signed, as constants of i64 are written. */
function sleb(value: number): number[] {
  const out: number[] = []
  let rest = BigInt(value)
  for (;;) {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    const last = rest === 0n && (low & 0x40) === 0
    out.push(last ? low : low | 0x80)
    if (last) return out
  }
}

const externref = 0x6f
const [i64, i32] = [0x7e, 0x7f]
const [fuel, why] = [0, 1]

/** A function that is fenced: its type, and which parameter says how much it copies. */
interface Fenced extends Signature {
  readonly copied?: number | undefined
}

/** `fuel -= CROSSING_FUEL + COPIED_FUEL * copied; if (fuel < 0) { why = 1; unreachable }` */
function toll({ params, copied }: Fenced): number[] {
  return [
    [0x23, fuel, 0x42, sleb(CROSSING_FUEL), 0x7d],
    copied === undefined ? [] : [units(copied, params[copied] === i64), 0x42, COPIED_FUEL, 0x7e, 0x7d],
    [0x24, fuel, 0x23, fuel, 0x42, 0, 0x53, 0x04, 0x40, 0x41, 1, 0x24, why, 0x00, 0x0b],
  ].flat(3)
}

/** A parameter in 64 bits. A wide one is cut to 32, as guest-controlled as it is: a string is not longer. */
function units(param: number, wide: boolean): number[] {
  return [0x20, ...leb(param), ...(wide ? [0x42, ...sleb(0xffff_ffff), 0x83] : [0xad])]
}

const noteType = 0
const noteIndex = 0

/** What a fence module is made with. */
interface Form {
  /** Whether the engine can tell what JavaScript threw. */
  readonly jsTag: boolean
  readonly metered: boolean
}

/**
 * The body around one import, after the toll: `block $all (block $js (result externref) (try_table (catch $js 0) (catch_all 1) …call…
 * return) unreachable) call $tell) unreachable`.
 */
function fenced(imported: number, tell: number, of: Fenced, form: Form): number[] {
  const { params } = of
  const call = [params.flatMap((_, i) => [0x20, ...leb(i)]), 0x10, leb(imported), 0x0f]
  const body = form.jsTag
    ? [
        [0x02, 0x40], // block: where everything that JavaScript did not throw is caught
        [0x02, externref], // block (result externref): where what JavaScript threw is caught
        [0x1f, 0x40, 2, 0x00, 0, 0, 0x02, 1], // try_table (catch $js 0) (catch_all 1)
        call,
        [0x0b, 0x00, 0x0b], // end, unreachable, end
        [0x10, leb(tell)],
        0x0b,
      ]
    : [[0x02, 0x40], [0x1f, 0x40, 1, 0x02, 0], call, [0x0b, 0x0b]]
  return [0, form.metered ? toll(of) : [], body, 0x00, 0x0b].flat(3)
}

/** `(param externref) (block (try_table (catch_all 0) (call $note (local.get 0))))`: telling must not throw either. */
const teller = [0, 0x02, 0x40, 0x1f, 0x40, 1, 0x02, 0, 0x20, 0, 0x10, noteIndex, 0x0b, 0x0b, 0x0b]

function fenceModule(signatures: readonly Fenced[], form: Form): Uint8Array<ArrayBuffer> {
  const types = [
    functionType([externref], []),
    ...signatures.map(({ params, results }) => functionType(params, results)),
  ]
  const imports = [
    [...text('host'), ...text('note'), 0x00, noteType],
    ...(form.jsTag ? [[...text('host'), ...text('tag'), 0x04, 0x00, noteType]] : []),
    ...(form.metered
      ? [
          [...text('host'), ...text('fuel'), 0x03, i64, 1],
          [...text('host'), ...text('why'), 0x03, i32, 1],
        ]
      : []),
    ...signatures.map((_, i) => [...text('import'), ...text(String(i)), 0x00, ...leb(i + 1)]),
  ]
  const tell = signatures.length + 1
  const functions = [[noteType], ...signatures.map((_, i) => leb(i + 1))]
  const exports = signatures.map((_, i) => [...text(String(i)), 0x00, ...leb(tell + 1 + i)])
  const bodies = [teller, ...signatures.map((signature, i) => fenced(i + 1, tell, signature, form))]
  return smallModule([
    [1, types],
    [2, imports],
    [3, functions],
    [7, exports],
    [10, bodies.map(codeOf)],
  ])
}

/** The compiled fences of one component, shared by its instances. */
export type FenceCache = Map<string, WebAssembly.Module>

/** Builds the fences of one instance. */
export class Fences {
  readonly #cache: FenceCache
  readonly #note: Note
  readonly #meter: InstanceMeter | undefined
  /** Functions of other core modules of the guest, whose exceptions are the guest's own. */
  readonly #own = new WeakSet<object>()

  constructor(cache: FenceCache, note: Note, meter: InstanceMeter | undefined) {
    this.#cache = cache
    this.#note = note
    this.#meter = meter
  }

  /** Remembers that these are the guest's own. */
  learn(exports: WebAssembly.Exports): void {
    for (const value of Object.values(exports)) if (typeof value === 'function') this.#own.add(value)
  }

  /** Answers the imports of a core module with each function of JavaScript behind a fence. */
  around(
    functions: readonly FunctionImport[],
    imports: Record<string, Record<string, WebAssembly.ImportValue>> = {},
  ): WebAssembly.Imports {
    const found: { readonly of: FunctionImport; readonly value: WebAssembly.ImportValue }[] = []
    for (const of of functions) {
      const value = imports[of.module]?.[of.name]
      if (value !== undefined && !this.#own.has(Object(value))) found.push({ of, value })
    }
    if (found.length === 0) return imports
    const signatures = found.map(({ of: { module, name, signature, copied } }): Fenced => {
      if (signature !== null) return { ...signature, copied }
      throw new ComponentError(
        'glue-rejected',
        `The import ${module} ${name} is of a type that no canonical function has.`,
      )
    })
    const raw = Object.fromEntries(found.map(({ value }, i) => [String(i), value]))
    const fences = this.#instance(signatures, raw)
    const replaced: Record<string, Record<string, WebAssembly.ImportValue>> = { ...imports }
    for (const [i, { of }] of found.entries()) {
      const fence = fences[String(i)]
      if (fence === undefined) continue
      replaced[of.module] = { ...replaced[of.module], [of.name]: fence }
    }
    return replaced
  }

  #instance(signatures: readonly Fenced[], raw: WebAssembly.ModuleImports): WebAssembly.Exports {
    const tag: WebAssembly.Tag | undefined = Reflect.get(WebAssembly, 'JSTag')
    const form: Form = { jsTag: tag !== undefined, metered: this.#meter !== undefined }
    const types = signatures
      .map(({ params, results, copied = '' }) => `${params.join()}>${results.join()}${copied}`)
      .join(' ')
    const key = `${form.metered ? 'metered' : 'free'} ${types}`
    let module = this.#cache.get(key)
    if (module === undefined) {
      module = new WebAssembly.Module(fenceModule(signatures, form))
      this.#cache.set(key, module)
    }
    const host: WebAssembly.ModuleImports = {
      note: this.#note,
      ...(tag === undefined ? {} : { tag }),
      ...(this.#meter === undefined ? {} : { fuel: this.#meter.globals.fuel, why: this.#meter.globals.why }),
    }
    return new WebAssembly.Instance(module, { host, import: raw }).exports
  }
}
