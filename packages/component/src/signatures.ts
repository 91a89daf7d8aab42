/** The signatures of the functions that a core module imports and exports. */
import { Wire } from './wire.ts'

/** Value types as the binary format writes them, one byte each: numbers only. */
export interface Signature {
  readonly params: readonly number[]
  readonly results: readonly number[]
}

/** One function that a module imports; `null` for a signature with anything but numbers in it. */
export interface FunctionImport {
  readonly module: string
  readonly name: string
  readonly signature: Signature | null
  /** The parameter that says how many code units of a string it copies, for one that does. */
  readonly copied?: number
}

const numeric = new Set([0x7f, 0x7e, 0x7d, 0x7c])

/** The functions that a module has in common with others. */
export interface SharedFunctions {
  readonly imports: readonly FunctionImport[]
  /** What it exports, by name; null as for an import. */
  readonly exports: ReadonlyMap<string, Signature | null>
}

/** Reads the functions that a module imports and exports which the engine has accepted. */
export function sharedFunctions(bytes: Uint8Array): SharedFunctions {
  const types: (Signature | null)[] = []
  const imports: FunctionImport[] = []
  /** The functions of the module's own, behind those that it imports. */
  const own: (Signature | null)[] = []
  const exports = new Map<string, Signature | null>()
  const wire = new Wire(bytes, 8)
  while (!wire.done) {
    const id = wire.byte()
    const section = wire.range()
    if (id === 1) section.each(() => recursive(section, types))
    else if (id === 2) section.each(() => imported(section, types, imports))
    else if (id === 3) section.each(() => void own.push(types[section.u32()] ?? null))
    else if (id === 7) {
      section.each(() => {
        const name = section.text(section.end)
        const kind = section.byte()
        const index = section.u32()
        if (kind !== 0x00) return
        const at = index - imports.length
        exports.set(name, (at < 0 ? imports[index]?.signature : own[at]) ?? null)
      })
      break
    }
  }
  return { imports, exports }
}

function imported(wire: Wire, types: readonly (Signature | null)[], into: FunctionImport[]): void {
  const module = wire.text(wire.end)
  const name = wire.text(wire.end)
  switch (wire.byte()) {
    case 0x00:
      into.push({ module, name, signature: types[wire.u32()] ?? null })
      return
    case 0x01:
      value(wire)
      limits(wire)
      return
    case 0x02:
      limits(wire)
      return
    case 0x03:
      value(wire)
      wire.byte()
      return
    default:
      wire.byte()
      wire.u32()
  }
}

function limits(wire: Wire): void {
  const flags = wire.byte()
  wire.skipLeb()
  if (flags & 1) wire.skipLeb()
}

/** A group of types that refer to each other, or one type. */
function recursive(wire: Wire, types: (Signature | null)[]): void {
  if (wire.peek() !== 0x4e) return subtype(wire, types)
  wire.byte()
  wire.each(() => subtype(wire, types))
}

function subtype(wire: Wire, types: (Signature | null)[]): void {
  let code = wire.byte()
  if (code === 0x50 || code === 0x4f) {
    wire.each(() => void wire.u32())
    code = wire.byte()
  }
  if (code === 0x60) {
    const params: number[] = []
    const results: number[] = []
    wire.each(() => void params.push(value(wire)))
    wire.each(() => void results.push(value(wire)))
    types.push([...params, ...results].every((type) => numeric.has(type)) ? { params, results } : null)
    return
  }
  if (code === 0x5f) wire.each(() => field(wire))
  else if (code === 0x5e) field(wire)
  else wire.malformed(`0x${code.toString(16)} does not introduce a core type`)
  types.push(null)
}

/** A field of a structure: its storage type, and whether it can change. */
function field(wire: Wire): void {
  value(wire)
  wire.byte()
}

function value(wire: Wire): number {
  const code = wire.byte()
  if (code === 0x63 || code === 0x64) wire.s33()
  return code
}
