/** The classes behind imported resources, and what is known of the guest's own. */
import { camelCase, type ComponentModel, type ResourceType } from '@theater/values'
import { ComponentError } from './errors.ts'
import type { GuestRegistry } from './image/guest-handles.ts'
import { LiftMeter } from './lift.ts'
import { pascalCase, splitPlainName } from './names.ts'
import { poison } from './trap.ts'
import type { HostFunction, HostImports, Resources } from './types.ts'

/** The first argument of a constructor call that is ours: no guest has a symbol to pass. */
const direct = Symbol('direct')

interface HostClass {
  readonly class: object
  readonly prototype: object
  make(n: number): object
  number(value: object): number | undefined
}

function missing(): never {
  throw poison()
}

/** What is called for an import that the host did not provide: it ends the guest. */
function hostFunction(host: HostImports, id: string): HostFunction {
  const given = Object.hasOwn(host.functions, id) ? host.functions[id] : undefined
  return given ?? missing
}

/**
 * Makes the class of one imported resource for one instance. The glue wants a class it can `new` and test with
 * `instanceof`, and calls `Symbol.dispose` when the guest drops a handle that it owns.
 */
function makeClass(
  resource: ResourceType,
  host: () => HostImports,
  constructorId: string,
  meter: LiftMeter,
): HostClass {
  let number!: HostClass['number']
  class HostResource {
    static {
      // Not a static method: the WIT may have a static function of any name.
      number = (value) => (#n in value ? value.#n : undefined)
    }

    /** `undefined` once the guest has dropped it. */
    #n: number | undefined

    constructor(...args: unknown[]) {
      meter.reset()
      const n = args[0] === direct ? args[1] : hostFunction(host(), constructorId)(...args)
      if (typeof n !== 'number') {
        throw new TypeError(`${constructorId} answered no resource number`)
      }
      this.#n = n
    }

    [Symbol.dispose](): void {
      const n = this.#n
      this.#n = undefined
      if (n !== undefined) host().drop(resource, n)
    }
  }
  return {
    class: HostResource,
    prototype: HostResource.prototype,
    make: (n) => new HostResource(direct, n),
    number,
  }
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true })
}

/** `Resources` with the part that only this package sees. */
export class InstanceResources implements Resources {
  readonly #classes = new Map<ResourceType, HostClass>()
  readonly #guestClasses = new Map<ResourceType, object>()
  /** Objects of the glue's for handles that it owns, and the registry of each. */
  readonly #live = new WeakMap<object, { readonly registry: object; readonly handle: number }>()
  readonly #model: ComponentModel
  #host: HostImports | null = null
  /** Counts what is read out of the guest; each crossing starts it afresh. */
  readonly meter = new LiftMeter()
  /** Stands in for `FinalizationRegistry` in the glue, which registers and unregisters just the handles it owns. */
  readonly registry: unknown

  constructor(model: ComponentModel) {
    this.#model = model
    const live = this.#live
    this.registry = class implements GuestRegistry {
      readonly drop: (handle: number) => void
      constructor(drop: (handle: number) => void) {
        this.drop = drop
      }
      register(wrapper: object, handle: number): void {
        live.set(wrapper, { registry: this, handle })
      }
      unregister(wrapper: object): void {
        live.delete(wrapper)
      }
    }
    for (const { resources } of model.imports) for (const resource of resources) this.#class(resource)
  }

  wrapHost(resource: ResourceType, n: number): object {
    return this.#class(resource).make(n)
  }

  hostNumber(value: unknown, resource: ResourceType): number | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    return this.#classes.get(resource)?.number(value)
  }

  /** Whether it is a resource that the component imports. */
  knows(resource: ResourceType): boolean {
    return this.#classes.has(resource)
  }

  /** What the object of a host resource stands for; `undefined` for one that was dropped, or is none. */
  hostOf(value: object): { readonly resource: ResourceType; readonly n: number } | undefined {
    for (const [resource, known] of this.#classes) {
      const n = known.number(value)
      if (n !== undefined) return { resource, n }
    }
    return undefined
  }

  /** Where an object of the guest's was registered; undefined for one that was taken back, or is none. */
  registered(wrapper: object): { readonly registry: object; readonly handle: number } | undefined {
    return this.#live.get(wrapper)
  }

  isGuest(value: unknown, resource: ResourceType): boolean {
    if (resource.side !== 'export' || typeof value !== 'object' || value === null) return false
    if (!this.#live.has(value)) return false
    const known = this.#guestClasses.get(resource)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (known !== undefined) return prototype === known
    // A resource without functions has a class that the glue keeps to itself: its name has to do.
    const { name } = value.constructor
    return name.replace(/\$\d+$/, '') === pascalCase(resource.name)
  }

  /** Ties this to the host of the one instance it serves, and gives the import object for the glue. */
  bind(host: HostImports): object {
    if (this.#host !== null) {
      throw new ComponentError(
        'bad-plan',
        'These resources already serve an instance: make new ones for each.',
      )
    }
    this.#host = host
    const imports: Record<string, Record<string, unknown>> = Object.create(null)
    for (const { name: iface, functions, resources } of this.#model.imports) {
      const entry = (name: string, key: string): [Record<string, unknown>, string] =>
        iface === ''
          ? [(imports[name] ??= Object.create(null)), 'default']
          : [(imports[iface] ??= Object.create(null)), key]
      if (iface !== '') imports[iface] ??= Object.create(null)
      for (const resource of resources) {
        const [target, key] = entry(resource.name, pascalCase(resource.name))
        define(target, key, this.#class(resource).class)
      }
      for (const { id, name, kind, resource } of functions) {
        const given = hostFunction(host, id)
        const { meter } = this
        const call: HostFunction = (...args) => {
          meter.reset()
          return given(...args)
        }
        const { item } = splitPlainName(name)
        if (kind === 'freestanding' || resource === null) {
          const [target, key] = entry(name, camelCase(name))
          define(target, key, call)
        } else if (kind === 'static') define(this.#class(resource).class, camelCase(item), call)
        else if (kind === 'method') {
          define(
            this.#class(resource).prototype,
            camelCase(item),
            function (this: unknown, ...args: unknown[]) {
              return call(this, ...args)
            },
          )
        }
      }
    }
    return imports
  }

  /** Learns the prototype of the objects that stand for a guest's resource. */
  learn(resource: ResourceType, prototype: object): void {
    this.#guestClasses.set(resource, prototype)
  }

  #class(resource: ResourceType): HostClass {
    const known = this.#classes.get(resource)
    if (known !== undefined) return known
    if (resource.side !== 'import') throw new TypeError(`${resource.name} is a resource of the guest`)
    const constructor = `[constructor]${resource.name}`
    const id = resource.interface === '' ? constructor : `${resource.interface}#${constructor}`
    const made = makeClass(resource, () => this.#bound(), id, this.meter)
    this.#classes.set(resource, made)
    return made
  }

  #bound(): HostImports {
    if (this.#host === null) throw new ComponentError('bad-plan', 'No instance uses these resources yet.')
    return this.#host
  }
}
