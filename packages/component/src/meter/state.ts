/**
 * What the meter adds to a module so that its state can be read and set from outside: exports of its own memories, tables
 * and mutable globals, and a section that says what else it can change.
 */
import { Wire } from '../wire.ts'
import type { Helpers } from './helpers.ts'
import { meterGlobals } from './helpers.ts'
import { Writer } from './writer.ts'

/** Part of the key of every metered module that is kept. */
export const stateFormat = 1

/** The name of the section. The meter drops a guest's own custom sections, so what stands there is the meter's. */
const sectionName = 'theater:state'

/** What the code of a module does to state that is in no memory and no number. */
export interface Doings {
  readonly writesTables: boolean
  readonly dropsSegments: boolean
}

/** What of a core module's state there is, and under which names it exports that. */
export interface ModuleState extends Doings {
  /** Whether it has objects on the engine's heap. */
  readonly heap: boolean
  /** Of its own memories, whether each is addressed by 64 bits. */
  readonly memories: readonly boolean[]
  /** Of its own mutable globals, the first byte of each one's type. */
  readonly globals: readonly number[]
  /** How many tables of its own it has. */
  readonly tables: number
}

/** What is added to a module for its state. */
export interface StateItems {
  readonly exports: readonly Uint8Array[]
  /** The content of the custom section, its name included. */
  readonly section: Uint8Array
}

/** The name that something is exported under. No name of a component has an exclamation mark. */
export function stateName(kind: 'memory' | 'global' | 'table', index: number): string {
  return `!${kind} ${index}`
}

/** What is added to a module when all that is written into its functions is known. */
export function stateItems(
  { shape, heap: counter, usesHeap }: Helpers,
  { writesTables, dropsSegments }: Doings,
): StateItems {
  const { memories, importedMemories, tables, importedTables } = shape
  const own = memories.slice(importedMemories)
  const globals = shape.mutableGlobals.map(({ index, type }) => ({
    index: index + meterGlobals.length,
    type,
  }))
  if (usesHeap) globals.push({ index: counter, type: 0x7e })
  const exports = [
    ...own.map((_, i) => exported('memory', i, 0x02, importedMemories + i)),
    ...globals.map(({ index }, i) => exported('global', i, 0x03, index)),
    ...tables.slice(importedTables).map((_, i) => exported('table', i, 0x01, importedTables + i)),
  ]
  const heap = shape.types.some(({ kind }) => kind !== 'function')
  const section = new Writer(64)
  writeText(section, sectionName)
  section.byte((writesTables ? 1 : 0) | (dropsSegments ? 2 : 0) | (heap ? 4 : 0))
  section.u32(own.length)
  for (const { wide } of own) section.byte(wide ? 1 : 0)
  section.u32(globals.length)
  for (const { type } of globals) section.byte(type)
  section.u32(tables.length - importedTables)
  return { exports, section: section.done() }
}

function exported(kind: 'memory' | 'global' | 'table', i: number, code: number, index: number): Uint8Array {
  const writer = new Writer(32)
  writeText(writer, stateName(kind, i))
  writer.byte(code)
  writer.u32(index)
  return writer.done()
}

function writeText(writer: Writer, text: string): void {
  const bytes = new TextEncoder().encode(text)
  writer.u32(bytes.length)
  writer.raw(bytes)
}

/** Reads what the meter wrote into a module; `undefined` for one that it did not write. */
export function moduleState(module: WebAssembly.Module): ModuleState | undefined {
  const section = WebAssembly.Module.customSections(module, sectionName)[0]
  if (section === undefined) return undefined
  const wire = new Wire(new Uint8Array(section))
  const flags = wire.byte()
  const memories: boolean[] = []
  const globals: number[] = []
  wire.each(() => memories.push(wire.byte() === 1))
  wire.each(() => globals.push(wire.byte()))
  const tables = wire.u32()
  return {
    writesTables: (flags & 1) !== 0,
    dropsSegments: (flags & 2) !== 0,
    heap: (flags & 4) !== 0,
    memories,
    globals,
    tables,
  }
}
