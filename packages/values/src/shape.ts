import type { OptionType, ValType } from './types.ts'

/** A short, safe description of any value for a message: never longer than about sixty characters, never throws. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 48 ? `${value.slice(0, 48)}…` : value)
    case 'bigint':
      // A large one takes long to print.
      return BigInt.asIntN(128, value) === value ? `${value}n` : 'a bigint of more than 128 bits'
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'object':
      if (value === null) return 'null'
      try {
        if (Array.isArray(value))
          return typeof value.length === 'number' ? `an array of ${value.length}` : 'an array'
        if ('then' in value && typeof value.then === 'function') return 'a promise'
        const tag = typedArrayName(value)
        if (tag !== undefined) return `a ${tag}`
      } catch {
        // A proxy may throw at any question: it stays "an object".
      }
      return 'an object'
  }
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object

/** Called as it is: the engine knows it, and takes a third of the time that `Reflect.get` takes. */
// oxlint-disable-next-line typescript/unbound-method -- it is applied to each value
const tagOf = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)?.get as () =>
  | string
  | undefined

/** `Uint8Array` and so on for a typed array of any realm, else undefined; cannot be fooled by a property. */
export function typedArrayName(value: unknown): string | undefined {
  return Reflect.apply(tagOf, value, [])
}

/** The number of items of a typed array of any realm; cannot be fooled by a property. */
export function typedArrayLength(value: unknown): number {
  return Reflect.get(typedArrayPrototype, 'length', value) as number
}

/** Whether `value` is an object literal, of any realm, or one without prototype. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'hasOwnProperty'))
  )
}

/**
 * Whether the values of an option are `{ tag: 'some', val }` and `{ tag: 'none' }`, rather than the payload or undefined.
 *
 * So it is where the payload can be undefined itself: jco writes the innermost of nested options plain, the one around
 * it tagged, the one around that plain again.
 */
export function isTaggedOption(type: OptionType): boolean {
  let nested = 0
  let payload: ValType = type.payload
  while (payload.kind === 'option') {
    nested++
    payload = payload.payload
  }
  return nested % 2 === 1
}
