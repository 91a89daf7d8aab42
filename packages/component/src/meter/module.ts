/** What the meter has to know of a core module before it reads the first instruction. */
import { Wire } from '../wire.ts'
import { constant } from './constant.ts'
import { refuse } from './refuse.ts'

/** The module name that the meter keeps for itself. */
export const reserved = 'theater:meter'

/** A section as it stands in the module. */
export interface Section {
  readonly id: number
  /** Of its content. */
  readonly start: number
  readonly end: number
}

/** A function, struct or array type. */
export interface Type {
  readonly kind: 'function' | 'struct' | 'array'
  /** How many values a function takes; how many fields a struct has. */
  readonly params: number
  readonly results: number
  /** Whether a parameter is a reference. */
  readonly references: boolean
  /** Where the types of the parameters are written, and those of the results. */
  readonly paramsStart: number
  readonly paramsEnd: number
  readonly resultsStart: number
  readonly resultsEnd: number
  /** Bytes of a struct's fields, or of one element of an array. */
  readonly bytes: number
}

/** A memory or a table. */
export interface Store {
  /** Whether it is addressed by 64 bits. */
  readonly wide: boolean
  readonly min: number
  /** As declared, or what the specification allows. */
  readonly max: number
  /** Where the type of a table's elements is written. */
  readonly typeStart: number
  readonly typeEnd: number
}

/** The index spaces of a module. */
export interface ModuleShape {
  readonly bytes: Uint8Array
  readonly sections: readonly Section[]
  readonly types: readonly Type[]
  /** The type of each function, imported ones first. */
  readonly functions: readonly number[]
  readonly importedFunctions: number
  readonly tables: readonly Store[]
  readonly importedTables: number
  readonly memories: readonly Store[]
  readonly importedMemories: number
  readonly importedGlobals: number
  readonly globals: number
  /** Those of the module's own that can be set: their indices, and the first bytes of their types. */
  readonly mutableGlobals: readonly { readonly index: number; readonly type: number }[]
  /** Functions that the host, or another module, can call: exported, or the start function. */
  readonly entries: readonly number[]
  /** Functions to which there may be references: whoever holds one calls them by their own type. */
  readonly referenced: readonly number[]
  /** The type of each tag. */
  readonly tags: readonly number[]
}

interface Building {
  readonly bytes: Uint8Array
  readonly sections: Section[]
  readonly types: Type[]
  readonly functions: number[]
  importedFunctions: number
  readonly tables: Store[]
  importedTables: number
  readonly memories: Store[]
  importedMemories: number
  importedGlobals: number
  globals: number
  readonly mutableGlobals: { readonly index: number; readonly type: number }[]
  readonly entries: number[]
  readonly referenced: number[]
  readonly tags: number[]
}

const sectionNames = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])

/** Reads the sections of a module that the engine has accepted. */
export function readModule(bytes: Uint8Array): ModuleShape {
  const module: Building = {
    bytes,
    sections: [],
    types: [],
    functions: [],
    importedFunctions: 0,
    tables: [],
    importedTables: 0,
    memories: [],
    importedMemories: 0,
    importedGlobals: 0,
    globals: 0,
    mutableGlobals: [],
    entries: [],
    referenced: [],
    tags: [],
  }
  const wire = new Wire(bytes, 8)
  while (!wire.done) {
    const offset = wire.at
    const id = wire.byte()
    if (!sectionNames.has(id)) refuse(`a section of the unknown kind ${id}`, offset)
    const section = wire.range()
    module.sections.push({ id, start: section.at, end: section.end })
    readSection(module, id, section)
  }
  return module
}

function readSection(module: Building, id: number, wire: Wire): void {
  switch (id) {
    case 1:
      wire.each(() => readRecursive(module, wire))
      return
    case 2:
      wire.each(() => readImport(module, wire))
      return
    case 3:
      wire.each(() => module.functions.push(wire.u32()))
      return
    case 4:
      wire.each(() => {
        if (wire.peek() === 0x40) {
          wire.byte()
          wire.byte()
          module.tables.push(readTable(wire))
          readExpression(module, wire)
        } else module.tables.push(readTable(wire))
      })
      return
    case 5:
      wire.each(() => module.memories.push(readMemory(wire)))
      return
    case 6:
      wire.each(() => {
        const type = skipValue(wire)
        if (wire.byte() === 1) module.mutableGlobals.push({ index: module.globals, type })
        readExpression(module, wire)
        module.globals++
      })
      return
    case 7:
      wire.each(() => {
        refuseName(wire)
        const kind = wire.byte()
        const index = wire.u32()
        if (kind === 0x00) module.entries.push(index)
      })
      return
    case 8:
      module.entries.push(wire.u32())
      return
    case 9:
      wire.each(() => readElements(module, wire))
      return
    case 13:
      wire.each(() => {
        wire.byte()
        module.tags.push(wire.u32())
      })
      return
    default:
  }
}

function readElements(module: Building, wire: Wire): void {
  const flags = wire.u32()
  if ((flags & 1) === 0) {
    if (flags & 2) wire.u32()
    readExpression(module, wire)
  }
  const typed = (flags & 3) !== 0
  if (flags & 4) {
    if (typed) skipValue(wire)
    wire.each(() => readExpression(module, wire))
  } else {
    if (typed) wire.byte()
    wire.each(() => module.referenced.push(wire.u32()))
  }
}

