import { compileType } from './codec.ts'
import { noHandles } from './codec-types.ts'
import { ValueError } from './errors.ts'
import { camelCase } from './names.ts'
import { isArray as isList, lengthOf } from './property.ts'
import { isTaggedOption, show, typedArrayLength, typedArrayName } from './shape.ts'
import type { HandleType, Json, RecordType, ValType } from './types.ts'
import { Writer } from './writer.ts'

/** Says in JSON what a resource is, for `toJson`. */
export type DescribeResource = (value: unknown, type: HandleType) => Json

/**
 * Returns a value as JSON for people: what a command prints.
 *
 * - 64-bit integers: numbers while safe, beyond that decimal text; `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"` as text
 * - `list<u8>`: `{ "utf8": … }` when it is clean text, else `{ "base64": … }`
 * - records: an object by WIT names; flags: the names that are set; enums: the name
 * - variants and results: `"case"`, or `{ "case": payload }`
 * - options: null or the payload, `{ "some": … }` around it where the payload is an option itself
 * - resources: what `describe` says, else `{ "resource": name, "number": n }`
 *
 * Never throws: what is not of the type is printed as `{ "invalid": "…" }`.
 *
 * @example
 * ```ts
 * toJson(new Uint8Array([104, 105]), { kind: 'list', element: { kind: 'u8' } }) // { utf8: 'hi' }
 * ```
 */
export function toJson(value: unknown, type: ValType, describe: DescribeResource = describePlainly): Json {
  try {
    return print(value, type, describe)
  } catch {
    // A proxy or an accessor that throws, or a type nested too deep.
    return invalid(value)
  }
}

/**
 * Reads the JSON of `toJson` back into a value. Fields and flags may be named in camelCase too; `list<u8>` may be an array
 * of numbers; a field of option type may be absent.
 *
 * @throws ValueError with the path, also for an unknown field; there is no JSON of a resource.
 */
export function fromJson(json: Json, type: ValType): unknown {
  return compileType(type).write(parse(json, type), new Writer(), noHandles)
}

function print(value: unknown, type: ValType, describe: DescribeResource): Json {
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean' ? value : invalid(value)
    case 'u8':
    case 's8':
    case 'u16':
    case 's16':
    case 'u32':
    case 's32':
    case 'f32':
    case 'f64':
      if (typeof value !== 'number') return invalid(value)
      return Number.isFinite(value) && !Object.is(value, -0) ? value : show(value)
    case 'u64':
    case 's64':
      if (typeof value !== 'bigint') return invalid(value)
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'char':
    case 'string':
      return typeof value === 'string' ? value : invalid(value)
    case 'enum':
      return typeof value === 'string' ? value : invalid(value)
    case 'list':
      return printList(value, type.element, describe)
    case 'tuple':
      if (!Array.isArray(value) || value.length !== type.elements.length) return invalid(value)
      return type.elements.map((element, i) => toJson(value[i], element, describe))
    case 'record':
      return printRecord(value, type, describe)
    case 'flags':
      if (typeof value !== 'object' || value === null) return invalid(value)
      return type.names.filter((name) => Reflect.get(value, camelCase(name)) === true)
    case 'variant': {
      const tag = tagOf(value)
      const found = type.cases.find((it) => it.name === tag)
      return found === undefined ? invalid(value) : printCase(found.name, value, found.type, describe)
    }
    case 'result': {
      const tag = tagOf(value)
      if (tag !== 'ok' && tag !== 'err') return invalid(value)
      return printCase(tag, value, tag === 'ok' ? type.ok : type.err, describe)
    }
    case 'option': {
      const tagged = isTaggedOption(type)
      const tag = tagged ? tagOf(value) : value === undefined ? 'none' : 'some'
      if (tag === 'none') return null
      if (tag !== 'some') return invalid(value)
      const json = toJson(tagged ? valOf(value) : value, type.payload, describe)
      return type.payload.kind === 'option' ? { some: json } : json
    }
    case 'own':
    case 'borrow':
      return describe(value, type)
  }
}

function printList(value: unknown, element: ValType, describe: DescribeResource): Json {
  const tag = typedArrayName(value)
  if (element.kind === 'u8' && tag === 'Uint8Array') return printBytes(value as Uint8Array)
  const items = value as readonly unknown[]
  if (tag === undefined && !isList(value)) return invalid(value)
  const length = tag === undefined ? lengthOf(items) : typedArrayLength(value)
  return Array.from({ length }, (_, i) => toJson(items[i], element, describe))
}

// oxlint-disable-next-line no-control-regex -- control characters are what makes text unclean
const UNCLEAN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

function printBytes(bytes: Uint8Array): Json {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (!UNCLEAN.test(text)) return { utf8: text }
  } catch {
    // Not text.
  }
  return { base64: bytes.toBase64() }
}

function printRecord(value: unknown, type: RecordType, describe: DescribeResource): Json {
  if (typeof value !== 'object' || value === null) return invalid(value)
  return Object.fromEntries(
    type.fields.map((field) => [
      field.name,
      toJson(Reflect.get(value, camelCase(field.name)), field.type, describe),
    ]),
  )
}

function printCase(tag: string, value: unknown, type: ValType | null, describe: DescribeResource): Json {
  return type === null ? tag : { [tag]: toJson(valOf(value), type, describe) }
}

function describePlainly(value: unknown, type: HandleType): Json {
  return { resource: type.resource.name, number: typeof value === 'number' ? value : null }
}

function tagOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, 'tag') : undefined
}

