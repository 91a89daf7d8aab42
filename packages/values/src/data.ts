import { Link } from './cid.ts'
import { ValueError } from './errors.ts'
import { canonicalDouble } from './reader-refusals.ts'
import { isArray, lengthOf, reading } from './property.ts'
import { MAX_DEPTH, Reader } from './reader.ts'
import { isPlain, show, typedArrayLength, typedArrayName } from './shape.ts'
import { Writer } from './writer.ts'

/**
 * Plain data of DAG-CBOR: JSON, bytes, 64-bit integers and links.
 *
 * Integers beyond ±(2^53 - 1) are bigints. Text has no unpaired surrogates; keys come sorted.
 */
export type Data =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Link
  | readonly Data[]
  | { readonly [key: string]: Data }

/**
 * Returns plain data as canonical DAG-CBOR: shortest heads, keys sorted by length, then bytes; whole numbers as
 * integers, -0 and everything else as a double.
 *
 * Unpaired surrogates in text become U+FFFD.
 *
 * @throws ValueError `not-data` for undefined, NaN, an infinity, a function, an object that is not plain; `too-deep`
 * beyond 512 levels (a cycle, too); `out-of-range` for an integer of more than 64 bits.
 */
export function encodeData(value: Data): Uint8Array<ArrayBuffer> {
  const out = new Writer(256)
  writeData(value, out)
  return out.copy()
}

/** Writes plain data as `encodeData` does, into `out`. */
export function writeData(value: Data, out: Writer): void {
  writeAny(value, out, 0)
}

/**
 * Reads plain data from bytes, or from where a `Reader` stands; bytes must hold one value and nothing after it.
 *
 * Byte strings and links are views into the bytes. What `encodeData` would write otherwise is refused.
 *
 * @throws ValueError
 */
export function decodeData(input: Uint8Array | Reader): Data {
  if (input instanceof Reader) return readAny(input, 0)
  const reader = new Reader(input)
  const value = readAny(reader, 0)
  reader.finish()
  return value
}

/**
 * Returns the items of the array that `bytes` encodes, each as a view of its own bytes.
 *
 * @throws ValueError when the bytes are not one array and nothing else.
 */
export function items(bytes: Uint8Array): Uint8Array[] {
  const reader = new Reader(bytes)
  const n = reader.array()
  const out: Uint8Array[] = []
  for (let i = 0; i < n; i++) {
    const from = reader.offset
    reader.skip()
    out.push(reader.since(from))
  }
  reader.finish()
  return out
}

/** Steps over the value where `reader` stands, without building it. */
export function skip(reader: Reader): void {
  reader.skip()
}

function writeAny(value: unknown, out: Writer, depth: number): void {
  switch (typeof value) {
    case 'string':
      out.text(value)
      return
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.int(value)
      else if (Number.isFinite(value)) out.double(value)
      else throw notData(value)
      return
    case 'boolean':
      out.bool(value)
      return
    case 'bigint':
      out.bigint(value)
      return
    case 'object':
      if (value === null) out.null()
      else writeObject(value, out, depth)
      return
    case 'undefined':
    case 'function':
    case 'symbol':
      throw notData(value)
  }
}

function writeObject(value: object, out: Writer, depth: number): void {
  if (depth >= MAX_DEPTH) throw new ValueError('too-deep', `more than ${MAX_DEPTH} levels`)
  if (isArray(value)) {
    const n = lengthOf(value)
    out.array(n)
    for (let i = 0; i < n; i++) {
      try {
        writeAny(
          reading(() => value[i]),
          out,
          depth + 1,
        )
      } catch (error) {
        throw ValueError.within(`[${i}]`, error)
      }
    }
    return
  }
  const tag = typedArrayName(value)
  if (tag === 'Uint8Array' && typedArrayLength(value) === reading(() => (value as Uint8Array).length))
    return out.byteString(value as Uint8Array)
  if (tag !== undefined) throw notData(value)
  const cid = reading(() => (Link.is(value) ? value.cid : undefined))
  if (cid !== undefined) return out.link(cid)
  const own = reading(() => (isPlain(value) ? Object.keys(value) : undefined))
  if (own === undefined) throw notData(value)
  const keys = own.map((key) => ({ key, text: key.toWellFormed() }))
  if (keys.length > 1) keys.sort((a, b) => compareKeys(a.text, b.text))
  out.map(keys.length)
  let previous: string | undefined
  for (const { key, text } of keys) {
    if (text === previous) throw new ValueError('not-data', `two keys become ${show(text)}`)
    previous = text
    out.text(text)
    try {
      writeAny(
        reading(() => (value as Record<string, unknown>)[key]),
        out,
        depth + 1,
      )
    } catch (error) {
      throw ValueError.within(`.${key}`, error)
    }
  }
}

function readAny(input: Reader, depth: number): Data {
  switch (input.peekMajor()) {
    case 0:
    case 1:
      return input.integer()
    case 2:
      return input.byteString()
    case 3:
      return input.text()
    case 4: {
      deeper(depth)
      const n = input.array()
      const out: Data[] = []
      for (let i = 0; i < n; i++) out.push(readAny(input, depth + 1))
      return out
    }
    case 5:
      deeper(depth)
      return readMap(input, depth)
    case 6:
      return new Link(input.link())
    default: {
      if (input.nullNext()) return null
      return input.doubleNext() ? canonicalDouble(input.double()) : input.bool()
    }
  }
}

function readMap(input: Reader, depth: number): Data {
  const n = input.map()
  const out: Record<string, Data> = {}
  let previous: string | undefined
  for (let i = 0; i < n; i++) {
    const key = input.text()
    if (previous !== undefined && compareKeys(previous, key) >= 0) {
      throw new ValueError('not-canonical', `key ${show(key)} is not after ${show(previous)}`)
    }
    previous = key
    const value = readAny(input, depth + 1)
    // The bytes may be hostile: this key would set the prototype.
    if (key === '__proto__') {
      Object.defineProperty(out, key, { value, writable: true, enumerable: true, configurable: true })
    } else {
      out[key] = value
    }
  }
  return out
}

function deeper(depth: number): void {
  if (depth >= MAX_DEPTH) throw new ValueError('too-deep', `more than ${MAX_DEPTH} levels`)
}

/** The order of keys in DAG-CBOR: shorter UTF-8 first, then by bytes. */
function compareKeys(a: string, b: string): number {
  const difference = utf8Length(a) - utf8Length(b)
  if (difference !== 0) return difference
  // UTF-8 orders as code points do; UTF-16 does not where a surrogate meets U+E000 and up.
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return fix(x) - fix(y)
  }
  return a.length - b.length
}

function fix(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

function utf8Length(text: string): number {
  let n = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) n += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return n
}

function notData(value: unknown): ValueError {
  return new ValueError('not-data', `${show(value)} is not plain data`)
}
