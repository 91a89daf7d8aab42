/** Values of a type: its limits, and whatever fast-check thinks of. In the shape, and with the bits, that crosses. */
import { camelCase, isTaggedOption } from '@theater/values'
import type { ScalarKind, ScalarType, ValType } from '@theater/values'
import fc from 'fast-check'

/** Stands for a resource in a value: the boundary is handed one of its own, with this id. */
export class Token {
  readonly id: number
  constructor(id: number) {
    this.id = id
  }
}

const bounds = (bits: number, signed: boolean): number[] => {
  const min = signed ? -(2 ** (bits - 1)) : 0
  const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1
  return [...new Set([0, min, max, 1, 23, 24])]
}
const U64 = [0n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 53n - 1n, 255n, 2n ** 32n]
const S64 = [0n, -(2n ** 63n), 2n ** 63n - 1n, -1n, 2n ** 53n, -(2n ** 32n)]

const EDGES: Readonly<Record<ScalarKind, readonly unknown[]>> = {
  bool: [false, true],
  u8: bounds(8, false),
  s8: bounds(8, true),
  u16: bounds(16, false),
  s16: bounds(16, true),
  u32: bounds(32, false),
  s32: bounds(32, true),
  u64: U64,
  s64: S64,
  f32: [0, NaN, -0, Infinity, -Infinity, Math.fround(3.4e38), 2 ** -149, 1.5],
  f64: [0, NaN, -0, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 0.1],
  char: ['a', '\0', '\ud7ff', '\ue000', '\u{10ffff}', 'é', '😀'],
  string: ['', 'plain', '\0', 'é', '😀\u{10ffff}', '\ufeffbom', '\u2028', 'x'.repeat(300)],
}

const ARRAYS: Partial<Record<ValType['kind'], (values: never[]) => unknown>> = {
  u8: (values) => Uint8Array.from(values),
  s8: (values) => Int8Array.from(values),
  u16: (values) => Uint16Array.from(values),
  s16: (values) => Int16Array.from(values),
  u32: (values) => Uint32Array.from(values),
  s32: (values) => Int32Array.from(values),
  u64: (values) => BigUint64Array.from(values),
  s64: (values) => BigInt64Array.from(values),
  f32: (values) => Float32Array.from(values),
  f64: (values) => Float64Array.from(values),
}

function arrayOf(element: ValType, values: readonly unknown[]): unknown {
  const make = ARRAYS[element.kind]
  return make === undefined ? [...values] : make(values as never[])
}

function isScalar(type: ValType): type is ScalarType {
  return Object.hasOwn(EDGES, type.kind)
}

const key = camelCase

/** Limits of one part; of more, these many, first and last among them. */
const MAX_EDGES = 24

/** The limits of a type: every part at each of its own limits, one at a time. */
export function edges(type: ValType): unknown[] {
  const all = allEdges(type)
  if (all.length <= MAX_EDGES) return all
  return Array.from(
    { length: MAX_EDGES },
    (_, i) => all[Math.round((i * (all.length - 1)) / (MAX_EDGES - 1))],
  )
}

/** Of a long list of cases: those around each size of their number. */
function someCases<T>(cases: readonly T[]): readonly T[] {
  if (cases.length <= MAX_EDGES) return cases
  return [0, 1, 127, 128, 254, 255, 256, cases.length - 1].flatMap((i) => cases.slice(i, i + 1))
}

