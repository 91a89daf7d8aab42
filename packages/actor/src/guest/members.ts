/**
 * Gives a class of the kit's all that the engine's class has and it has not, done by an object of the engine's; what it has is listed as the
 * engine's is.
 *
 * @param own the prototype of the kit's
 * @param engines the prototype of the engine's
 * @param real the object of the engine's behind one of the kit's
 */
export function delegate(own: object, engines: object, real: (self: object) => object): void {
  for (const name of Reflect.ownKeys(engines)) {
    const how = Object.getOwnPropertyDescriptor(engines, name)!
    const ours = Object.getOwnPropertyDescriptor(own, name)
    const { configurable = true, enumerable = false } = how
    if (ours !== undefined) {
      Object.defineProperty(own, name, { ...ours, enumerable })
    } else if (how.get !== undefined) {
      const got = function (this: object): unknown {
        return Reflect.get(engines, name, real(this))
      }
      Object.defineProperty(own, name, { get: got, configurable, enumerable })
    } else if (typeof how.value === 'function') {
      const { value } = how
      const called = function (this: object, ...args: readonly unknown[]): unknown {
        return Reflect.apply(value, real(this), args) as unknown
      }
      Object.defineProperty(called, 'name', { value: name, configurable: true })
      Object.defineProperty(own, name, { ...how, value: called })
    } else Object.defineProperty(own, name, how)
  }
}
