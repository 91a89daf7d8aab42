/**
 * Counting in one function: before every single instruction a counter goes up by what that instruction costs. No
 * blocks, no locals that stand for globals, nothing left out; the table of costs is written again, by the names of the
 * instructions' groups.
 */
import { type Parts, Reader } from './reader.ts'

/** What is counted, each in a global that is exported under its name. */
export const counters = ['cost', 'loops', 'grows', 'indirect', 'throws', 'calls', 'recursions'] as const

type Counter = (typeof counters)[number]

const i64 = 0x7e

/** An unsigned LEB128. */
export function leb(value: number | bigint): number[] {
  const out: number[] = []
  let rest = BigInt(value)
  for (;;) {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    if (rest === 0n) return [...out, low]
    out.push(low | 0x80)
  }
}

function signed(value: number): number[] {
  const out: number[] = []
  let rest = BigInt(value)
  for (;;) {
    const low = Number(BigInt.asUintN(7, rest))
    rest >>= 7n
    if ((rest === 0n && low < 64) || (rest === -1n && low >= 64)) return [...out, low]
    out.push(low | 0x80)
  }
}

/** One function, written anew. */
export class Body {
  readonly #parts: Parts
  readonly #index: number
  readonly #reader: Reader
  readonly #out: number[] = []
  #short = 0
  /** The functions called directly. */
  readonly callees: number[] = []

  /** Whether a callee may come back to this function. */
  readonly #recurs: (callee: number) => boolean

  constructor(parts: Parts, index: number, bytes: Uint8Array, recurs: (callee: number) => boolean) {
    this.#recurs = recurs
    this.#parts = parts
    this.#index = index
    this.#reader = new Reader(bytes)
  }

  write(): number[] {
    const reader = this.#reader
    const params = this.#type(this.#parts.functions[this.#index] ?? 0).values
    const groups = reader.u32()
    const from = reader.at
    let locals = 0
    for (let i = 0; i < groups; i++) {
      locals += reader.u32()
      reader.type()
    }
    this.#short = params + locals
    // Two of 32 bits, two of 64.
    this.#out.push(...leb(groups + 2), ...reader.bytes.subarray(from, reader.at), 2, 0x7f, 2, i64)
    this.#count(Math.floor(locals / 4))
    this.#count(1, 'calls')
    while (reader.at < reader.bytes.length) this.#instruction()
    return this.#out
  }

