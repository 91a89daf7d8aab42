/** A value that JSON keeps as it is. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Stands in a compiler's message where a type does not survive a JSON round trip. `Why` says why. */
export interface NotJson<Why extends string> {
  readonly 'does not survive JSON': Why
}

type IsAny<T> = 0 extends 1 & T ? true : false

/**
 * `T` itself where every value of it survives a JSON round trip; otherwise `T` with {@link NotJson} at the
 * places that do not. A type is safe exactly if it is assignable to `JsonSafe` of itself.
 */
export type JsonSafe<T> =
  IsAny<T> extends true
    ? T
    : T extends string | number | boolean | null
      ? T
      : T extends undefined
        ? NotJson<'undefined: use null, or an optional property'>
        : T extends bigint
          ? NotJson<'bigint: use a number or a string'>
          : T extends symbol
            ? NotJson<'a symbol'>
            : T extends object
              ? ObjectSafe<T>
              : NotJson<'unknown: say what it is, or use Json'>

type ObjectSafe<T extends object> = T extends (...args: never) => unknown
  ? NotJson<'a function'>
  : T extends ArrayBufferView | ArrayBuffer
    ? NotJson<'bytes inside JSON: make them the whole body, or put them into the store'>
    : T extends Date
      ? NotJson<'a Date: it comes back as a string'>
      : // Json contains itself: without these two lines there would be no end.
        IsJson<T> extends true
        ? T
        : T extends readonly unknown[]
          ? { [K in keyof T]: JsonSafe<T[K]> }
          : { [K in keyof T]: K extends symbol ? NotJson<'a symbol as key'> : Property<T, K> }

type IsJson<T> = T extends readonly (infer E)[]
  ? [Json] extends [E]
    ? [E] extends [Json]
      ? true
      : false
    : false
  : string extends keyof T
    ? T extends { readonly [key: string]: Json }
      ? true
      : false
    : false

/** An optional property may be left out; one that is there MUST NOT be undefined: it would come back absent. */
type Property<T, K extends keyof T> =
  Record<never, never> extends Pick<T, K> ? JsonSafe<Exclude<T[K], undefined>> | undefined : JsonSafe<T[K]>

/** `T` where it may be the body of a message or a reply: nothing, bytes, or what {@link JsonSafe} allows. */
export type Body<T> = T extends Uint8Array | undefined | void ? T : JsonSafe<T>

/**
 * The JSON text of a value, for values that come back as they are.
 *
 * Throws a `TypeError` that names the place where one does not: `NaN`, an infinity, `undefined` in a list, a
 * function, a `bigint`, an object that is not plain. The compiler finds most of these; this finds the rest.
 * Properties that are `undefined` are left out. `-0` is written as `0`.
 */
export function stringify(value: unknown, what: string): string {
  if (typeof value === 'object' && value !== null) {
    if (!survives(value, 0)) check(value, what, new Set())
  } else checkPlain(value, what)
  return JSON.stringify(value)
}

/** Objects in one another: beyond so many it is left to `check`, which knows what contains itself. */
const deepest = 500

/**
 * Whether all of an object comes back. It does not say where not, and has no call and no path for each value: the
 * engine of a guest interprets, and that would be most of what a large reply costs.
 */
function survives(value: object, depth: number): boolean {
  const list = Array.isArray(value)
  if (depth > deepest || (!list && !isPlain(value))) return false
  const items: readonly unknown[] = list ? value : Object.values(value)
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    switch (typeof item) {
      case 'string':
      case 'boolean':
        continue
      case 'number':
        if (isFinite(item)) continue
        return false
      case 'object':
        if (item === null || survives(item, depth + 1)) continue
        return false
      case 'undefined':
        if (list) return false
        continue
      case 'bigint':
      case 'symbol':
      case 'function':
        return false
    }
  }
  return true
}

/** A toJSON method would be called by JSON.stringify and change the value. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value)
}

function check(value: unknown, path: string, above: Set<object>): void {
  if (typeof value === 'object' && value !== null) checkObject(value, path, above)
  else checkPlain(value, path)
}

/** @param value no object */
function checkPlain(value: unknown, path: string): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'object':
      return
    case 'number':
      if (!isFinite(value)) throw lost(path, String(value))
      return
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw lost(path, typeof value)
  }
}

/** `Number.isFinite` is a script in the engine of a guest, and takes ten times as long. */
function isFinite(value: number): boolean {
  return value - value === 0
}

function checkObject(value: object, path: string, above: Set<object>): void {
  if (above.has(value)) throw new TypeError(`${path} contains itself, which JSON cannot say`)
  above.add(value)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) check(value[index], `${path}[${index}]`, above)
  } else {
    if (!isPlain(value)) throw lost(path, `an instance of ${className(Object.getPrototypeOf(value))}`)
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) check(item, `${path}.${key}`, above)
    }
  }
  above.delete(value)
}

function className(prototype: unknown): string {
  const made: unknown = (prototype as { readonly constructor?: unknown } | null)?.constructor
  return typeof made === 'function' && made !== Object ? made.name : 'a class with toJSON'
}

function lost(path: string, what: string): TypeError {
  return new TypeError(`${path}: ${what} does not survive JSON`)
}
