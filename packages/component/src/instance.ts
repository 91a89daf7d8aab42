/** From glue and compiled modules to a running instance, behind the conventions of this package. */
import { camelCase, type ComponentModel, type FunctionModel } from '@theater/values'
import { ComponentError } from './errors.ts'
import { type FenceCache, Fences } from './fence.ts'
import { type Exporter, glueWebAssembly, Waits } from './glue-webassembly.ts'
import type { HandoverCache } from './handover.ts'
import { CoreState } from './image/core-state.ts'
import { GlueState } from './image/glue-state.ts'
import { Imaging } from './image/imaging.ts'
import type { InstanceMeter, Needs } from './instance-meter.ts'
import type { ModuleState } from './meter/state.ts'
import { isInterfaceName, pascalCase, splitPlainName } from './names.ts'
import type { GlueFactory } from './prelude.ts'
import { InstanceResources } from './resources.ts'
import type { FunctionImport, Signature } from './signatures.ts'
import type { GuestFunction, HostImports, Instance, InstanceHooks } from './types.ts'

/** A compiled core module, with what has to be fenced when it is instantiated. */
export interface CoreModule {
  readonly module: WebAssembly.Module
  readonly imports: readonly FunctionImport[]
  /** The types of the functions that it exports. */
  readonly exports: ReadonlyMap<string, Signature | null>
  readonly needs: Needs
  /** What can be seen of its state; `undefined` where the meter did not write it. */
  readonly state: ModuleState | undefined
}

/** What all instances of one plan share. */
export interface Blueprint {
  readonly model: ComponentModel
  readonly glue: GlueFactory
  /** By the names under which the glue asks for them. */
  readonly modules: ReadonlyMap<string, CoreModule>
  readonly fences: FenceCache
  readonly handovers: HandoverCache
  readonly async: boolean
}

/** Instantiates a component, synchronously: whatever waits can only wait inside a call. */
export function instantiate(
  blueprint: Blueprint,
  host: HostImports,
  meter: InstanceMeter | undefined,
  hooks: InstanceHooks = {},
): Instance {
  const { model, modules } = blueprint
  const { resources, stacks } = host
  if (!(resources instanceof InstanceResources)) {
    throw new ComponentError(
      'bad-plan',
      'host.resources must come from newResources() of what is instantiated.',
    )
  }
  const imports = resources.bind(host)
  const blame = new Blame()
  const fences = new Fences(blueprint.fences, (error) => blame.note(error), meter)
  const cores = new Map<WebAssembly.Module, CoreModule>()
  let index = 0
  const inside = new CoreState()
  const glue = new GlueState(resources, blueprint.glue.unknown)
  const exporters: Exporter[] = []
  const waits = new Waits()
  const ground = stacks && { stacks, handovers: blueprint.handovers, exporters }
  const globals = {
    FinalizationRegistry: resources.registry,
    WebAssembly: blueprint.async ? glueWebAssembly(waits, ground) : WebAssembly,
    meter: resources.meter,
    state: glue,
  }
  const exports = blame.during(() =>
    blueprint.glue(globals)(
      (name) => {
        const found = modules.get(name)
        if (found === undefined)
          throw new ComponentError('glue-rejected', `The glue asks for a module ${name}.`)
        cores.set(found.module, found)
        return found.module
      },
      imports,
      (module, coreImports) => {
        const core = cores.get(module)
        if (core === undefined)
          throw new ComponentError('glue-rejected', 'The glue instantiates a module of its own.')
        const linked = fences.around(core.imports, coreImports)
        meter?.reserve(core.needs)
        const instance = new WebAssembly.Instance(
          module,
          // Last, so that no name of a component's own stands in its place.
          meter === undefined ? linked : { ...linked, 'theater:meter': meter.globals },
        )
        fences.learn(instance.exports)
        exporters.push({ exports: instance.exports, types: core.exports })
        inside.add(core.state, instance.exports)
        hooks.onCoreInstance?.(instance, index++)
        return instance
      },
    ),
  )
  const functions: Record<string, GuestFunction> = Object.create(null)
  for (const { name: iface, functions: models } of model.exports) {
    // The glue leaves out an interface that has only types.
    if (models.length === 0) continue
    const target =
      iface === '' ? exports : own(exports, isInterfaceName(iface) ? iface : camelCase(iface), iface)
    for (const fn of models) {
      const run = guestFunction(fn, target, resources, blame, blueprint.async)
      functions[fn.id] = (...args) => {
        resources.meter.reset()
        return run(...args)
      }
    }
  }
  return {
    functions: Object.freeze(functions),
    resources,
    imaging: new Imaging(inside, glue, meter),
    end: () => waits.end(),
    dropGuest(wrapper) {
      const dispose: unknown = Reflect.get(wrapper, Symbol.dispose)
      if (typeof dispose !== 'function')
        throw new TypeError('not an object that stands for a resource of a guest')
      blame.during(() => Reflect.apply(dispose, wrapper, []))
    },
  }
}

