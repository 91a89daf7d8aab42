/** The reference of the meter: modules whose functions count every single instruction, with the counters exported. */
import { Body, counters, leb } from './counted.ts'
import { type Parts, Reader, takeApart } from './reader.ts'
import { cycles } from './cycles.ts'

const i64 = 0x7e

const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content]

/** Adds items to a section that is a vector. */
function extend(parts: Parts, id: number, items: readonly number[][]): number[] {
  const old = parts.sections.get(id)
  const reader = new Reader(old ?? Uint8Array.of(0))
  const count = reader.u32()
  return section(id, [...leb(count + items.length), ...reader.bytes.subarray(reader.at), ...items.flat()])
}

/** Every memory, table and global of a module exported, so that they can be compared. */
export function exportAll(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = takeApart(bytes)
  const exported = (kind: number, letter: string, count: number): number[][] =>
    Array.from({ length: count }, (_, i) => [...name(`all ${letter}${i}`), kind, ...leb(i)])
  return write(parts, {
    7: extend(parts, 7, [
      ...exported(1, 't', parts.wideTables.length),
      ...exported(2, 'm', parts.wideMemories.length),
      ...exported(3, 'g', parts.globals),
    ]),
  })
}

function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)]
  return [...leb(bytes.length), ...bytes]
}

const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

function write(parts: Parts, replaced: Readonly<Record<number, number[]>>): Uint8Array<ArrayBuffer> {
  const out = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  for (const id of order) {
    const made = replaced[id]
    const old = parts.sections.get(id)
    if (made !== undefined) for (const byte of made) out.push(byte)
    else if (old !== undefined) for (const byte of section(id, [...old])) out.push(byte)
  }
  return Uint8Array.from(out)
}

/** Writes the counters into a module. */
export function reference(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = takeApart(bytes)
  const globals = counters.map(() => [i64, 1, 0x42, 0, 0x0b])
  const exports = counters.map((of, i) => [...name(`counter ${of}`), 3, ...leb(parts.globals + i)])
  const bodies = readBodies(parts)
  const recurs = cycles(
    bodies.map((bytes, i) => {
      const body = new Body(parts, parts.importedFunctions + i, bytes, () => false)
      body.write()
      return body.callees.map((callee) => callee - parts.importedFunctions)
    }),
  )
  const code = bodies.flatMap((bytes, i) => {
    const again = (callee: number): boolean => recurs(i, callee - parts.importedFunctions)
    const made = new Body(parts, parts.importedFunctions + i, bytes, again).write()
    return [...leb(made.length), ...made]
  })
  return write(parts, {
    6: extend(parts, 6, globals),
    7: extend(parts, 7, exports),
    ...(bodies.length === 0 ? {} : { 10: section(10, [...leb(bodies.length), ...code]) }),
  })
}

function readBodies(parts: Parts): Uint8Array[] {
  const code = parts.sections.get(10)
  if (code === undefined) return []
  const reader = new Reader(code)
  return Array.from({ length: reader.u32() }, () => {
    const length = reader.u32()
    reader.at += length
    return reader.bytes.slice(reader.at - length, reader.at)
  })
}
