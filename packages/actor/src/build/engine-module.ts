/**
 * The core module of the engine as bytes: what is read from it and written into it between the steps of a build. It is for
 * what componentize-js brings and makes; modules from elsewhere belong to `@theater/component`.
 *
 * @module
 */

/** What a module is after its code has run, but for its code. */
export interface Ran {
  /** The memory, whole pages. */
  readonly memory: Uint8Array
  /** The value of each mutable global, by its index. */
  readonly globals: ReadonlyMap<number, number>
}

/** The numbers of sections, https://webassembly.github.io/spec/core/binary/modules.html#sections. */
const section = { memory: 5, global: 6, export: 7, start: 8, code: 10, data: 11, dataCount: 12 } as const

const i32 = 0x7f
const i32Const = 0x41
const end = 0x0b
const pageSize = 65_536
const globalExport = 'theater:global:'

/** Zeros between two pieces of memory that are cheaper than a segment of their own. */
const gap = 8

/** The same module with each mutable global exported, so that {@link globalsOf} finds them. */
export function withGlobalsExported(module: Uint8Array): Uint8Array {
  const globals = mutableGlobals(module)
  return rewrite(module, (id, content) => {
    if (id !== section.export) return content
    const exports = listOf(content)
    const more = globals.flatMap((index) => {
      const name = Buffer.from(`${globalExport}${index}`)
      return [...u32(name.length), ...name, 3, ...u32(index)]
    })
    return Buffer.concat([
      Uint8Array.from(u32(exports.count + globals.length)),
      exports.items,
      Uint8Array.from(more),
    ])
  })
}

/** The values of an instance's mutable globals. */
export function globalsOf(exports: WebAssembly.Exports): Map<number, number> {
  const found = Object.entries(exports).filter(([name]) => name.startsWith(globalExport))
  return new Map(
    found.map(([name, global]) => [
      Number(name.slice(globalExport.length)),
      Number((global as WebAssembly.Global).value),
    ]),
  )
}

/** A module that begins where another one's code has come to: its memory and globals, without the exports that are used up. */
export function resumed(module: Uint8Array, ran: Ran, usedUp: readonly string[]): Uint8Array {
  const segments = segmentsOf(ran.memory)
  return rewrite(module, (id, content) => {
    switch (id) {
      case section.memory:
        return withPages(content, ran.memory.length / pageSize)
      case section.global:
        return withValues(content, ran.globals)
      case section.export:
        return withoutExports(content, usedUp)
      case section.start:
        return undefined
      case section.dataCount:
        return Uint8Array.from(u32(segments.length))
      case section.data:
        return dataSection(segments)
      default:
        return content
    }
  })
}

/**
 * Sets the clock of an engine whose own is off: componentize-js puts the time of the build in its place, for ever, in a
 * function that returns it and in one that writes it. Both are so short, and have one value, that no other function is
 * taken for them. In place.
 */
export function setClock(module: Uint8Array, nanoseconds: bigint): boolean {
  const found: { readonly value: string; readonly at: number; readonly writes: boolean }[] = []
  for (const { start, stop } of bodies(module)) {
    if (stop - start > longestStub) continue
    const body = Buffer.from(module.subarray(start, stop)).toString('hex')
    const read = readsTime.exec(body)?.[1]
    const written = writesTime.exec(body)?.[1]
    if (read !== undefined) found.push({ value: read, at: start + 2, writes: false })
    if (written !== undefined) found.push({ value: written, at: start + 6, writes: true })
  }
  const stubs = found.filter((one) =>
    found.some((other) => other.value === one.value && other.writes !== one.writes),
  )
  const value = i64(nanoseconds)
  if (stubs.length !== 2 || value.length !== 9) return false
  for (const { at } of stubs) module.set(value, at)
  return true
}

interface Segment {
  readonly at: number
  readonly bytes: Uint8Array
}

// `i64.const T; end`, and `local.get 2; local.get 2; i64.const T; i64.store; end`, both after no locals.
const readsTime = /^0042([0-9a-f]{18})0b$/
const writesTime = /^002002200242([0-9a-f]{18})3703000b$/
const longestStub = 19

/** What is not zero. */
function segmentsOf(memory: Uint8Array): Segment[] {
  const words = new BigUint64Array(memory.buffer, memory.byteOffset, memory.length / 8)
  const segments: Segment[] = []
  let from = -1
  let to = 0
  const close = (): void => {
    if (from < 0) return
    while (memory[from] === 0) from++
    while (memory[to - 1] === 0) to--
    segments.push({ at: from, bytes: memory.subarray(from, to) })
  }
  for (let i = 0; i < words.length; i++) {
    if (words[i] === 0n) continue
    if (from < 0 || i * 8 - to > gap) {
      close()
      from = i * 8
    }
    to = i * 8 + 8
  }
  close()
  return segments
}