/** Remembers what a fence caught, for the trap that follows at once. After it the instance is finished. */
class Blame {
  #caught: { readonly error: unknown } | undefined

  note(error: unknown): void {
    this.#caught ??= { error }
  }

  /** Gives the trap of a fence its cause. */
  attribute(trap: unknown): unknown {
    const caught = this.#caught
    if (caught !== undefined && trap instanceof WebAssembly.RuntimeError && !Object.hasOwn(trap, 'cause')) {
      Object.defineProperty(trap, 'cause', { value: caught.error, configurable: true, writable: true })
    }
    return trap
  }

  during<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw this.attribute(error)
    }
  }
}

/** Reads what the glue exports, and nothing that it merely inherits. */
function own(from: unknown, key: string, id: string): unknown {
  if ((typeof from === 'object' || typeof from === 'function') && from !== null && Object.hasOwn(from, key)) {
    return Reflect.get(from, key)
  }
  throw new ComponentError('glue-rejected', `The glue does not export ${id}.`)
}

type Callable = (...args: unknown[]) => unknown

function callable(value: unknown, id: string): Callable {
  if (typeof value !== 'function')
    throw new ComponentError('glue-rejected', `The glue does not export ${id}.`)
  return value as Callable
}

function guestFunction(
  fn: FunctionModel,
  target: unknown,
  resources: InstanceResources,
  blame: Blame,
  async: boolean,
): GuestFunction {
  const { item } = splitPlainName(fn.name)
  if (fn.kind === 'freestanding' || fn.resource === null) {
    return answering(fn, callable(own(target, camelCase(fn.name), fn.id), fn.id), blame, async)
  }
  const Class = callable(own(target, pascalCase(fn.resource.name), fn.id), fn.id)
  const prototype: unknown = own(Class, 'prototype', fn.id)
  if (typeof prototype === 'object' && prototype !== null) resources.learn(fn.resource, prototype)
  switch (fn.kind) {
    case 'constructor':
      return answering(fn, (...args) => Reflect.construct(Class, args), blame, false)
    case 'static':
      return answering(fn, callable(own(Class, camelCase(item), fn.id), fn.id), blame, false)
    case 'method': {
      const method = callable(own(prototype, camelCase(item), fn.id), fn.id)
      return answering(fn, (self, ...args) => Reflect.apply(method, self, args), blame, async)
    }
  }
}

/** Gives a function of type `result<…>` its answer as a value (the glue throws the `err`), and a trap its cause. */
function answering(fn: FunctionModel, call: Callable, blame: Blame, async: boolean): GuestFunction {
  const fallible = fn.result?.kind === 'result'
  const failed = (error: unknown): unknown => {
    const answer = fallible ? errorAnswer(error) : undefined
    if (answer !== undefined) return answer
    throw blame.attribute(error)
  }
  if (async) {
    return async (...args) => {
      try {
        const val = await call(...args)
        return fallible ? { tag: 'ok', val } : val
      } catch (error) {
        return failed(error)
      }
    }
  }
  return (...args) => {
    try {
      const val = call(...args)
      return fallible ? { tag: 'ok', val } : val
    } catch (error) {
      return failed(error)
    }
  }
}

/**
 * Tells the `err` that an export answered from everything else that can be thrown. The glue's own class has a
 * `payload` that is a plain, fixed property; a poisoned trap has an accessor, and an import's error never gets here
 * without going through the guest.
 */
function errorAnswer(error: unknown): { readonly tag: 'err'; readonly val: unknown } | undefined {
  if (error instanceof Error && error.constructor.name === 'ComponentError') {
    const payload = Object.getOwnPropertyDescriptor(error, 'payload')
    if (payload !== undefined && 'value' in payload && payload.writable === false && !payload.configurable) {
      return { tag: 'err', val: payload.value }
    }
  }
  return undefined
}
