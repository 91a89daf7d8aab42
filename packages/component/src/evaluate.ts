/** Evaluates the definitions of a component: instantiates what is nested, follows every index. */
import { ComponentError } from './errors.ts'
import { type FunctionType, type InstanceItem, type Item, Scope, type TypeItem } from './items.ts'
import { shown } from './names.ts'
import type { Binding, ComponentSyntax, Definition, Extern, TypeSyntax } from './syntax.ts'
import type { LoadLimits } from './types.ts'
import { ValTypes } from './val-types.ts'

/** Where a declared resource belongs. */
interface Origin {
  readonly interface: string
  readonly name: string
}

/** What the outermost component does with its imports and exports. */
export interface World {
  import(name: string, item: Item, offset: number): void
  export(name: string, item: Item, offset: number): void
}

/** Runs the definitions of one component file. */
export class Evaluator {
  readonly #limits: LoadLimits
  readonly #world: World
  readonly types: ValTypes
  #steps = 0
  #instantiated = 0

  constructor(limits: LoadLimits, world: World) {
    this.#limits = limits
    this.#world = world
    this.types = new ValTypes(limits)
  }

  /** Evaluates the outermost component, whose imports nobody has bound. */
  run(component: ComponentSyntax): void {
    this.#body(component, new Scope(null), null, 0)
  }

