import type { NumericKind, ValueCodec } from './codec-types.ts'
import { notA, outOfRange, scalarCodec } from './codec-scalar.ts'
import { ValueError } from './errors.ts'
import { isArray, lengthOf, reading, unreadable } from './property.ts'
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

/** A class of typed arrays. Copies are made with it, never with `slice`, which asks the array what to make. */
interface ArrayClass<T> {
  new (length: number): T
  new (of: T): T
}

/**
 * Returns the codec of a list of numbers. Its values are typed arrays; plain arrays are taken too and handed on as the
 * typed array. `list<u8>` is a byte string, every other an array.
 */
export function numericListCodec(kind: NumericKind, copy: boolean): ValueCodec {
  switch (kind) {
    case 'u8':
      return bytesCodec(copy)
    case 's8':
      return integers('s8', Int8Array, copy)
    case 'u16':
      return integers('u16', Uint16Array, copy)
    case 's16':
      return integers('s16', Int16Array, copy)
    case 'u32':
      return integers('u32', Uint32Array, copy)
    case 's32':
      return integers('s32', Int32Array, copy)
    case 'u64':
      return bigs('u64', BigUint64Array, copy)
    case 's64':
      return bigs('s64', BigInt64Array, copy)
    case 'f32':
      return floats('f32', Float32Array, copy)
    case 'f64':
      return floats('f64', Float64Array, copy)
  }
}

function bytesCodec(copy: boolean): ValueCodec {
  return {
    write(value, out) {
      if (typedArrayName(value) === 'Uint8Array') {
        const given = value as Uint8Array
        const own = !copy && Object.getPrototypeOf(given) === Uint8Array.prototype
        const bytes = own ? given : reading(() => new Uint8Array(given))
        out.byteString(bytes)
        return bytes
      }
      if (!isArray(value)) throw notA(value, 'list<u8>')
      const bytes = new Uint8Array(lengthOf(value))
      let i = 0
      let looking = true
      try {
        for (; i < bytes.length; i++) {
          looking = true
          const item = value[i]
          looking = false
          if (typeof item !== 'number') throw notA(item, 'u8')
          const n = item & 0xff
          if (n !== item) throw outOfRange(item, 'u8')
          bytes[i] = n
        }
      } catch (error) {
        throw ValueError.within(`[${i}]`, looking ? unreadable(error) : error)
      }
      out.byteString(bytes)
      return bytes
    },
    // A copy: the value outlives the record, and may be changed.
    read: (input) => new Uint8Array(input.byteString()),
  }
}

function integers<T extends NumberArray>(
  kind: 's8' | 'u16' | 's16' | 'u32' | 's32',
  List: ArrayClass<T> & { readonly name: string },
  copy: boolean,
): ValueCodec {
  const one = scalarCodec(kind)
  return {
    write(value, out) {
      if (typedArrayName(value) === List.name) {
        const list = copy ? copied(value as T, List) : (value as T)
        const n = list.length
        out.array(n)
        for (let i = 0; i < n; i++) out.int(list[i] as number)
        return list
      }
      return writeArray(value, kind, one, List, out)
    },
    read: (input) => readInto(input.array(), List, input, one),
  }
}

function bigs<T extends BigArray>(
  kind: 'u64' | 's64',
  List: ArrayClass<T> & { readonly name: string },
  copy: boolean,
): ValueCodec {
  const one = scalarCodec(kind)
  return {
    write(value, out) {
      if (typedArrayName(value) === List.name) {
        const list = copy ? copied(value as T, List) : (value as T)
        const n = list.length
        out.array(n)
        for (let i = 0; i < n; i++) out.bigint(list[i] as bigint)
        return list
      }
      return writeArray(value, kind, one, List, out)
    },
    read: (input) => readInto(input.array(), List, input, one),
  }
}

function floats<T extends Float32Array | Float64Array>(
  kind: 'f32' | 'f64',
  List: ArrayClass<T> & { readonly name: string },
  copy: boolean,
): ValueCodec {
  const one = scalarCodec(kind)
  return {
    write(value, out) {
      if (typedArrayName(value) === List.name) {
        let list = value as T
        if (copy || hasNaN(list)) {
          list = copied(list, List)
          canonicaliseNaN(list)
        }
        const n = list.length
        out.array(n)
        if (kind === 'f32') for (let i = 0; i < n; i++) out.f32(list[i] as number)
        else for (let i = 0; i < n; i++) out.f64(list[i] as number)
        return list
      }
      const list = writeArray(value, kind, one, List, out)
      canonicaliseNaN(list)
      return list
    },
    read(input) {
      const list = readInto(input.array(), List, input, one)
      canonicaliseNaN(list)
      return list
    },
  }
}

function copied<T extends NumberArray | BigArray>(list: T, List: ArrayClass<T>): T {
  return reading(() => new List(list))
}

function writeArray<T extends NumberArray | BigArray>(
  value: unknown,
  kind: string,
  one: ValueCodec,
  List: ArrayClass<T>,
  out: Parameters<ValueCodec['write']>[1],
): T {
  if (!isArray(value)) throw notA(value, `list<${kind}>`)
  const list = new List(lengthOf(value))
  out.array(list.length)
  let i = 0
  let looking = true
  try {
    for (; i < list.length; i++) {
      looking = true
      const item = value[i]
      looking = false
      list[i] = one.write(item, out, noHandles) as never
    }
  } catch (error) {
    throw ValueError.within(`[${i}]`, looking ? unreadable(error) : error)
  }
  return list
}

function readInto<T extends NumberArray | BigArray>(
  n: number,
  List: ArrayClass<T>,
  input: Parameters<ValueCodec['read']>[0],
  one: ValueCodec,
): T {
  // At most eight bytes of memory for each byte of input: `array` checked n against what is left.
  const list = new List(n)
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