function allEdges(type: ValType): unknown[] {
  if (isScalar(type)) return [...EDGES[type.kind]]
  switch (type.kind) {
    case 'list': {
      const all = edges(type.element)
      return [arrayOf(type.element, []), arrayOf(type.element, all.slice(0, 1)), arrayOf(type.element, all)]
    }
    case 'option': {
      const payloads = edges(type.payload)
      return isTaggedOption(type)
        ? [{ tag: 'none' }, ...payloads.map((val) => ({ tag: 'some', val }))]
        : [undefined, ...payloads]
    }
    case 'result':
      return [
        ...(type.ok === null ? [undefined] : edges(type.ok)).map((val) => ({ tag: 'ok', val })),
        ...(type.err === null ? [undefined] : edges(type.err)).map((val) => ({ tag: 'err', val })),
      ]
    case 'tuple':
      return sides(type.elements)
    case 'record':
      return sides(type.fields.map((field) => field.type)).map((values) =>
        Object.fromEntries(type.fields.map((field, i) => [key(field.name), values[i]])),
      )
    case 'variant':
      return someCases(type.cases).flatMap(({ name, type: payload }) =>
        payload === null ? [{ tag: name }] : edges(payload).map((val) => ({ tag: name, val })),
      )
    case 'enum':
      return [...someCases(type.cases)]
    case 'flags': {
      const of = (isSet: (i: number) => boolean): unknown =>
        Object.fromEntries(type.names.map((name, i) => [key(name), isSet(i)]))
      const last = type.names.length - 1
      return [
        of(() => false),
        of(() => true),
        of((i) => i === 0),
        of((i) => i === last),
        of((i) => i % 2 === 0),
      ]
    }
    case 'own':
    case 'borrow':
      return [new Token(1), new Token(7)]
  }
}

/** Values that lie side by side: the n-th of each part together, as often as the longest has one. */
function sides(types: readonly ValType[]): unknown[][] {
  const all = types.map(edges)
  const n = Math.max(1, ...all.map((one) => one.length))
  return Array.from({ length: n }, (_, i) => all.map((one) => one[i % one.length]))
}

const integer = (bits: number, signed: boolean): fc.Arbitrary<number> =>
  fc.integer({
    min: signed ? -(2 ** (bits - 1)) : 0,
    max: signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1,
  })

const RANDOM: Readonly<Record<ScalarKind, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  u8: integer(8, false),
  s8: integer(8, true),
  u16: integer(16, false),
  s16: integer(16, true),
  u32: integer(32, false),
  s32: integer(32, true),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f32: fc.float(),
  f64: fc.double(),
  char: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  string: fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
}

/** Any value of a type. */
export function anyValue(type: ValType): fc.Arbitrary<unknown> {
  if (isScalar(type)) return fc.oneof(RANDOM[type.kind], fc.constantFrom(...EDGES[type.kind]))
  switch (type.kind) {
    case 'list':
      return fc.array(anyValue(type.element), { maxLength: 5 }).map((values) => arrayOf(type.element, values))
    case 'option': {
      const payload = anyValue(type.payload)
      return isTaggedOption(type)
        ? fc.oneof(
            fc.constant({ tag: 'none' }),
            payload.map((val) => ({ tag: 'some', val })),
          )
        : fc.oneof(fc.constant(undefined), payload)
    }
    case 'result': {
      const side = (tag: string, of: ValType | null): fc.Arbitrary<unknown> =>
        (of === null ? fc.constant(undefined) : anyValue(of)).map((val) => ({ tag, val }))
      return fc.oneof(side('ok', type.ok), side('err', type.err))
    }
    case 'tuple':
      return fc.tuple(...type.elements.map(anyValue))
    case 'record':
      return fc
        .tuple(...type.fields.map((field) => anyValue(field.type)))
        .map((values) => Object.fromEntries(type.fields.map((field, i) => [key(field.name), values[i]])))
    case 'variant':
      return fc
        .constantFrom(...type.cases)
        .chain(({ name, type: payload }) =>
          payload === null
            ? fc.constant({ tag: name })
            : anyValue(payload).map((val) => ({ tag: name, val })),
        )
    case 'enum':
      return fc.constantFrom(...type.cases)
    case 'flags':
      return fc
        .tuple(...type.names.map(() => fc.boolean()))
        .map((values) => Object.fromEntries(type.names.map((name, i) => [key(name), values[i]])))
    case 'own':
    case 'borrow':
      return fc.integer({ min: 1, max: 1000 }).map((id) => new Token(id))
  }
}

/** A copy of a value with every token replaced. */
export function mapTokens(value: unknown, replace: (token: Token) => unknown): unknown {
  if (value instanceof Token) return replace(value)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map((one) => mapTokens(one, replace))
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapTokens(one, replace)]))
}

/** The tokens of a value, in order. */
export function tokensOf(value: unknown): Token[] {
  const found: Token[] = []
  mapTokens(value, (token) => {
    found.push(token)
    return token
  })
  return found
}