  #type(index: number): { readonly values: number; readonly results: number; readonly fieldBytes: number } {
    return this.#parts.types[index] ?? { values: 0, results: 0, fieldBytes: 0 }
  }

  #global(counter: Counter): number[] {
    return leb(this.#parts.globals + counters.indexOf(counter))
  }

  #count(cost: number, counter: Counter = 'cost'): void {
    if (cost === 0) return
    const at = this.#global(counter)
    this.#out.push(0x23, ...at, 0x42, ...signed(cost), 0x7c, 0x24, ...at)
  }

  /** Counts what is on top, times something, and leaves it there. */
  #countTop(wide: boolean, times: readonly number[]): void {
    const local = leb(this.#short + (wide ? 2 : 0))
    const at = this.#global('cost')
    this.#out.push(
      0x22,
      ...local,
      0x23,
      ...at,
      0x20,
      ...local,
      ...(wide ? [] : [0xad]),
      ...times,
      0x7c,
      0x24,
      ...at,
    )
  }

  #instruction(): void {
    const reader = this.#reader
    const start = reader.at
    const opcode = reader.byte()
    const copy = (): void => {
      for (const byte of reader.bytes.subarray(start, reader.at)) this.#out.push(byte)
    }
    const plain = (cost: number): void => {
      this.#count(cost)
      copy()
    }
    const blockType = (): void => {
      const first = reader.bytes[reader.at] ?? 0
      if (first >= 0x40 && first < 0x80) reader.type()
      else reader.leb()
    }
    if (opcode === 0x03) {
      blockType()
      copy()
      this.#count(1, 'loops')
      return
    }
    if (opcode === 0x02 || opcode === 0x06) {
      blockType()
      return plain(0)
    }
    if (opcode === 0x04) {
      blockType()
      return plain(1)
    }
    if (opcode === 0x1f) {
      blockType()
      reader.many(() => {
        if (reader.byte() < 2) reader.leb()
        reader.leb()
      })
      return plain(0)
    }
    if (opcode === 0x08) {
      const params = this.#type(this.#parts.tags[reader.u32()] ?? 0).values
      this.#count(1, 'throws')
      return plain(1024 + params)
    }
    if (opcode === 0x09 || opcode === 0x0a) {
      if (opcode === 0x09) reader.leb()
      this.#count(1, 'throws')
      return plain(1024)
    }
    if (opcode === 0x07 || opcode === 0x18) {
      reader.leb()
      return plain(0)
    }
    if ([0x00, 0x01, 0x05, 0x0b, 0x19, 0x1a].includes(opcode)) {
      return plain(0)
    }
    if (opcode === 0x0c || opcode === 0x0d || opcode === 0xd5 || opcode === 0xd6) {
      reader.leb()
      return plain(1)
    }
    if (opcode === 0x0e) {
      reader.many(() => reader.leb())
      reader.leb()
      return plain(2)
    }
    if (opcode === 0x0f || opcode === 0x1b) {
      return plain(1)
    }
    if (opcode === 0x1c) {
      reader.many(() => reader.type())
      return plain(1)
    }
    if (opcode === 0x10 || opcode === 0x12) {
      const callee = reader.u32()
      this.callees.push(callee)
      if (this.#recurs(callee)) this.#count(1, 'recursions')
      const { values, results } = this.#type(this.#parts.functions[callee] ?? 0)
      return plain(4 + Math.floor((values + results) / 8))
    }
    if (opcode === 0x11 || opcode === 0x13 || opcode === 0x14 || opcode === 0x15) {
      const { values, results } = this.#type(reader.u32())
      if (opcode === 0x11 || opcode === 0x13) reader.leb()
      this.#count(1, 'indirect')
      return plain(8 + Math.floor((values + results) / 8))
    }
    if (opcode === 0x25) {
      reader.leb()
      return plain(2)
    }
    if (opcode === 0x26) {
      reader.leb()
      return plain(8)
    }
    if (opcode >= 0x20 && opcode <= 0x24) {
      reader.leb()
      return plain(1)
    }
    if (opcode >= 0x28 && opcode <= 0x3e) {
      this.#memory()
      return plain(1)
    }
    if (opcode === 0x3f || opcode === 0x41 || opcode === 0x42 || opcode === 0xd0) {
      reader.leb()
      return plain(1)
    }
    if (opcode === 0x40) {
      const wide = this.#parts.wideMemories[reader.u32()] ?? false
      this.#count(512)
      return this.#grow(wide, 8192, copy)
    }
    if (opcode === 0x43) {
      reader.at += 4
      return plain(1)
    }
    if (opcode === 0x44) {
      reader.at += 8
      return plain(1)
    }
    if (opcode >= 0x6d && opcode <= 0x70) {
      return plain(8)
    }
    if (opcode >= 0x7f && opcode <= 0x82) {
      return plain(16)
    }
    if (opcode === 0x91 || opcode === 0x95) {
      return plain(4)
    }
    if (opcode === 0x9f || opcode === 0xa3) {
      return plain(8)
    }
    if (opcode >= 0x45 && opcode <= 0xc4) {
      return plain(1)
    }
    if (opcode === 0xd2) {
      reader.leb()
      return plain(4)
    }
    if (opcode === 0xd1 || opcode === 0xd3 || opcode === 0xd4) {
      return plain(1)
    }
    if (opcode === 0xfb) {
      return this.#gc(plain)
    }
    if (opcode === 0xfc) {
      return this.#bulk(plain, copy)
    }
    if (opcode === 0xfd) {
      return this.#simd(plain)
    }
    throw new RangeError(`the reference does not know 0x${opcode.toString(16)}`)
  }

  #memory(): void {
    if (this.#reader.u32() & 0x40) this.#reader.leb()
    this.#reader.leb()
  }

  /** A `grow`: what it grew by is paid if it did. */
  #grow(wide: boolean, each: number, copy: () => void): void {
    this.#count(1, 'grows')
    const delta = leb(this.#short + (wide ? 2 : 0))
    const answer = leb(this.#short + (wide ? 3 : 1))
    const at = this.#global('cost')
    this.#out.push(0x22, ...delta)
    copy()
    this.#out.push(0x22, ...answer, 0x20, ...answer, wide ? 0x42 : 0x41, 0x7f, wide ? 0x52 : 0x47, 0x04, 0x40)
    this.#out.push(0x20, ...delta, ...(wide ? [] : [0xad]), 0x42, ...signed(each), 0x7e, 0x23, ...at, 0x7c)
    this.#out.push(0x24, ...at, 0x0b)
  }

  #bulk(plain: (cost: number) => void, copy: () => void): void {
    const reader = this.#reader
    const opcode = reader.u32()
    const { wideMemories, wideTables } = this.#parts
    const bytes = [0x42, 3, 0x88]
    const elements = [0x42, 8, 0x7e]
    const dynamic = (wide: boolean, times: readonly number[]): void => {
      this.#countTop(wide, times)
      plain(8)
    }
    if (opcode <= 7) return plain(1)
    const first = reader.u32()
    const second = [8, 10, 12, 14].includes(opcode) ? reader.u32() : 0
    switch (opcode) {
      case 9:
      case 13:
      case 16:
        return plain(1)
      case 8:
        return dynamic(false, bytes)
      case 10:
        return dynamic((wideMemories[first] ?? false) && (wideMemories[second] ?? false), bytes)
      case 11:
        return dynamic(wideMemories[first] ?? false, bytes)
      case 12:
        return dynamic(false, elements)
      case 14:
        return dynamic((wideTables[first] ?? false) && (wideTables[second] ?? false), elements)
      case 15:
        this.#count(128)
        return this.#grow(wideTables[first] ?? false, 8, copy)
      case 17:
        return dynamic(wideTables[first] ?? false, elements)
      default:
        throw new RangeError(`the reference does not know 0xfc ${opcode}`)
    }
  }

  #gc(plain: (cost: number) => void): void {
    const reader = this.#reader
    const opcode = reader.u32()
    switch (opcode) {
      case 0:
      case 1:
        return plain(8 + Math.floor((16 + this.#type(reader.u32()).fieldBytes) / 8))
      case 2:
      case 3:
      case 4:
      case 5:
        reader.leb()
        reader.leb()
        return plain(opcode === 5 ? 2 : 1)
      case 6:
      case 7:
      case 9:
      case 10:
        reader.leb()
        if (opcode > 7) reader.leb()
        this.#countTop(false, [])
        return plain(8)
      case 8: {
        const { fieldBytes } = this.#type(reader.u32())
        return plain(8 + Math.floor((16 + fieldBytes * reader.u32()) / 8))
      }
      case 11:
      case 12:
      case 13:
      case 14:
        reader.leb()
        return plain(opcode === 14 ? 2 : 1)
      case 15:
        return plain(1)
      case 16:
      case 17:
      case 18:
      case 19:
        reader.leb()
        if (opcode > 16) reader.leb()
        this.#countTop(false, [])
        return plain(8)
      case 20:
      case 21:
      case 22:
      case 23:
        reader.leb()
        return plain(4)
      case 24:
      case 25:
        reader.byte()
        reader.leb()
        reader.leb()
        reader.leb()
        return plain(4)
      case 26:
      case 27:
        return plain(4)
      default:
        return plain(1)
    }
  }

  #simd(plain: (cost: number) => void): void {
    const reader = this.#reader
    const opcode = reader.u32()
    if (opcode <= 11 || opcode === 92 || opcode === 93) this.#memory()
    else if (opcode === 12 || opcode === 13) reader.at += 16
    else if (opcode >= 21 && opcode <= 34) reader.at += 1
    else if (opcode >= 84 && opcode <= 91) {
      this.#memory()
      reader.at += 1
    }
    const dear: Readonly<Record<number, number>> = { 213: 4, 227: 8, 231: 8, 239: 16, 243: 16 }
    const twice = [13, 14, 94, 95].includes(opcode) || (opcode >= 181 && opcode <= 191) || opcode >= 248
    plain(dear[opcode] ?? (twice ? 2 : 1))
  }
}
