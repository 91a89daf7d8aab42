/** Replaces a function of the global objects. */
export function replace(target: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false })
}

/** Checks before each call of a function of the global objects, where there is one of that name. */
export function guard(target: object, name: string, check: (...args: readonly unknown[]) => void): void {
  const real: unknown = Reflect.get(target, name)
  if (typeof real !== 'function') return
  replace(target, name, (...args: readonly unknown[]) => {
    check(...args)
    return Reflect.apply(real, target, args) as unknown
  })
}