function refuseName(wire: Wire): void {
  const at = wire.at
  if (wire.text(wire.end) === reserved) refuse(`the name ${reserved}, which Theater keeps for itself`, at)
}

function readImport(module: Building, wire: Wire): void {
  refuseName(wire)
  wire.text(wire.end)
  const at = wire.at
  switch (wire.byte()) {
    case 0x00:
      module.functions.push(wire.u32())
      module.importedFunctions++
      return
    case 0x01:
      module.tables.push(readTable(wire))
      module.importedTables++
      return
    case 0x02:
      module.memories.push(readMemory(wire))
      module.importedMemories++
      return
    case 0x03:
      skipValue(wire)
      wire.byte()
      module.importedGlobals++
      module.globals++
      return
    case 0x04:
      wire.byte()
      module.tags.push(wire.u32())
      return
    default:
      refuse('an import of an unknown kind', at)
  }
}

function readTable(wire: Wire): Store {
  const typeStart = wire.at
  skipValue(wire)
  const typeEnd = wire.at
  return { ...readLimits(wire, 2 ** 32 - 1, 2 ** 52), typeStart, typeEnd }
}

function readMemory(wire: Wire): Store {
  return { ...readLimits(wire, 65_536, 2 ** 48), typeStart: 0, typeEnd: 0 }
}

function readLimits(wire: Wire, most: number, mostWide: number): Pick<Store, 'wide' | 'min' | 'max'> {
  const at = wire.at
  const flags = wire.byte()
  if (flags & 0x02) refuse('shared memory (threads)', at)
  if (flags & ~0x07) refuse('a memory of custom page size', at)
  const wide = (flags & 0x04) !== 0
  const min = u64(wire)
  const bound = wide ? mostWide : most
  return { wide, min, max: flags & 0x01 ? Math.min(u64(wire), bound) : bound }
}

/** An unsigned LEB128 of 64 bits; above 2⁵³ approximately. */
function u64(wire: Wire): number {
  let value = 0
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = wire.byte()
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  return wire.malformed('a number is longer than 64 bits')
}

/** Skips a value type; answers its first byte. */
export function skipValue(wire: Wire): number {
  const at = wire.at
  const code = wire.byte()
  if (code === 0x63 || code === 0x64) {
    if (wire.peek() === 0x65) refuse('a shared type (threads)', at)
    wire.s33()
  }
  return code
}

function readRecursive(module: Building, wire: Wire): void {
  if (wire.peek() !== 0x4e) return readSubtype(module, wire)
  wire.byte()
  wire.each(() => readSubtype(module, wire))
}

function readSubtype(module: Building, wire: Wire): void {
  let code = wire.byte()
  if (code === 0x50 || code === 0x4f) {
    wire.each(() => wire.u32())
    code = wire.byte()
  }
  const at = wire.at - 1
  switch (code) {
    case 0x60:
      module.types.push(readFunctionType(wire))
      return
    case 0x5f: {
      let bytes = 0
      let fields = 0
      wire.each(() => {
        bytes += readField(wire)
        fields++
      })
      module.types.push(aggregate('struct', fields, bytes))
      return
    }
    case 0x5e:
      module.types.push(aggregate('array', 0, readField(wire)))
      return
    default:
      refuse(`a type of the unknown kind 0x${code.toString(16)}`, at)
  }
}

function readFunctionType(wire: Wire): Type {
  let params = 0
  let references = false
  const paramCount = wire.u32()
  const paramsStart = wire.at
  for (; params < paramCount; params++) {
    const code = skipValue(wire)
    if (code < 0x7b || code > 0x7f) references = true
  }
  const paramsEnd = wire.at
  let results = 0
  const count = wire.u32()
  const resultsStart = wire.at
  for (; results < count; results++) skipValue(wire)
  return {
    kind: 'function',
    params,
    results,
    references,
    paramsStart,
    paramsEnd,
    resultsStart,
    resultsEnd: wire.at,
    bytes: 0,
  }
}

function aggregate(kind: 'struct' | 'array', params: number, bytes: number): Type {
  return {
    kind,
    params,
    results: 0,
    references: false,
    paramsStart: 0,
    paramsEnd: 0,
    resultsStart: 0,
    resultsEnd: 0,
    bytes,
  }
}

/** Bytes of a field, as the engine keeps it. */
function readField(wire: Wire): number {
  const code = skipValue(wire)
  wire.byte()
  if (code === 0x78) return 1
  if (code === 0x77) return 2
  return code === 0x7b ? 16 : 8
}

/** Reads past a constant expression; notes what it refers to. */
function readExpression(module: Building, wire: Wire): void {
  const skip = (): void => void wire.u32()
  const refer = (): void => void module.referenced.push(wire.u32())
  while (constant(wire, skip, refer) !== 0x0b);
}

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

/** A type by its index; of one that there is not, which only bytes that no engine accepts name, one without values. */
export function typeAt(shape: ModuleShape, index: number): Type {
  return shape.types[index] ?? noType
}
