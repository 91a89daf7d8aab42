/** The kinds of type that carry no other type and no names, in the order of their numbers in the bytes of a model. */
export const SCALAR_KINDS = [
  'bool',
  'u8',
  's8',
  'u16',
  's16',
  'u32',
  's32',
  'u64',
  's64',
  'f32',
  'f64',
  'char',
  'string',
] as const

/** A kind of type that carries no other type and no names. */
export type ScalarKind = (typeof SCALAR_KINDS)[number]

/** A scalar type, or `string`. */
export interface ScalarType {
  readonly kind: ScalarKind
}

/** `list<element>`. */
export interface ListType {
  readonly kind: 'list'
  readonly element: ValType
}

/** `option<payload>`. */
export interface OptionType {
  readonly kind: 'option'
  readonly payload: ValType
}

/** `result<ok, err>`; null where WIT has `_` or nothing. */
export interface ResultType {
  readonly kind: 'result'
  readonly ok: ValType | null
  readonly err: ValType | null
}

/** `tuple<…>`. */
export interface TupleType {
  readonly kind: 'tuple'
  readonly elements: readonly ValType[]
}

/** A record; its values have one camelCase key for each field. */
export interface RecordType {
  readonly kind: 'record'
  readonly fields: readonly { readonly name: string; readonly type: ValType }[]
}

/** A variant; a case without payload has a null type. */
export interface VariantType {
  readonly kind: 'variant'
  readonly cases: readonly { readonly name: string; readonly type: ValType | null }[]
}

/** An enum, by the names of its cases. */
export interface EnumType {
  readonly kind: 'enum'
  readonly cases: readonly string[]
}

/** A set of named flags, at most 64 of them. */
export interface FlagsType {
  readonly kind: 'flags'
  readonly names: readonly string[]
}

/** A handle: `own<r>` gives the resource away, `borrow<r>` lends it for one call. */
export interface HandleType {
  readonly kind: 'own' | 'borrow'
  readonly resource: ResourceType
}

/** A type of WIT 0.2, with every alias resolved. */
export type ValType =
  | ScalarType
  | ListType
  | OptionType
  | ResultType
  | TupleType
  | RecordType
  | VariantType
  | EnumType
  | FlagsType
  | HandleType

/**
 * A resource type. Its identity is the identity of this object: two resources of one name are two
 * resources, and a resource aliased into several interfaces is one object, listed in each.
 */
export interface ResourceType {
  /** Who implements it: the host (`import`) or the component (`export`). */
  readonly side: 'import' | 'export'
  /** The interface that declares it first, with its version; `''` at the root of the world. */
  readonly interface: string
  readonly name: string
}

/** One imported or exported function. */
export interface FunctionModel {
  /** `wasi:io/streams@0.2.3#[method]input-stream.read`; at the root of the world just the name. */
  readonly id: string
  /** `wasi:io/streams@0.2.3`; `''` at the root of the world. */
  readonly interface: string
  /** `[method]input-stream.read`. */
  readonly name: string
  readonly kind: 'freestanding' | 'constructor' | 'method' | 'static'
  /** The resource of a constructor, method or static function. */
  readonly resource: ResourceType | null
  /** A method's first parameter is its `self`, a borrow. */
  readonly params: readonly { readonly name: string; readonly type: ValType }[]
  readonly result: ValType | null
}

/** One interface a component imports or exports; the items at the root of its world are one named `''`. */
export interface InterfaceModel {
  readonly name: string
  readonly functions: readonly FunctionModel[]
  readonly resources: readonly ResourceType[]
}

/** All that crosses the boundary of a component. */
export interface ComponentModel {
  readonly imports: readonly InterfaceModel[]
  readonly exports: readonly InterfaceModel[]
}

/** Plain data as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
