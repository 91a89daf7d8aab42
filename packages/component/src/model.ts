/** From a parsed component to the typed model of everything it imports and exports. */
import {
  camelCase,
  type ComponentModel,
  type FunctionModel,
  type InterfaceModel,
  type ResourceType,
  type ValType,
} from '@theater/values'
import { ComponentError } from './errors.ts'
import { Evaluator, type World } from './evaluate.ts'
import type { FunctionType, Item, Resource } from './items.ts'
import { isInterfaceName, pascalCase, shown, splitPlainName } from './names.ts'
import { unsupported } from './parse-types.ts'
import type { ComponentSyntax } from './syntax.ts'
import type { LoadLimits } from './types.ts'
import type { ValTypes } from './val-types.ts'

/** Properties that every JavaScript class has and nobody can assign. */
const fixedOnClasses = new Set(['arguments', 'caller', 'length', 'name', 'prototype'])

/** Evaluates a parsed component. Throws a `ComponentError` for what is malformed, unsupported or too large. */
export function modelOf(component: ComponentSyntax, limits: LoadLimits): ComponentModel {
  const world = new ModelWorld(limits)
  const evaluator = new Evaluator(limits, world)
  world.types = evaluator.types
  evaluator.run(component)
  return { imports: world.imports.finish(), exports: world.exports.finish() }
}

/** Collects the interfaces of one side of the world. */
class Side {
  readonly #interfaces = new Map<string, Members>()
  /** What stands outside any interface; in the model only if there is something. */
  readonly root: Members = newMembers()

  interface(name: string): Members {
    let found = this.#interfaces.get(name)
    if (found === undefined) {
      found = name === '' ? this.root : newMembers()
      this.#interfaces.set(name, found)
    }
    return found
  }

  has(name: string): boolean {
    return this.#interfaces.has(name)
  }

  finish(): InterfaceModel[] {
    return Array.from(this.#interfaces, ([name, { functions, resources }]) => ({
      name,
      functions,
      resources,
    }))
  }
}

interface Members {
  readonly functions: FunctionModel[]
  readonly resources: ResourceType[]
  /** Resources by the name they have in this interface. */
  readonly named: Map<string, ResourceType>
  /** JavaScript names that are taken, with the WIT name that took them. */
  readonly keys: Map<string, string>
}

function newMembers(): Members {
  return { functions: [], resources: [], named: new Map(), keys: new Map() }
}

class ModelWorld implements World {
  readonly imports = new Side()
  readonly exports = new Side()
  readonly #limits: LoadLimits
  types: ValTypes | null = null
  #functions = 0
  #nodes = 0

  constructor(limits: LoadLimits) {
    this.#limits = limits
  }

  import(name: string, item: Item, offset: number): void {
    this.#top(this.imports, name, item, offset)
  }

  export(name: string, item: Item, offset: number): void {
    this.#top(this.exports, name, item, offset)
  }