function dataSection(segments: readonly Segment[]): Uint8Array {
  const parts = segments.flatMap(({ at, bytes }) => [
    Uint8Array.from([0, i32Const, ...s32(at), end, ...u32(bytes.length)]),
    bytes,
  ])
  return Buffer.concat([Uint8Array.from(u32(segments.length)), ...parts])
}

function withPages(content: Uint8Array, pages: number): Uint8Array {
  const reader = new Reader(content)
  if (reader.u32() !== 1) throw new RangeError('the engine has more than one memory')
  const limits = reader.byte()
  reader.u32()
  return Buffer.concat([Uint8Array.from([1, limits, ...u32(pages)]), content.subarray(reader.at)])
}

function withValues(content: Uint8Array, values: ReadonlyMap<number, number>): Uint8Array {
  const globals = globalsIn(content).map(({ type, mutable, bytes }, index) => {
    const value = values.get(index)
    return value === undefined
      ? bytes
      : Uint8Array.from([type, Number(mutable), i32Const, ...s32(value), end])
  })
  return Buffer.concat([Uint8Array.from(u32(globals.length)), ...globals])
}

function withoutExports(content: Uint8Array, names: readonly string[]): Uint8Array {
  const reader = new Reader(content)
  const kept: Uint8Array[] = []
  for (let count = reader.u32(); count > 0; count--) {
    const from = reader.at
    const name = reader.text()
    reader.byte()
    reader.u32()
    if (!names.includes(name)) kept.push(content.subarray(from, reader.at))
  }
  return Buffer.concat([Uint8Array.from(u32(kept.length)), ...kept])
}

interface Global {
  readonly type: number
  readonly mutable: boolean
  readonly bytes: Uint8Array
}

function globalsIn(content: Uint8Array): Global[] {
  const reader = new Reader(content)
  return Array.from({ length: reader.u32() }, () => {
    const from = reader.at
    const type = reader.byte()
    const mutable = reader.byte() === 1
    // Any other expression has operands that could look like its end.
    if (type !== i32 || reader.byte() !== i32Const)
      throw new RangeError('a global of the engine is no i32 constant')
    reader.u32()
    if (reader.byte() !== end) throw new RangeError('a global of the engine is no i32 constant')
    return { type, mutable, bytes: content.subarray(from, reader.at) }
  })
}

/** The engine imports no global, so that these are counted from 0. */
function mutableGlobals(module: Uint8Array): number[] {
  for (const { id, content } of sections(module)) {
    if (id !== section.global) continue
    return globalsIn(content).flatMap(({ mutable }, index) => (mutable ? [index] : []))
  }
  return []
}

function* bodies(module: Uint8Array): Generator<{ readonly start: number; readonly stop: number }> {
  for (const { id, content } of sections(module)) {
    if (id !== section.code) continue
    const offset = content.byteOffset - module.byteOffset
    const reader = new Reader(content)
    for (let count = reader.u32(); count > 0; count--) {
      const size = reader.u32()
      yield { start: offset + reader.at, stop: offset + reader.at + size }
      reader.at += size
    }
  }
}

function listOf(content: Uint8Array): { readonly count: number; readonly items: Uint8Array } {
  const reader = new Reader(content)
  return { count: reader.u32(), items: content.subarray(reader.at) }
}

function* sections(module: Uint8Array): Generator<{ readonly id: number; readonly content: Uint8Array }> {
  const reader = new Reader(module)
  for (reader.at = 8; reader.at < module.length;) {
    const id = reader.byte()
    const size = reader.u32()
    yield { id, content: module.subarray(reader.at, reader.at + size) }
    reader.at += size
  }
}

function rewrite(
  module: Uint8Array,
  change: (id: number, content: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const parts: Uint8Array[] = [module.subarray(0, 8)]
  for (const { id, content } of sections(module)) {
    const changed = change(id, content)
    if (changed !== undefined) parts.push(Uint8Array.from([id, ...u32(changed.length)]), changed)
  }
  return Buffer.concat(parts)
}

class Reader {
  readonly #bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new RangeError('the engine ends too early')
    return byte
  }

  /** A LEB128 number; a signed one is only passed over. */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number in the engine is too long')
  }

  text(): string {
    const length = this.u32()
    this.at += length
    return Buffer.from(this.#bytes.subarray(this.at - length, this.at)).toString()
  }
}

function u32(value: number): number[] {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80)
  return [...bytes, value]
}

function s32(value: number): number[] {
  return i64(BigInt(value | 0))
}

function i64(value: bigint): number[] {
  const bytes: number[] = []
  for (;;) {
    const low = Number(value & 0x7fn)
    value >>= 7n
    if ((value === 0n && low < 0x40) || (value === -1n && low >= 0x40)) return [...bytes, low]
    bytes.push(low + 0x80)
  }
}
