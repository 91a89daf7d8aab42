/** Types and their values, by chance. */
import { camelCase, isTaggedOption, SCALAR_KINDS, type ValType } from '@theater/values'
import type { Random } from './random.ts'

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
  'to-string',
  'length',
  'has-own-property',
]

function names(random: Random, least: number): string[] {
  const from = random.below(NAMES.length)
  return Array.from({ length: least + random.below(4) }, (_, i) => NAMES[(from + i) % NAMES.length] ?? 'a')
}

/** A type without resources. */
export function anyType(random: Random, depth: number): ValType {
  const inner = (): ValType => anyType(random, depth - 1)
  const orNull = (): ValType | null => (random.chance(0.3) ? null : inner())
  switch (depth > 0 ? random.below(12) : random.below(4)) {
    case 4:
    case 5:
      return { kind: 'list', element: inner() }
    case 6:
      return { kind: 'option', payload: inner() }
    case 7:
      return { kind: 'result', ok: orNull(), err: orNull() }
    case 8:
      return { kind: 'tuple', elements: Array.from({ length: 1 + random.below(3) }, inner) }
    case 9:
      return { kind: 'record', fields: names(random, 1).map((name) => ({ name, type: inner() })) }
    case 10:
      return { kind: 'variant', cases: names(random, 1).map((name) => ({ name, type: orNull() })) }
    case 11:
      return random.chance(0.5)
        ? { kind: 'enum', cases: names(random, 1) }
        : {
            kind: 'flags',
            names: Array.from({ length: random.of([1, 8, 9, 31, 32, 33, 64]) }, (_, i) => `f${i}`),
          }
    default:
      return { kind: random.of(SCALAR_KINDS) }
  }
}

const INTEGERS: Readonly<Record<string, readonly [bits: number, signed: boolean]>> = {
  u8: [8, false],
  s8: [8, true],
  u16: [16, false],
  s16: [16, true],
  u32: [32, false],
  s32: [32, true],
}

const ARRAYS = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const

/** A NaN with bits of its own. */
function oddNaN(random: Random): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, 0x7ff8_0000 | random.below(0xffff))
  view.setUint32(4, random.u32())
  return view.getFloat64(0)
}

/**
 * A value of a type, as jco lifts it.
 *
 * @param handle what stands for a resource
 */
export function anyValue(type: ValType, random: Random, handle: (type: ValType) => unknown): unknown {
  const inner = (of: ValType): unknown => anyValue(of, random, handle)
  switch (type.kind) {
    case 'bool':
      return random.chance(0.5)
    case 'u8':
    case 's8':
    case 'u16':
    case 's16':
    case 'u32':
    case 's32': {
      const [bits, signed] = INTEGERS[type.kind] ?? [8, false]
      const min = signed ? -(2 ** (bits - 1)) : 0
      return random.of([min, min + 2 ** bits - 1, 0, 1, min + random.below(2 ** bits)])
    }
    case 'u64':
      return random.of([
        0n,
        1n,
        2n ** 53n,
        2n ** 64n - 1n,
        (BigInt(random.u32()) << 32n) | BigInt(random.u32()),
      ])
    case 's64':
      return random.of([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), BigInt(random.u32()) - 2n ** 31n])
    case 'f32':
      return random.of([
        0,
        -0,
        1.5,
        Infinity,
        -Infinity,
        NaN,
        oddNaN(random),
        Math.fround(random.u32() / 7),
        2 ** -149,
      ])
    case 'f64':
      return random.of([0, -0, 1.5, Infinity, -Infinity, NaN, oddNaN(random), random.u32() / 7, 5e-324])
    case 'char':
      return random.of(['a', '\0', '\ud7ff', '\ue000', '\u{10ffff}', 'é', '\ufeff'])
    case 'string':
      return random.of([
        '',
        'a',
        '\ufeffbom',
        'é\u0301',
        '\ud800',
        'a\udfff\ud800b',
        '😀',
        '__proto__',
        'x'.repeat(random.below(300)),
      ])
    case 'list': {
      const items = Array.from({ length: random.below(4) }, () => inner(type.element))
      const { kind } = type.element
      return kind in ARRAYS ? new ARRAYS[kind as keyof typeof ARRAYS](items as never) : items
    }
    case 'option': {
      const some = random.chance(0.6)
      if (!isTaggedOption(type)) return some ? inner(type.payload) : undefined
      return some ? { tag: 'some', val: inner(type.payload) } : { tag: 'none' }
    }
    case 'result': {
      const tag = random.of(['ok', 'err'] as const)
      const payload = type[tag]
      return { tag, val: payload === null ? undefined : inner(payload) }
    }
    case 'tuple':
      return type.elements.map(inner)
    case 'record':
      return Object.fromEntries(type.fields.map(({ name, type: of }) => [camelCase(name), inner(of)]))
    case 'variant': {
      const { name, type: payload } = random.of(type.cases)
      return payload === null ? { tag: name } : { tag: name, val: inner(payload) }
    }
    case 'enum':
      return random.of(type.cases)
    case 'flags':
      return Object.fromEntries(type.names.map((name) => [camelCase(name), random.chance(0.5)]))
    case 'own':
    case 'borrow':
      return handle(type)
  }
}
