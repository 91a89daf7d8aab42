import type { NumericKind, ValueCodec } from './codec-types.ts'
import { notA, outOfRange, scalarCodec } from './codec-scalar.ts'
import { ValueError } from './errors.ts'
import { typedArrayName } from './shape.ts'
import { noHandles } from './codec-types.ts'

type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
type BigArray = BigUint64Array | BigInt64Array

/**
 * Returns the codec of a list of numbers. Its values are typed arrays; plain arrays are taken too and handed on as the
 * typed array. `list<u8>` is a byte string, every other an array.
 */
export function numericListCodec(kind: NumericKind, copy: boolean): ValueCodec {
  switch (kind) {
    case 'u8':
      return bytesCodec(copy)
    case 's8':
      return integers('s8', 'Int8Array', (n) => new Int8Array(n), copy)
    case 'u16':
      return integers('u16', 'Uint16Array', (n) => new Uint16Array(n), copy)
    case 's16':
      return integers('s16', 'Int16Array', (n) => new Int16Array(n), copy)
    case 'u32':
      return integers('u32', 'Uint32Array', (n) => new Uint32Array(n), copy)
    case 's32':
      return integers('s32', 'Int32Array', (n) => new Int32Array(n), copy)
    case 'u64':
      return bigs('u64', 'BigUint64Array', (n) => new BigUint64Array(n), copy)
    case 's64':
      return bigs('s64', 'BigInt64Array', (n) => new BigInt64Array(n), copy)
    case 'f32':
      return floats('f32', 'Float32Array', (n) => new Float32Array(n), copy)
    case 'f64':
      return floats('f64', 'Float64Array', (n) => new Float64Array(n), copy)
  }
}

function bytesCodec(copy: boolean): ValueCodec {
  return {
    write(value, out) {
      if (typedArrayName(value) === 'Uint8Array') {
        const bytes = value as Uint8Array
        out.byteString(bytes)
        return copy || bytes.constructor !== Uint8Array ? new Uint8Array(bytes) : bytes
      }
      if (!Array.isArray(value)) throw notA(value, 'list<u8>')
      const bytes = new Uint8Array(value.length)
      for (let i = 0; i < bytes.length; i++) {
        const item: unknown = value[i]
        if (typeof item !== 'number') throw ValueError.within(`[${i}]`, notA(item, 'u8'))
        const n = item & 0xff
        if (n !== item) throw ValueError.within(`[${i}]`, outOfRange(item, 'u8'))
        bytes[i] = n
      }
      out.byteString(bytes)
      return bytes
    },
    // A copy: the value outlives the record, and may be changed.
    read: (input) => new Uint8Array(input.byteString()),
  }
}

function integers(
  kind: 's8' | 'u16' | 's16' | 'u32' | 's32',
  name: string,
  make: (n: number) => NumberArray,
  copy: boolean,
): ValueCodec {
  const one = scalarCodec(kind)
  return {
    write(value, out) {
      if (typedArrayName(value) === name) {
        const list = copy ? (value as NumberArray).slice() : (value as NumberArray)
        const n = list.length
        out.array(n)
        for (let i = 0; i < n; i++) out.int(list[i] as number)
        return list
      }
      return writeArray(value, kind, one, make, out)
    },
    read: (input) => readInto(input.array(), make, input, one),
  }
}

function bigs(kind: 'u64' | 's64', name: string, make: (n: number) => BigArray, copy: boolean): ValueCodec {
  const one = scalarCodec(kind)
  return {
    write(value, out) {
      if (typedArrayName(value) === name) {
        const list = copy ? (value as BigArray).slice() : (value as BigArray)
        const n = list.length
        out.array(n)
        for (let i = 0; i < n; i++) out.bigint(list[i] as bigint)
        return list
      }
      return writeArray(value, kind, one, make, out)
    },
    read: (input) => readInto(input.array(), make, input, one),
  }
}

function floats(
  kind: 'f32' | 'f64',
  name: string,
  make: (n: number) => Float32Array | Float64Array,
  copy: boolean,
): ValueCodec {
  const one = scalarCodec(kind)
  return {
    write(value, out) {
      if (typedArrayName(value) === name) {
        let list = value as Float32Array | Float64Array
        if (copy || hasNaN(list)) {
          list = list.slice()
          canonicaliseNaN(list)
        }
        const n = list.length
        out.array(n)
        if (kind === 'f32') for (let i = 0; i < n; i++) out.f32(list[i] as number)
        else for (let i = 0; i < n; i++) out.f64(list[i] as number)
        return list
      }
      const list = writeArray(value, kind, one, make, out) as Float32Array | Float64Array
      canonicaliseNaN(list)
      return list
    },
    read(input) {
      const list = readInto(input.array(), make, input, one) as Float32Array | Float64Array
      canonicaliseNaN(list)
      return list
    },
  }
}

function writeArray<T extends NumberArray | BigArray>(
  value: unknown,
  kind: string,
  one: ValueCodec,
  make: (n: number) => T,
  out: Parameters<ValueCodec['write']>[1],
): T {
  if (!Array.isArray(value)) throw notA(value, `list<${kind}>`)
  const list = make(value.length)
  out.array(list.length)
  let i = 0
  try {
    for (; i < list.length; i++) list[i] = one.write(value[i], out, noHandles) as never
  } catch (error) {
    throw ValueError.within(`[${i}]`, error)
  }
  return list
}

function readInto<T extends NumberArray | BigArray>(
  n: number,
  make: (n: number) => T,
  input: Parameters<ValueCodec['read']>[0],
  one: ValueCodec,
): T {
  // At most eight bytes of memory for each byte of input: `array` checked n against what is left.
  const list = make(n)
  let i = 0
  try {
    for (; i < n; i++) list[i] = one.read(input, noHandles) as never
  } catch (error) {
    throw ValueError.within(`[${i}]`, error)
  }
  return list
}

function hasNaN(list: Float32Array | Float64Array): boolean {
  for (let i = 0; i < list.length; i++) if (list[i] !== list[i]) return true
  return false
}

/** Sets the bits of every NaN as integers: a NaN stored as a float keeps whatever bits the engine has at hand. */
function canonicaliseNaN(list: Float32Array | Float64Array): void {
  if (!hasNaN(list)) return
  if (list.BYTES_PER_ELEMENT === 4) {
    const bits = new Uint32Array(list.buffer, list.byteOffset, list.length)
    for (let i = 0; i < list.length; i++) if (list[i] !== list[i]) bits[i] = 0x7fc00000
  } else {
    const bits = new BigUint64Array(list.buffer, list.byteOffset, list.length)
    for (let i = 0; i < list.length; i++) if (list[i] !== list[i]) bits[i] = 0x7ff8000000000000n
  }
}
