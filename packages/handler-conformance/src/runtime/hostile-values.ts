import { camelCase } from '@theater/values'
import type { ValType } from '@theater/values'

const TEXTS: readonly string[] = [
  '',
  'a',
  '.',
  '..',
  '/',
  '//',
  '*',
  '../../etc/passwd',
  'a/../../b',
  '/etc/passwd',
  'a/',
  'nul\u0000',
  'line\nbreak',
  '\u001b[2J',
  '\ud800',
  '\u{10ffff}',
  '\u202e',
  'é',
  'e\u0301',
  '__proto__',
  'constructor',
  'C:\\',
  'x'.repeat(300),
  'a/'.repeat(5000),
]

/** Where handles are numbers, these are forged ones. */
const NUMBERS: readonly number[] = [0, 1, 9, 0xffff_ffff]

/**
 * Lists of arguments that a hostile guest may bring: of the types, so that they reach the handler, and at their limits.
 * First the honest ones, then each of them replaced alone, then all at once; always the same.
 */
export function hostileCalls(
  types: readonly ValType[],
  honest: readonly unknown[],
): readonly (readonly unknown[])[] {
  const values = types.map((type) => hostileValues(type, 2))
  const lists: (readonly unknown[])[] = [honest]
  for (const [place, some] of values.entries()) {
    for (const value of some) lists.push(honest.map((one, i) => (i === place ? value : one)))
  }
  const most = Math.max(0, ...values.map((some) => some.length))
  for (let n = 0; n < Math.min(most, 4); n++) lists.push(values.map((some) => some[n % some.length]))
  // An honest argument may not be there: what it is made of was not answered.
  return lists.filter((list) => types.every((type, i) => type.kind === 'option' || list[i] !== undefined))
}

/** Values of a type at its limits; at least one. `depth` bounds what is inside. */
function hostileValues(type: ValType, depth: number): readonly unknown[] {
  switch (type.kind) {
    case 'bool':
      return [true, false]
    case 'u8':
      return [0, 255]
    case 's8':
      return [-128, 127]
    case 'u16':
      return [0, 65_535]
    case 's16':
      return [-32_768, 32_767]
    case 'u32':
      return NUMBERS
    case 's32':
      return [-(2 ** 31), -1, 2 ** 31 - 1]
    case 'u64':
      return [0n, 1n, 4097n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
    case 's64':
      return [-(2n ** 63n), -1n, 2n ** 63n - 1n]
    case 'f32':
    case 'f64':
      return [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    case 'char':
      return ['\u0000', '\u{10ffff}']
    case 'string':
      return TEXTS
    case 'list':
      return lists(type.element, depth)
    case 'option':
      return [undefined, ...wrapped(type.payload, depth)]
    case 'result':
      return [
        ...(type.ok === null ? [{ tag: 'ok', val: undefined }] : tagged('ok', type.ok, depth)),
        ...(type.err === null ? [{ tag: 'err', val: undefined }] : tagged('err', type.err, depth)),
      ]
    case 'tuple':
      return side(type.elements, depth)
    case 'record': {
      const names = type.fields.map(({ name }) => camelCase(name))
      const values = side(
        type.fields.map((field) => field.type),
        depth,
      )
      return values.map((list) => Object.fromEntries(names.map((name, i) => [name, list[i]])))
    }
    case 'variant':
      return type.cases.flatMap(({ name, type: payload }) =>
        payload === null ? [{ tag: name }] : tagged(name, payload, depth),
      )
    case 'enum':
      return type.cases
    case 'flags': {
      const all = (set: (i: number) => boolean): object =>
        Object.fromEntries(type.names.map((name, i) => [camelCase(name), set(i)]))
      return [all(() => false), all(() => true), ...type.names.map((_, only) => all((i) => i === only))]
    }
    case 'own':
    case 'borrow':
      // A guest whose exports take resources is not one of these: its numbers are numbers.
      return []
  }
}

function lists(element: ValType, depth: number): readonly unknown[] {
  if (element.kind === 'u8') {
    return [0, 1, 31, 32, 33, 4097].map((length) => new Uint8Array(length).fill(0xff))
  }
  if (depth === 0) return [[]]
  const some = hostileValues(element, depth - 1)
  return [[], some.slice(0, 3), Array.from({ length: 200 }, (_, i) => some[i % some.length])]
}

/** Values side by side: the first of each type, the second of each, and so on. */
function side(types: readonly ValType[], depth: number): readonly (readonly unknown[])[] {
  const columns = types.map((type) => hostileValues(type, depth))
  const most = Math.max(1, ...columns.map((column) => column.length))
  return Array.from({ length: most }, (_, n) => columns.map((column) => column[n % column.length]))
}

/** Payloads of an option; the outer of two options is tagged. */
function wrapped(payload: ValType, depth: number): readonly unknown[] {
  const inner = hostileValues(payload, depth)
  return payload.kind === 'option' ? inner.map((val) => ({ tag: 'some', val })) : inner
}

function tagged(tag: string, payload: ValType, depth: number): readonly unknown[] {
  return hostileValues(payload, depth).map((val) => ({ tag, val }))
}
