import { isBytes } from './bytes.ts'
import type { Json } from './json.ts'

/**
 * A validator by the Standard Schema interface (https://standardschema.dev, version 1), so that zod, valibot,
 * arktype and others can be used in place of {@link t}.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The interface. */
  readonly '~standard': {
    /** The version of the interface. */
    readonly version: 1
    /** Who made the schema. */
    readonly vendor: string
    /** Checks a value and may change it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** Never there at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema answers: the value, or the issues. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string
  /** Where. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The type of the values that a schema lets through. */
export type Infer<S extends StandardSchema> = S extends StandardSchema<unknown, infer Output> ? Output : never

/** The type of the values that a sender may give. */
export type InferInput<S> = S extends StandardSchema<infer Input, unknown> ? Input : never

type Shape = { readonly [key: string]: StandardSchema & { readonly optional?: boolean } }
type Optional = { readonly optional: true }
type Simplify<T> = { [K in keyof T]: T[K] }
type OfShape<S extends Shape> = Simplify<
  { [K in keyof S as S[K] extends Optional ? never : K]: Infer<S[K]> } & {
    [K in keyof S as S[K] extends Optional ? K : never]?: Infer<S[K]>
  }
>

class Mismatch {
  readonly issue: SchemaIssue
  constructor(message: string, path: readonly PropertyKey[]) {
    this.issue = { message, path }
  }
}

type Path = readonly PropertyKey[]
type Reader<T> = (value: unknown, path: Path) => T | Mismatch
type Schema<T> = StandardSchema<T, T> & { readonly read: Reader<T> }

function schema<T>(read: Reader<T>): Schema<T> {
  const validate = (value: unknown): SchemaResult<T> => {
    const result = read(value, [])
    return result instanceof Mismatch ? { issues: [result.issue] } : { value: result }
  }
  return { read, '~standard': { version: 1, vendor: '@theater/actor', validate } }
}

function one<T>(what: string, holds: (value: unknown) => value is T): Schema<T> {
  return schema((value, path) =>
    holds(value) ? value : new Mismatch(`expected ${what}, got ${kind(value)}`, path),
  )
}

function kind(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : isBytes(value) ? 'bytes' : typeof value
}

/**
 * Small schemas for messages: what JSON and the kit can carry, and nothing else.
 *
 * Objects are closed: a key that the schema does not name is refused. Numbers are finite.
 *
 * ```ts
 * const order = t.object({ item: t.string(), count: t.integer(), note: t.optional(t.string()) })
 * type Order = Infer<typeof order> // { item: string; count: number; note?: string }
 * ```
 */
export const t = {
  /** Any string. */
  string: (): Schema<string> => one('a string', (v): v is string => typeof v === 'string'),
  /** Any finite number. */
  number: (): Schema<number> =>
    one('a number', (v): v is number => typeof v === 'number' && Number.isFinite(v)),
  /** A whole number that a double holds exactly. */
  integer: (): Schema<number> => one('an integer', (v): v is number => Number.isSafeInteger(v)),
  /** True or false. */
  boolean: (): Schema<boolean> => one('a boolean', (v): v is boolean => typeof v === 'boolean'),
  /** Null. */
  null: (): Schema<null> => one('null', (v): v is null => v === null),
  /** Exactly one of these values. */
  literal: <const T extends readonly (string | number | boolean | null)[]>(...values: T): Schema<T[number]> =>
    one(values.map((value) => JSON.stringify(value)).join(' or '), (v): v is T[number] =>
      values.includes(v as T[number]),
    ),
  /** Bytes, as a whole body only. */
  bytes: (): Schema<Uint8Array> => one('bytes', isBytes),
  /** Anything that JSON can say. */
  json: (): Schema<Json> => one('JSON', (v): v is Json => v !== undefined && !isBytes(v)),
  /** No body. */
  nothing: (): Schema<undefined> => one('no body', (v): v is undefined => v === undefined),
  /** A list of one kind of value. */
  array: <T>(element: Schema<T>): Schema<T[]> =>
    schema((value, path) => {
      if (!Array.isArray(value)) return new Mismatch(`expected a list, got ${kind(value)}`, path)
      const out: T[] = []
      for (const [index, item] of value.entries()) {
        const result = element.read(item, [...path, index])
        if (result instanceof Mismatch) return result
        out.push(result)
      }
      return out
    }),
  /** An object with any keys and one kind of value. */
  record: <T>(element: Schema<T>): Schema<Record<string, T>> =>
    schema((value, path) => {
      if (!isObject(value)) return new Mismatch(`expected an object, got ${kind(value)}`, path)
      const out: [string, T][] = []
      for (const [key, item] of Object.entries(value)) {
        const result = element.read(item, [...path, key])
        if (result instanceof Mismatch) return result
        out.push([key, result])
      }
      return Object.fromEntries(out)
    }),
  /** A property that may be left out. Only within {@link t.object}. */
  optional: <T>(element: Schema<T>): Schema<T> & Optional => ({ ...element, optional: true }),
  /** An object with these keys and no others. */
  object: <S extends { readonly [key: string]: Schema<unknown> & { readonly optional?: boolean } }>(
    shape: S,
  ): Schema<OfShape<S>> =>
    schema((value, path) => {
      if (!isObject(value)) return new Mismatch(`expected an object, got ${kind(value)}`, path)
      const extra = Object.keys(value).find((key) => !Object.hasOwn(shape, key))
      if (extra !== undefined) return new Mismatch('unknown key', [...path, extra])
      const out: [string, unknown][] = []
      for (const [key, element] of Object.entries(shape)) {
        if (!Object.hasOwn(value, key)) {
          if (element.optional) continue
          return new Mismatch('missing', [...path, key])
        }
        const result = element.read(value[key], [...path, key])
        if (result instanceof Mismatch) return result
        out.push([key, result])
      }
      return Object.fromEntries(out) as OfShape<S>
    }),
  /** One of several kinds, the first that fits. */
  union: <T extends readonly Schema<unknown>[]>(...members: T): Schema<Infer<T[number]>> =>
    schema((value, path) => {
      for (const member of members) {
        const result = member.read(value, path)
        if (!(result instanceof Mismatch)) return result as Infer<T[number]>
      }
      return new Mismatch(`none of the ${members.length} kinds that are allowed here`, path)
    }),
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isBytes(value)
}

/** One line for an issue: where, and what. */
export function issueText(issue: SchemaIssue, root: string): string {
  const path = (issue.path ?? []).map((part) => {
    const key = typeof part === 'object' ? part.key : part
    return typeof key === 'number' ? `[${key}]` : `.${String(key)}`
  })
  return `${root}${path.join('')}: ${issue.message}`
}