  #body(
    component: ComponentSyntax,
    scope: Scope,
    args: ReadonlyMap<string, Item> | null,
    depth: number,
  ): Map<string, Item> {
    const exports = new Map<string, Item>()
    for (const definition of component.definitions) {
      this.#step(definition, weight(definition))
      if (definition.k === 'import') {
        scope.push(args === null ? this.#imported(definition, scope) : this.#bound(definition, scope, args))
      } else if (definition.k === 'export') {
        const found = this.#get(scope, definition.sort, definition.index, definition.offset)
        const item = definition.extern === null ? found : this.#narrowed(found, definition.extern, scope)
        if (args === null) this.#world.export(definition.name, item, definition.offset)
        exports.set(definition.name, item)
        scope.push(item)
      } else this.#define(definition, scope, depth)
    }
    return exports
  }

  #define(definition: Definition, scope: Scope, depth: number): void {
    const { offset } = definition
    switch (definition.k) {
      case 'component':
        return scope.push({ sort: 'component', syntax: definition.body, scope })
      case 'instantiate':
        return scope.push(this.#instantiate(definition.component, definition.args, scope, depth, offset))
      case 'bundle': {
        const exports = this.#bindings(definition.exports, scope, offset)
        return scope.push({ sort: 'instance', exports })
      }
      case 'alias-export': {
        const instance = this.#get(scope, 'instance', definition.instance, offset)
        const item = instance.sort === 'instance' ? instance.exports.get(definition.name) : undefined
        if (item?.sort !== definition.sort) {
          throw this.#malformed(
            `instance ${definition.instance} exports no ${shown(definition.name)}`,
            offset,
          )
        }
        return scope.push(item)
      }
      case 'alias-outer': {
        let outer: Scope | null = scope
        for (let i = 0; i < definition.count && outer !== null; i++) outer = outer.parent
        if (outer === null) throw this.#malformed('an alias reaches outside the file', offset)
        return scope.push(this.#get(outer, definition.sort, definition.index, offset))
      }
      case 'type':
        return scope.push(this.#type(definition.type, scope, offset))
      case 'lift': {
        const type = this.#get(scope, 'type', definition.type, offset)
        if (type.sort !== 'type' || type.k !== 'func') throw this.#malformed('a function has no type', offset)
        return scope.push({ sort: 'func', type: type.type })
      }
      case 'declare':
      case 'import':
      case 'export':
        throw this.#malformed('a declaration stands outside a type', offset)
    }
  }

  #instantiate(
    index: number,
    bindings: readonly Binding[],
    scope: Scope,
    depth: number,
    offset: number,
  ): InstanceItem {
    const component = this.#get(scope, 'component', index, offset)
    if (component.sort !== 'component') throw this.#malformed(`there is no component ${index}`, offset)
    if (component.syntax === null) {
      throw new ComponentError('unsupported', 'The component instantiates a component that it imports.', {
        offset,
      })
    }
    this.#instantiated++
    if (this.#instantiated > this.#limits.components) {
      throw new ComponentError(
        'too-large',
        `More than ${this.#limits.components} nested components are instantiated.`,
        { offset },
      )
    }
    if (depth >= this.#limits.depth) {
      throw new ComponentError('too-deep', `Components instantiate deeper than ${this.#limits.depth}.`, {
        offset,
      })
    }
    const args = this.#bindings(bindings, scope, offset)
    const exports = this.#body(component.syntax, new Scope(component.scope), args, depth + 1)
    return { sort: 'instance', exports }
  }

  #bindings(bindings: readonly Binding[], scope: Scope, offset: number): Map<string, Item> {
    const items = new Map<string, Item>()
    for (const { name, sort, index } of bindings) {
      this.#step({ offset })
      if (items.has(name)) throw this.#malformed(`${shown(name)} is bound twice`, offset)
      items.set(name, this.#get(scope, sort, index, offset))
    }
    return items
  }

  /** An import of the outermost component: what its declared type says. */
  #imported(definition: Definition & { k: 'import' }, scope: Scope): Item {
    const { name, extern, offset } = definition
    const item = this.#declared(extern, scope, { interface: '', name }, offset)
    this.#world.import(name, item, offset)
    return item
  }

  /** An import of a nested component: what it is instantiated with, seen as its declared type. */
  #bound(definition: Definition & { k: 'import' }, scope: Scope, args: ReadonlyMap<string, Item>): Item {
    const item = args.get(definition.name)
    if (item === undefined) {
      if (definition.extern.k === 'core') return { sort: 'core' }
      throw this.#malformed(`the import ${shown(definition.name)} is not bound`, definition.offset)
    }
    return this.#narrowed(item, definition.extern, scope)
  }

  /** An instance seen as an instance type has the exports which that type names, and no others. */
  #narrowed(item: Item, extern: Extern, scope: Scope): Item {
    if (item.sort !== 'instance' || extern.k !== 'instance') return item
    const type = scope.type[extern.type]
    if (type?.k !== 'instance') return item
    const exports = new Map<string, Item>()
    for (const decl of type.decls) {
      if (decl.k !== 'declare') continue
      this.#step(decl)
      const found = item.exports.get(decl.name)
      if (found !== undefined) exports.set(decl.name, found)
    }
    return { sort: 'instance', exports }
  }

  /** What a declaration stands for. Each `(sub resource)` makes a new resource, at every use of its type. */
  #declared(extern: Extern, scope: Scope, origin: Origin, offset: number): Item {
    switch (extern.k) {
      case 'core':
        return { sort: 'core' }
      case 'resource':
        return {
          sort: 'type',
          k: 'resource',
          resource: { side: 'import', interface: origin.interface, name: origin.name },
        }
      case 'component':
        return { sort: 'component', syntax: null, scope }
      case 'eq':
        return this.#get(scope, 'type', extern.type, offset)
      case 'func': {
        const type = this.#get(scope, 'type', extern.type, offset)
        if (type.sort !== 'type' || type.k !== 'func') throw this.#malformed('a function has no type', offset)
        return { sort: 'func', type: type.type }
      }
      case 'instance': {
        const type = this.#get(scope, 'type', extern.type, offset)
        if (type.sort !== 'type' || type.k !== 'instance') {
          throw this.#malformed('an instance has no type', offset)
        }
        return { sort: 'instance', exports: this.#declarations(type.decls, type.scope, origin.name) }
      }
    }
  }

  #declarations(decls: readonly Definition[], parent: Scope, iface: string): Map<string, Item> {
    const scope = new Scope(parent)
    const exports = new Map<string, Item>()
    for (const decl of decls) {
      this.#step(decl, weight(decl))
      if (decl.k === 'declare') {
        const item = this.#declared(decl.extern, scope, { interface: iface, name: decl.name }, decl.offset)
        if (exports.has(decl.name))
          throw this.#malformed(`${shown(decl.name)} is declared twice`, decl.offset)
        exports.set(decl.name, item)
        scope.push(item)
      } else this.#define(decl, scope, 0)
    }
    return exports
  }

  #type(syntax: TypeSyntax, scope: Scope, offset: number): TypeItem {
    switch (syntax.k) {
      case 'value':
        return {
          sort: 'type',
          k: 'value',
          type: this.types.define(syntax.value, this.#lookup(scope, offset), offset),
        }
      case 'func':
        return { sort: 'type', k: 'func', type: this.#function(syntax, scope, offset) }
      case 'component':
        return { sort: 'type', k: 'component' }
      case 'instance':
        return { sort: 'type', k: 'instance', decls: syntax.decls, scope }
      case 'resource':
        return { sort: 'type', k: 'resource', resource: { side: 'export', interface: '', name: '' } }
    }
  }

  #function(syntax: TypeSyntax & { k: 'func' }, scope: Scope, offset: number): FunctionType {
    const lookup = this.#lookup(scope, offset)
    const params = syntax.params.map(({ name, type }) => ({
      name,
      type: this.types.use(type, lookup, offset),
    }))
    const result = syntax.result === null ? null : this.types.use(syntax.result, lookup, offset)
    return { params, result }
  }

  #lookup(scope: Scope, offset: number) {
    return (index: number): TypeItem => {
      const item = scope.type[index]
      if (item === undefined) throw this.#malformed(`there is no type ${index}`, offset)
      return item
    }
  }

  #get(scope: Scope, sort: Item['sort'], index: number, offset: number): Item {
    const item = scope.get(sort, index)
    if (item === undefined) throw this.#malformed(`there is no ${sort} ${index}`, offset)
    return item
  }

  #malformed(what: string, offset: number): ComponentError {
    return new ComponentError('not-wasm', `Malformed component at byte ${offset}: ${what}.`, { offset })
  }

  /** Counts work, so that instance types used often, or shims nested in shims, stay linear in the limit. */
  #step({ offset }: { readonly offset: number }, weight = 1): void {
    this.#steps += weight
    if (this.#steps > this.#limits.definitions) {
      throw new ComponentError(
        'too-large',
        `Evaluating the component takes more than ${this.#limits.definitions} definitions.`,
        { offset },
      )
    }
  }
}

/** How much work a definition is, each time it is evaluated. */
function weight(definition: Definition): number {
  if (definition.k !== 'type') return 1
  const type = definition.type
  if (type.k === 'func') return 1 + type.params.length
  if (type.k !== 'value') return 1
  const value = type.value
  switch (value.k) {
    case 'record':
      return 1 + value.fields.length
    case 'variant':
      return 1 + value.cases.length
    case 'tuple':
      return 1 + value.elements.length
    case 'flags':
    case 'enum':
      return 1 + value.names.length
    case 'primitive':
    case 'list':
    case 'option':
    case 'result':
    case 'own':
    case 'borrow':
      return 1
  }
}