  #top(side: Side, name: string, item: Item, offset: number): void {
    const what = side === this.imports ? 'import' : 'export'
    switch (item.sort) {
      case 'core':
        return unsupported(`the ${what} of a core module`, offset)
      case 'component':
        return unsupported(`the ${what} of a component`, offset)
      case 'instance': {
        if (side.has(name)) {
          throw new ComponentError('bad-name', `Two ${what}s are named ${shown(name)}.`, { offset })
        }
        if (!isInterfaceName(name)) this.#key(side.root, camelCase(name), name, offset)
        // Resources first: a function may stand before the type that it uses is exported by name.
        const members = side.interface(name)
        for (const [key, member] of item.exports) this.#resource(members, name, key, member, offset)
        for (const [key, member] of item.exports) this.#member(members, name, key, member, offset)
        return
      }
      case 'type':
      case 'func':
        if (isInterfaceName(name)) {
          throw new ComponentError('bad-name', `${shown(name)} is the name of an interface, and is none.`, {
            offset,
          })
        }
        if (item.sort === 'type' && item.k !== 'resource') return
        this.#resource(side.interface(''), '', name, item, offset)
        this.#member(side.interface(''), '', name, item, offset)
    }
  }

  #resource(members: Members, iface: string, name: string, item: Item, offset: number): void {
    if (item.sort !== 'type' || item.k !== 'resource') return
    const resource: Resource = item.resource
    if (resource.name === '') {
      resource.interface = iface
      resource.name = name
    }
    this.#key(members, pascalCase(name), name, offset)
    members.named.set(name, resource)
    if (!members.resources.includes(resource)) members.resources.push(resource)
  }

  #member(members: Members, iface: string, name: string, item: Item, offset: number): void {
    switch (item.sort) {
      case 'func':
        members.functions.push(this.#function(members, iface, name, item.type, offset))
        return
      case 'instance':
        return unsupported(`instances inside the interface ${shown(iface)}`, offset)
      case 'component':
      case 'core':
        return unsupported(`components inside the interface ${shown(iface)}`, offset)
      case 'type':
    }
  }

  #function(
    members: Members,
    iface: string,
    name: string,
    type: FunctionType,
    offset: number,
  ): FunctionModel {
    const { kind, resource: label, item } = splitPlainName(name)
    const malformed = (why: string): ComponentError =>
      new ComponentError('not-wasm', `Malformed component: ${shown(name)} ${why}.`, { offset })
    if (isInterfaceName(name)) throw malformed('is a function inside an interface, and is named like one')
    const resource = kind === 'freestanding' ? null : members.named.get(label)
    if (resource === undefined) throw malformed('belongs to no resource')
    if (kind === 'method') {
      const self = type.params[0]?.type
      if (self?.kind !== 'borrow' || self.resource !== resource)
        throw malformed('does not borrow its resource')
    }
    if (kind === 'constructor' && constructed(type.result) !== resource) {
      throw malformed('does not make its resource')
    }
    // A promise would take an object with such a method for a promise, and call it behind the boundary's back.
    if (kind === 'method' && camelCase(item) === 'then') unsupported(`a method named ${shown(item)}`, offset)
    if (kind === 'static' && fixedOnClasses.has(camelCase(item))) {
      unsupported(`a static function named ${shown(item)}`, offset)
    }
    const key = kind === 'freestanding' ? camelCase(name) : `${kind} ${label} ${camelCase(item)}`
    this.#key(members, key, name, offset)
    this.#measure(name, type, offset)
    const id = iface === '' ? name : `${iface}#${name}`
    return { id, interface: iface, name, kind, resource, params: type.params, result: type.result }
  }

  #key(members: Members, key: string, name: string, offset: number): void {
    const other = members.keys.get(key)
    if (other !== undefined) {
      throw new ComponentError('bad-name', `${shown(other)} and ${shown(name)} are one name in JavaScript.`, {
        offset,
      })
    }
    members.keys.set(key, name)
  }

  #measure(name: string, type: FunctionType, offset: number): void {
    this.#functions++
    if (this.#functions > this.#limits.functions) {
      throw new ComponentError(
        'too-large',
        `More than ${this.#limits.functions} functions are imported and exported.`,
      )
    }
    let nodes = 0
    for (const { type: param } of type.params) nodes += this.types?.measure(param).nodes ?? 0
    if (type.result !== null) nodes += this.types?.measure(type.result).nodes ?? 0
    this.#nodes += nodes
    if (nodes > this.#limits.functionNodes) {
      throw new ComponentError(
        'too-large',
        `The types of ${shown(name)} have ${nodes} nodes when written out; the limit is ${this.#limits.functionNodes}.`,
        { offset },
      )
    }
    if (this.#nodes > this.#limits.typeNodes) {
      throw new ComponentError(
        'too-large',
        `All types together have more than ${this.#limits.typeNodes} nodes when written out.`,
        { offset },
      )
    }
  }
}

/** The resource that a constructor of this result makes. */
function constructed(result: ValType | null): ResourceType | null {
  if (result?.kind === 'own') return result.resource
  if (result?.kind === 'result' && result.ok?.kind === 'own') return result.ok.resource
  return null
}
