/** Reading a valid module plainly, for the reference: nothing here is shared with the meter. */

export class Reader {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new RangeError('behind the end')
    return byte
  }

  /** Any LEB128; signed ones come out as the unsigned number of their bits. */
  leb(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  u32(): number {
    return Number(this.leb())
  }

  many<T>(item: () => T): T[] {
    return Array.from({ length: this.u32() }, item)
  }

  /** A value type or the type of a field; answers its first byte. */
  type(): number {
    const code = this.byte()
    if (code === 0x63 || code === 0x64) this.leb()
    return code
  }

  text(): string {
    const length = this.u32()
    this.at += length
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at))
  }
}

/** A type, as far as costs depend on it. */
interface Type {
  readonly values: number
  readonly results: number
  readonly fieldBytes: number
}

/** A module in parts. */
export interface Parts {
  readonly sections: Map<number, Uint8Array>
  readonly types: Type[]
  /** The type of every function. */
  readonly functions: number[]
  readonly importedFunctions: number
  /** The type of every tag. */
  readonly tags: number[]
  readonly wideMemories: boolean[]
  readonly wideTables: boolean[]
  readonly globals: number
}

const size = (code: number): number => (code === 0x78 ? 1 : code === 0x77 ? 2 : code === 0x7b ? 16 : 8)

function readTypes(reader: Reader, into: Type[]): void {
  const field = (): number => {
    const code = reader.type()
    reader.byte()
    return size(code)
  }
  const one = (): void => {
    let code = reader.byte()
    if (code === 0x50 || code === 0x4f) {
      reader.many(() => reader.u32())
      code = reader.byte()
    }
    if (code === 0x60) {
      const values = reader.many(() => reader.type()).length
      into.push({ values, results: reader.many(() => reader.type()).length, fieldBytes: 0 })
    } else if (code === 0x5f) {
      const fields = reader.many(field)
      into.push({ values: fields.length, results: 0, fieldBytes: fields.reduce((a, b) => a + b, 0) })
    } else into.push({ values: 0, results: 0, fieldBytes: field() })
  }
  reader.many(() => {
    if (reader.bytes[reader.at] === 0x4e) {
      reader.byte()
      reader.many(one)
    } else one()
  })
}

/** Takes a module apart. */
export function takeApart(bytes: Uint8Array): Parts {
  const sections = new Map<number, Uint8Array>()
  const parts = {
    sections,
    types: [] as Type[],
    functions: [] as number[],
    importedFunctions: 0,
    tags: [] as number[],
    wideMemories: [] as boolean[],
    wideTables: [] as boolean[],
    globals: 0,
  }
  const file = new Reader(bytes, 8)
  while (file.at < bytes.length) {
    const id = file.byte()
    const length = file.u32()
    sections.set(id, bytes.subarray(file.at, file.at + length))
    file.at += length
  }
  const section = (id: number, read: (reader: Reader) => void): void => {
    const found = sections.get(id)
    if (found !== undefined) read(new Reader(found))
  }
  const limits = (reader: Reader): boolean => {
    const flags = reader.byte()
    reader.leb()
    if (flags & 1) reader.leb()
    return (flags & 4) !== 0
  }
  const table = (reader: Reader): boolean => {
    reader.type()
    return limits(reader)
  }
  section(1, (reader) => readTypes(reader, parts.types))
  section(2, (reader) =>
    reader.many(() => {
      reader.text()
      reader.text()
      switch (reader.byte()) {
        case 0:
          parts.functions.push(reader.u32())
          parts.importedFunctions++
          break
        case 1:
          parts.wideTables.push(table(reader))
          break
        case 2:
          parts.wideMemories.push(limits(reader))
          break
        case 3:
          reader.type()
          reader.byte()
          parts.globals++
          break
        default:
          reader.byte()
          parts.tags.push(reader.u32())
      }
    }),
  )
  section(3, (reader) => reader.many(() => parts.functions.push(reader.u32())))
  section(5, (reader) => reader.many(() => parts.wideMemories.push(limits(reader))))
  section(13, (reader) =>
    reader.many(() => {
      reader.byte()
      parts.tags.push(reader.u32())
    }),
  )
  section(6, (reader) => (parts.globals += reader.u32()))
  section(4, (reader) =>
    reader.many(() => {
      // A table with an initial value is followed by an expression, which only the last one is read past.
      if (reader.bytes[reader.at] === 0x40) {
        reader.at += 2
        parts.wideTables.push(table(reader))
        skipSimple(reader)
      } else parts.wideTables.push(table(reader))
    }),
  )
  return parts
}

/** Reads past an expression of `ref.null`, `ref.func`, `global.get` or constants. */
function skipSimple(reader: Reader): void {
  for (;;) {
    const opcode = reader.byte()
    if (opcode === 0x0b) return
    if (opcode === 0xfb) {
      reader.u32()
      continue
    }
    reader.leb()
  }
}
