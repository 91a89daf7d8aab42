/** The part of the canonical ABI that a guest which passes values on has to know. https://component-model.bytecodealliance.org */
import type { ValType } from '@theater/values'

/** A type of a core value. */
export type Core = 'i32' | 'i64' | 'f32' | 'f64'

/** How a type lies in memory, in bytes. */
export interface Layout {
  readonly size: number
  readonly align: number
}

/** Parameters that are passed as core values; more go through memory. */
export const MAX_FLAT_PARAMS = 16
/** Results that are passed as core values; more go through memory. */
export const MAX_FLAT_RESULTS = 1

const up = (n: number, align: number): number => Math.ceil(n / align) * align

const scalars: Partial<Record<ValType['kind'], readonly [Core, number]>> = {
  bool: ['i32', 1],
  u8: ['i32', 1],
  s8: ['i32', 1],
  u16: ['i32', 2],
  s16: ['i32', 2],
  u32: ['i32', 4],
  s32: ['i32', 4],
  char: ['i32', 4],
  own: ['i32', 4],
  borrow: ['i32', 4],
  f32: ['f32', 4],
  u64: ['i64', 8],
  s64: ['i64', 8],
  f64: ['f64', 8],
}

/** The payloads of a type whose value is one of several cases; `undefined` for any other. */
export function casesOf(type: ValType): readonly (ValType | null)[] | undefined {
  if (type.kind === 'variant') return type.cases.map((one) => one.type)
  if (type.kind === 'enum') return type.cases.map(() => null)
  if (type.kind === 'option') return [null, type.payload]
  return type.kind === 'result' ? [type.ok, type.err] : undefined
}

/** The parts of a type whose values lie side by side; `undefined` for any other. */
export function fieldsOf(type: ValType): readonly ValType[] | undefined {
  if (type.kind === 'record') return type.fields.map((field) => field.type)
  return type.kind === 'tuple' ? type.elements : undefined
}

/** The bytes of the number that says which case it is. */
export function discriminantSize(cases: number): number {
  return cases <= 256 ? 1 : cases <= 65_536 ? 2 : 4
}

/** How a type lies in memory. */
export function layout(type: ValType): Layout {
  const scalar = scalars[type.kind]
  if (scalar !== undefined) return { size: scalar[1], align: scalar[1] }
  if (type.kind === 'string' || type.kind === 'list') return { size: 8, align: 4 }
  if (type.kind === 'flags') {
    const n = type.names.length
    const size = n <= 8 ? 1 : n <= 16 ? 2 : 4 * Math.ceil(n / 32)
    return { size, align: Math.min(size, 4) }
  }
  const fields = fieldsOf(type)
  if (fields !== undefined) {
    const { size, align } = sequence(fields)
    return { size: up(size, align), align }
  }
  const cases = casesOf(type) ?? []
  const payload = payloadLayout(cases)
  const align = Math.max(discriminantSize(cases.length), payload.align)
  return { size: up(payloadOffset(cases) + payload.size, align), align }
}

/** The offsets of types that lie side by side. */
export function offsets(types: readonly ValType[]): number[] {
  let at = 0
  return types.map((type) => {
    const { size, align } = layout(type)
    const start = up(at, align)
    at = start + size
    return start
  })
}

/** Where the payload of a case begins. */
export function payloadOffset(cases: readonly (ValType | null)[]): number {
  return up(discriminantSize(cases.length), payloadLayout(cases).align)
}

function sequence(types: readonly ValType[]): Layout {
  const starts = offsets(types)
  const last = types.length - 1
  const end = last < 0 ? 0 : (starts[last] as number) + layout(types[last] as ValType).size
  return { size: end, align: Math.max(1, ...types.map((type) => layout(type).align)) }
}

function payloadLayout(cases: readonly (ValType | null)[]): Layout {
  const layouts = cases.filter((one) => one !== null).map(layout)
  return {
    size: Math.max(0, ...layouts.map((one) => one.size)),
    align: Math.max(1, ...layouts.map((one) => one.align)),
  }
}

/** The core values that a type is passed as. */
export function flatten(type: ValType): Core[] {
  const scalar = scalars[type.kind]
  if (scalar !== undefined) return [scalar[0]]
  if (type.kind === 'string' || type.kind === 'list') return ['i32', 'i32']
  if (type.kind === 'flags') return Array.from({ length: Math.ceil(type.names.length / 32) }, () => 'i32')
  const fields = fieldsOf(type)
  if (fields !== undefined) return fields.flatMap(flatten)
  const flat: Core[] = []
  for (const payload of casesOf(type) ?? []) {
    if (payload === null) continue
    for (const [i, core] of flatten(payload).entries()) flat[i] = join(flat[i] ?? core, core)
  }
  return ['i32', ...flat]
}

function join(a: Core, b: Core): Core {
  if (a === b) return a
  const small = (core: Core): boolean => core === 'i32' || core === 'f32'
  return small(a) && small(b) ? 'i32' : 'i64'
}
