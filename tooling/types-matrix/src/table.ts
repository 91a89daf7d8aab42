/** The table: one row a type. Adding a row adds its guest. */
import { type ResourceType, SCALAR_KINDS, type ValType } from '@theater/values'

/** The resource that the host makes: `resource thing { constructor(id: u32); id: func() -> u32; }`. */
const THING: ResourceType = { side: 'import', interface: 'test:matrix/things', name: 'thing' }
/** The resource that the guest makes: `resource item { constructor(id: u32); id: func() -> u32; }`. */
const ITEM: ResourceType = { side: 'export', interface: 'test:matrix/guest', name: 'item' }

/** One row of the table. */
export interface Row {
  readonly name: string
  readonly type: ValType
}

const u8: ValType = { kind: 'u8' }
const text: ValType = { kind: 'string' }
const list = (element: ValType): ValType => ({ kind: 'list', element })
const option = (payload: ValType): ValType => ({ kind: 'option', payload })
const result = (ok: ValType | null, err: ValType | null): ValType => ({ kind: 'result', ok, err })
const tuple = (...elements: ValType[]): ValType => ({ kind: 'tuple', elements })
const record = (...fields: (readonly [string, ValType])[]): ValType => ({
  kind: 'record',
  fields: fields.map(([name, type]) => ({ name, type })),
})
const variant = (...cases: (readonly [string, ValType | null])[]): ValType => ({
  kind: 'variant',
  cases: cases.map(([name, type]) => ({ name, type })),
})
const names = (prefix: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`)
const enumOf = (n: number): ValType => ({ kind: 'enum', cases: names('case', n) })
const flags = (n: number): ValType => ({ kind: 'flags', names: names('bit', n) })

/** All sorts of types side by side. */
const mixed = record(
  ['open-at', text],
  ['HTTP-status', { kind: 'u16' }],
  ['a-1', option(list(u8))],
  ['then', { kind: 'f64' }],
  ['constructor', { kind: 's64' }],
  ['length', { kind: 'char' }],
)

/** Every type that crosses. */
export const TYPES: readonly Row[] = [
  ...SCALAR_KINDS.map((kind) => ({ name: kind, type: { kind } })),
  ...SCALAR_KINDS.map((kind) => ({ name: `list<${kind}>`, type: list({ kind }) })),
  { name: 'list<list<u8>>', type: list(list(u8)) },
  { name: 'list<list<string>>', type: list(list(text)) },
  { name: 'option<u8>', type: option(u8) },
  { name: 'option<option<string>>', type: option(option(text)) },
  { name: 'option<option<option<u64>>>', type: option(option(option({ kind: 'u64' }))) },
  { name: 'result<u8, string>', type: result(u8, text) },
  { name: 'result<f64>', type: result({ kind: 'f64' }, null) },
  { name: 'result<_, string>', type: result(null, text) },
  { name: 'result', type: result(null, null) },
  { name: 'result<result<u8>, result>', type: result(result(u8, null), result(null, null)) },
  { name: 'tuple<u8>', type: tuple(u8) },
  { name: 'tuple<u8, f64, string>', type: tuple(u8, { kind: 'f64' }, text) },
  { name: 'record', type: mixed },
  { name: 'record with tag and val', type: record(['tag', text], ['val', option(u8)], ['payload', u8]) },
  {
    name: 'record of 20 fields',
    type: record(...names('field', 20).map((n) => [n, { kind: 'u16' }] as const)),
  },
  {
    name: 'variant',
    type: variant(['small', u8], ['large', { kind: 'u64' }], ['real', { kind: 'f32' }], ['none', null]),
  },
  {
    name: 'variant with ok, err and none',
    type: variant(['ok', text], ['err', u8], ['none', null], ['some', mixed]),
  },
  { name: 'variant of one', type: variant(['only', null]) },
  {
    name: 'variant of 300',
    type: variant(...names('case', 300).map((n, i) => [n, i % 2 === 0 ? u8 : null] as const)),
  },
  { name: 'enum of 1', type: enumOf(1) },
  { name: 'enum of 2', type: enumOf(2) },
  { name: 'enum of 300', type: enumOf(300) },
  { name: 'enum with ok and err', type: { kind: 'enum', cases: ['err', 'ok', 'none', 'two-words'] } },
  { name: 'flags of 1', type: flags(1) },
  { name: 'flags of 8', type: flags(8) },
  { name: 'flags of 9', type: flags(9) },
  { name: 'flags of 17', type: flags(17) },
  { name: 'flags of 32', type: flags(32) },
  { name: 'own of the host', type: { kind: 'own', resource: THING } },
  { name: 'borrow of the host', type: { kind: 'borrow', resource: THING } },
  { name: 'own of the guest', type: { kind: 'own', resource: ITEM } },
  { name: 'borrow of the guest', type: { kind: 'borrow', resource: ITEM } },
]

/** How a type is nested. */
export const NESTINGS: Readonly<Record<string, (type: ValType) => ValType>> = {
  plain: (type) => type,
  list,
  option,
  'option-option': (type) => option(option(type)),
  record: (type) => record(['tag', type], ['val', type], ['ok', u8]),
  variant: (type) => variant(['none', null], ['ok', type], ['err', tuple(type, u8)]),
  tuple: (type) => tuple(u8, type, type),
  result: (type) => result(type, type),
  'result-ok': (type) => result(type, null),
  'result-err': (type) => result(null, type),
  deep: (type) => list(option(tuple(result(type, null), list(type)))),
}