function valOf(value: unknown): unknown {
  return Reflect.get(value as object, 'val')
}

function invalid(value: unknown): Json {
  return { invalid: show(value) }
}

/** Turns JSON into what the codec will check: shapes here, ranges there. */
function parse(json: Json, type: ValType): unknown {
  switch (type.kind) {
    case 'bool':
    case 'u8':
    case 's8':
    case 'u16':
    case 's16':
    case 'u32':
    case 's32':
    case 'char':
    case 'string':
    case 'enum':
      return json
    case 'f32':
    case 'f64':
      return json === 'NaN' || json === 'Infinity' || json === '-Infinity' || json === '-0'
        ? Number(json)
        : json
    case 'u64':
    case 's64':
      if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json)
      // Never longer than a 64-bit integer can be: BigInt() of long text takes its time.
      if (typeof json === 'string' && /^-?[0-9]{1,20}$/.test(json)) return BigInt(json)
      return json
    case 'list':
      if (type.element.kind === 'u8' && !isArray(json)) return parseBytes(json)
      if (!isArray(json)) throw notJsonOf(json, 'an array')
      return json.map((item, i) => within(`[${i}]`, () => parse(item, type.element)))
    case 'tuple':
      if (!isArray(json)) throw notJsonOf(json, 'an array')
      if (json.length !== type.elements.length) throw notJsonOf(json, `a tuple of ${type.elements.length}`)
      return type.elements.map((element, i) => within(`[${i}]`, () => parse(json[i] as Json, element)))
    case 'record':
      return parseRecord(json, type)
    case 'flags':
      if (!isArray(json)) throw notJsonOf(json, 'an array of the names that are set')
      return parseFlags(json, type.names)
    case 'variant':
      return parseCase(json, (tag) => {
        const found = type.cases.find((it) => it.name === tag)
        return found === undefined ? undefined : found.type
      })
    case 'result':
      return parseCase(json, (tag) => (tag === 'ok' ? type.ok : tag === 'err' ? type.err : undefined))
    case 'option': {
      const tagged = isTaggedOption(type)
      if (json === null) return tagged ? { tag: 'none' } : undefined
      let inner: Json = json
      if (type.payload.kind === 'option') {
        const entry = single(json)
        if (entry === undefined || entry[0] !== 'some') throw notJsonOf(json, 'null or { "some": … }')
        inner = entry[1]
      }
      const val = parse(inner, type.payload)
      return tagged ? { tag: 'some', val } : val
    }
    case 'own':
    case 'borrow':
      throw new ValueError('wrong-type', `${type.kind}<${type.resource.name}> has no JSON`)
  }
}

function parseBytes(json: Json): Uint8Array {
  const entry = single(json)
  if (entry !== undefined && typeof entry[1] === 'string') {
    const [key, text] = entry as [string, string]
    if (key === 'utf8') return new TextEncoder().encode(text)
    if (key === 'base64') {
      try {
        return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
      } catch (cause) {
        throw new ValueError('wrong-type', 'text that is not base64', { cause })
      }
    }
  }
  throw notJsonOf(json, '{ "utf8": … }, { "base64": … } or an array of numbers')
}

function parseRecord(json: Json, type: RecordType): unknown {
  if (!isObject(json)) throw notJsonOf(json, 'an object')
  const given = new Map(Object.entries(json))
  const out: Record<string, unknown> = {}
  for (const { name, type: fieldType } of type.fields) {
    const key = camelCase(name)
    const spelled = given.has(name) ? name : key
    const item = given.get(spelled)
    given.delete(spelled)
    if (item === undefined && fieldType.kind !== 'option') {
      throw new ValueError('wrong-type', `the field ${show(name)} is missing`)
    }
    out[key] = within(`.${name}`, () => parse(item ?? null, fieldType))
  }
  for (const key of given.keys()) throw new ValueError('wrong-type', `there is no field ${show(key)}`)
  return out
}

function parseFlags(json: readonly Json[], names: readonly string[]): unknown {
  const out: Record<string, boolean> = {}
  for (const item of json) {
    const name = names.find((it) => it === item || camelCase(it) === item)
    if (name === undefined) throw new ValueError('unknown-case', `${show(item)} is not one of the flags`)
    out[camelCase(name)] = true
  }
  return out
}

function parseCase(json: Json, typeOf: (tag: string) => ValType | null | undefined): unknown {
  const [tag, payload] = typeof json === 'string' ? [json, undefined] : (single(json) ?? [])
  if (tag === undefined) throw notJsonOf(json, '"case" or { "case": payload }')
  const type = typeOf(tag)
  if (type === undefined) throw new ValueError('unknown-case', `${show(tag)} is not one of the cases`)
  if (type === null) {
    if (payload !== undefined) throw new ValueError('wrong-type', `the case ${show(tag)} has no payload`)
    return { tag }
  }
  if (payload === undefined) throw new ValueError('wrong-type', `the case ${show(tag)} has a payload`)
  return { tag, val: within(`.${tag}`, () => parse(payload, type)) }
}

function within<T>(segment: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw ValueError.within(segment, error)
  }
}

function isArray(json: Json): json is readonly Json[] {
  return Array.isArray(json)
}

function isObject(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** The one entry of an object that has one. */
function single(json: Json): readonly [string, Json] | undefined {
  if (!isObject(json)) return undefined
  const entries = Object.entries(json)
  return entries.length === 1 ? entries[0] : undefined
}

function notJsonOf(json: Json, expected: string): ValueError {
  return new ValueError('wrong-type', `${show(json)} is not ${expected}`)
}
