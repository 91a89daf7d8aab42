/** Putting a module together again: what was there, with the meter's additions in each section. */
import { Wire } from '../wire.ts'
import type { Hints } from './hints.ts'
import { type Helpers, meterGlobals } from './helpers.ts'
import { constant } from './constant.ts'
import { type ModuleShape, reserved, type Section, skipValue } from './module.ts'
import type { StateItems } from './state.ts'
import { Writer } from './writer.ts'

/** The order of sections; 13 stands between 5 and 6, 12 before 10. */
const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

/** What came of the functions. */
export interface Written {
  readonly hints: Hints
  /** Their types, by the order of their bodies. */
  readonly types: readonly number[]
}

/** Writes the whole module; `code` holds the functions that were written anew. */
export function assemble(
  shape: ModuleShape,
  helpers: Helpers,
  code: Writer,
  written: Written,
  state: StateItems,
): Uint8Array {
  const { bytes } = shape
  const writer = new Writer(code.length + (bytes.length >> 1) + 1024)
  writer.copy(bytes, 0, 8)
  const byId = new Map(shape.sections.map((section) => [section.id, section]))
  for (const id of order) {
    const section = byId.get(id)
    const addition = id === 7 ? state.exports : additions(id, helpers)
    if (id === 10) written.hints.write(writer)
    if (id === 3) writeTypes(writer, helpers, written.types)
    else if (id === 10) writeCode(writer, shape, section, helpers, code)
    else if (addition.length > 0) append(writer, helpers, id, section, addition)
    else if (section !== undefined) {
      const at = open(writer, id)
      writeShifted(writer, helpers, section, section.start)
      writer.fill(at)
    }
  }
  for (const section of shape.sections) if (section.id === 0) writeNames(writer, bytes, section)
  const at = open(writer, 0)
  writer.raw(state.section)
  writer.fill(at)
  return writer.done()
}

function open(writer: Writer, id: number): number {
  writer.byte(id)
  return writer.reserve()
}

/** What is added to a section: its items, as they are written. */
function additions(id: number, helpers: Helpers): readonly Uint8Array[] {
  const made = (write: (writer: Writer) => void): Uint8Array => {
    const writer = new Writer(32)
    write(writer)
    return writer.done()
  }
  switch (id) {
    case 1:
      return helpers.types
    case 2:
      return meterGlobals.map(({ name, type }) =>
        made((writer) => {
          for (const part of [reserved, name]) {
            writer.u32(part.length)
            writer.raw(new TextEncoder().encode(part))
          }
          writer.raw([0x03, type, 0x01])
        }),
      )
    case 6:
      return helpers.usesHeap ? [Uint8Array.of(0x7e, 0x01, 0x42, 0x00, 0x0b)] : []
    default:
      return []
  }
}

/** Writes a section with items more. */
function append(
  writer: Writer,
  helpers: Helpers,
  id: number,
  section: Section | undefined,
  items: readonly Uint8Array[],
): void {
  const at = open(writer, id)
  let count = 0
  let from = 0
  if (section !== undefined) {
    const wire = new Wire(helpers.shape.bytes, section.start, section.end)
    count = wire.u32()
    from = wire.at
  }
  writer.u32(count + items.length)
  if (section !== undefined) writeShifted(writer, helpers, section, from)
  for (const item of items) writer.raw(item)
  writer.fill(at)
}

/** The types of the functions, with those of the meter's own. */
function writeTypes(writer: Writer, helpers: Helpers, types: readonly number[]): void {
  const all = [...types, ...helpers.functions.map(({ type }) => type)]
  if (all.length === 0) return
  const at = open(writer, 3)
  writer.u32(all.length)
  for (const type of all) writer.u32(type)
  writer.fill(at)
}

function writeCode(
  writer: Writer,
  shape: ModuleShape,
  section: Section | undefined,
  helpers: Helpers,
  code: Writer,
): void {
  const count = shape.functions.length - shape.importedFunctions + helpers.functions.length
  if (section === undefined && count === 0) return
  const at = open(writer, 10)
  writer.u32(count)
  writer.copy(code.bytes, 0, code.length)
  for (const { body } of helpers.functions) {
    writer.u32(body.length)
    writer.raw(body)
  }
  writer.fill(at)
}

/** Writes the content of a section from an offset on, with indices that are others now. */
function writeShifted(writer: Writer, { shape, entries }: Helpers, section: Section, start: number): void {
  const { bytes } = shape
  const wire = new Wire(bytes, section.start, section.end)
  let from = start
  const replace = (at: number, index: number): void => {
    writer.copy(bytes, from, at)
    writer.u32(index)
    from = wire.at
  }
  const global = (): void => {
    const at = wire.at
    const index = wire.u32()
    if (index >= shape.importedGlobals) replace(at, index + meterGlobals.length)
  }
  const entry = (): void => {
    const at = wire.at
    const made = entries.get(wire.u32())
    if (made !== undefined) replace(at, made)
  }
  if (section.id === 7) wire.each(() => exported(wire, global, entry))
  else if (section.id === 8) entry()
  else if (shape.globals > shape.importedGlobals) eachGlobal(section.id, wire, global)
  writer.copy(bytes, from, section.end)
}

function exported(wire: Wire, global: () => void, entry: () => void): void {
  wire.range()
  const kind = wire.byte()
  if (kind === 0x00) entry()
  else if (kind === 0x03) global()
  else wire.u32()
}

/** Finds each index of a global outside of functions; `found` reads it. */
function eachGlobal(id: number, wire: Wire, found: () => void): void {
  const expression = (): void => {
    while (constant(wire, found, () => wire.u32()) !== 0x0b);
  }
  switch (id) {
    case 4:
      wire.each(() => {
        const initial = wire.peek() === 0x40
        if (initial) wire.at += 2
        skipValue(wire)
        const flags = wire.byte()
        wire.skipLeb()
        if (flags & 0x01) wire.skipLeb()
        if (initial) expression()
      })
      return
    case 6:
      wire.each(() => {
        skipValue(wire)
        wire.byte()
        expression()
      })
      return
    case 9:
      wire.each(() => elements(wire, expression))
      return
    case 11:
      wire.each(() => {
        const flags = wire.u32()
        if (flags === 2) wire.u32()
        if (flags !== 1) expression()
        wire.range()
      })
      return
    default:
  }
}

function elements(wire: Wire, expression: () => void): void {
  const flags = wire.u32()
  const passive = (flags & 1) !== 0
  if (!passive) {
    if (flags & 2) wire.u32()
    expression()
  }
  const typed = (flags & 3) !== 0
  if (flags & 4) {
    if (typed) skipValue(wire)
    wire.each(expression)
  } else {
    if (typed) wire.byte()
    wire.each(() => wire.u32())
  }
}

/**
 * Keeps the names of functions, for stack traces. All other custom sections go: some hold offsets of instructions (a
 * guest's own branch hints), which are no longer true.
 */
function writeNames(writer: Writer, bytes: Uint8Array, section: Section): void {
  const wire = new Wire(bytes, section.start, section.end)
  try {
    if (wire.text(64) !== 'name') return
    while (!wire.done) {
      const start = wire.at
      const kind = wire.byte()
      const { end } = wire.range()
      if (kind !== 1) continue
      const at = open(writer, 0)
      writer.raw([4, 0x6e, 0x61, 0x6d, 0x65])
      writer.copy(bytes, start, end)
      writer.fill(at)
      return
    }
  } catch {
    // Engines do not read into custom sections that are malformed, and neither is it a fault here.
  }
}
