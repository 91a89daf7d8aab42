import fc from 'fast-check'
import type { Handles, HandleType, ResourceType, ValType } from '../src/index.ts'
import { camelCase, isTaggedOption, SCALAR_KINDS, ValueError } from '../src/index.ts'

export const RESOURCE: ResourceType = { side: 'import', interface: 'a:b/c@0.1.0', name: 'thing' }

/** Names whose keys differ, with digits, acronyms and single letters among them. */
const NAMES = [
  'a',
  'open-at',
  'HTTP-status',
  'x1',
  'b-2-c',
  'then',
  'constructor',
  'tag',
  'val',
  'URL',
  'length',
]

function names(max: number): fc.Arbitrary<string[]> {
  return fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: Math.min(max, NAMES.length) })
}

/** Any type, nested up to about five levels, flags of up to 64 names. */
export const anyType: fc.Arbitrary<ValType> = fc.letrec<{ type: ValType; orNull: ValType | null }>((tie) => ({
  orNull: fc.option(tie('type')),
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...SCALAR_KINDS).map((kind) => ({ kind })),
    tie('type').map((element) => ({ kind: 'list', element }) as const),
    tie('type').map((payload) => ({ kind: 'option', payload }) as const),
    fc.record({ kind: fc.constant('result' as const), ok: tie('orNull'), err: tie('orNull') }),
    fc.array(tie('type'), { maxLength: 4 }).map((elements) => ({ kind: 'tuple', elements }) as const),
    names(4).chain((it) =>
      fc
        .tuple(...it.map(() => tie('type')))
        .map(
          (types) => ({ kind: 'record', fields: it.map((name, i) => ({ name, type: types[i]! })) }) as const,
        ),
    ),
    names(4)
      .filter((it) => it.length > 0)
      .chain((it) =>
        fc
          .tuple(...it.map(() => tie('orNull')))
          .map(
            (types) =>
              ({ kind: 'variant', cases: it.map((name, i) => ({ name, type: types[i]! })) }) as const,
          ),
      ),
    names(11)
      .filter((it) => it.length > 0)
      .map((cases) => ({ kind: 'enum', cases }) as const),
    fc
      .oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 31, 32, 33, 53, 54, 63, 64))
      .map((n) => ({ kind: 'flags', names: Array.from({ length: n }, (_, i) => `flag-${i}-x`) }) as const),
    fc.constantFrom('own' as const, 'borrow' as const).map((kind) => ({ kind, resource: RESOURCE })),
  ),
})).type

/** A resource as these tests see it: compared by identity. */
export class Thing {
  readonly n: number
  constructor(n: number) {
    this.n = n
  }
}

const things = new Map<number, Thing>()

/** The one thing of a number. */
export function thing(n: number): Thing {
  const known = things.get(n) ?? new Thing(n)
  things.set(n, known)
  return known
}

/** Handles of things. */
export const thingHandles: Handles = {
  write(value: unknown, type: HandleType, out) {
    if (!(value instanceof Thing)) throw new ValueError('wrong-type', `not a ${type.resource.name}`)
    out.uint(value.n)
    return value
  },
  read: (n) => thing(n),
}

const edges = <T>(all: fc.Arbitrary<T>, ...some: T[]) => fc.oneof(all, fc.constantFrom(...some))

function integer(bits: number, signed: boolean): fc.Arbitrary<number> {
  const min = signed ? -(2 ** (bits - 1)) : 0
  const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1
  return edges(fc.integer({ min, max }), min, max, 0, 1, 23, 24)
}

function big(signed: boolean): fc.Arbitrary<bigint> {
  const min = signed ? -(2n ** 63n) : 0n
  const max = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n
  return edges(
    fc.bigInt({ min, max }),
    min,
    max,
    0n,
    255n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n,
    2n ** 53n - 1n,
  )
}

const f32 = edges(fc.float(), NaN, -0, Infinity, -Infinity, Math.fround(3.4e38), 2 ** -149)
const f64 = edges(fc.double(), NaN, -0, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE)
const char = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('\0', '\ud7ff', '\ue000', '\u{10ffff}', 'é', '😀'),
)
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constant('\ufeffbom'),
)

const LISTS = {
  u8: (v: number[]) => new Uint8Array(v),
  s8: (v: number[]) => new Int8Array(v),
  u16: (v: number[]) => new Uint16Array(v),
  s16: (v: number[]) => new Int16Array(v),
  u32: (v: number[]) => new Uint32Array(v),
  s32: (v: number[]) => new Int32Array(v),
  u64: (v: bigint[]) => new BigUint64Array(v),
  s64: (v: bigint[]) => new BigInt64Array(v),
  f32: (v: number[]) => new Float32Array(v),
  f64: (v: number[]) => new Float64Array(v),
} as Record<string, (v: never[]) => unknown>

/** Values of a type in the shape and with the bits that jco lifts: nothing that would have to be normalised. */
export function valueOf(type: ValType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean()
    case 'u8':
      return integer(8, false)
    case 's8':
      return integer(8, true)
    case 'u16':
      return integer(16, false)
    case 's16':
      return integer(16, true)
    case 'u32':
      return integer(32, false)
    case 's32':
      return integer(32, true)
    case 'u64':
      return big(false)
    case 's64':
      return big(true)
    case 'f32':
      return f32
    case 'f64':
      return f64
    case 'char':
      return char
    case 'string':
      return text
    case 'list': {
      const make = LISTS[type.element.kind] ?? ((v: unknown[]) => v)
      return fc.array(valueOf(type.element), { maxLength: 5 }).map((v) => make(v as never[]))
    }
    case 'option': {
      const payload = valueOf(type.payload)
      return isTaggedOption(type)
        ? fc.oneof(
            fc.constant({ tag: 'none' }),
            payload.map((val) => ({ tag: 'some', val })),
          )
        : fc.oneof(fc.constant(undefined), payload)
    }
    case 'result':
      return fc.oneof(
        (type.ok === null ? fc.constant(undefined) : valueOf(type.ok)).map((val) => ({ tag: 'ok', val })),
        (type.err === null ? fc.constant(undefined) : valueOf(type.err)).map((val) => ({ tag: 'err', val })),
      )
    case 'tuple':
      return fc.tuple(...type.elements.map(valueOf))
    case 'record':
      return fc
        .tuple(...type.fields.map((field) => valueOf(field.type)))
        .map((values) => Object.fromEntries(type.fields.map(({ name }, i) => [camelCase(name), values[i]])))
    case 'variant':
      return fc.oneof(
        ...type.cases.map(({ name, type: payload }) =>
          payload === null ? fc.constant({ tag: name }) : valueOf(payload).map((val) => ({ tag: name, val })),
        ),
      )
    case 'enum':
      return fc.constantFrom(...type.cases)
    case 'flags':
      return fc
        .tuple(...type.names.map(() => fc.boolean()))
        .map((values) => Object.fromEntries(type.names.map((name, i) => [camelCase(name), values[i]])))
    case 'own':
    case 'borrow':
      return fc.nat().map(thing)
  }
}

/** A type and one of its values. */
export const typed: fc.Arbitrary<{ type: ValType; value: unknown }> = anyType.chain((type) =>
  valueOf(type).map((value) => ({ type, value })),
)
