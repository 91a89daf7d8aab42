/** What the indices of a component stand for once it is evaluated. */
import type { ResourceType, ValType } from '@theater/values'
import type { ComponentSyntax, Definition } from './syntax.ts'

/** A resource type being made: one that a component defines gets its name from the first export that shows it. */
export interface Resource extends ResourceType {
  interface: string
  /** Empty until it is known. */
  name: string
}

/** The type of a function, with every index followed. */
export interface FunctionType {
  readonly params: readonly { readonly name: string; readonly type: ValType }[]
  readonly result: ValType | null
}

export type TypeItem =
  | { readonly sort: 'type'; readonly k: 'value'; readonly type: ValType }
  | { readonly sort: 'type'; readonly k: 'resource'; readonly resource: Resource }
  | { readonly sort: 'type'; readonly k: 'func'; readonly type: FunctionType }
  | { readonly sort: 'type'; readonly k: 'component' }
  | {
      readonly sort: 'type'
      readonly k: 'instance'
      readonly decls: readonly Definition[]
      readonly scope: Scope
    }

export interface FuncItem {
  readonly sort: 'func'
  readonly type: FunctionType
}

export interface InstanceItem {
  readonly sort: 'instance'
  readonly exports: ReadonlyMap<string, Item>
}

/** A component with the scope it was defined in; `null` syntax for one that is only imported. */
export interface ComponentItem {
  readonly sort: 'component'
  readonly syntax: ComponentSyntax | null
  readonly scope: Scope
}

interface CoreItem {
  readonly sort: 'core'
}

export type Item = TypeItem | FuncItem | InstanceItem | ComponentItem | CoreItem

/** The index spaces of one component instance, or of one instance type. */
export class Scope {
  readonly parent: Scope | null
  readonly type: TypeItem[] = []
  readonly func: FuncItem[] = []
  readonly instance: InstanceItem[] = []
  readonly component: ComponentItem[] = []

  constructor(parent: Scope | null) {
    this.parent = parent
  }

  push(item: Item): void {
    switch (item.sort) {
      case 'type':
        this.type.push(item)
        break
      case 'func':
        this.func.push(item)
        break
      case 'instance':
        this.instance.push(item)
        break
      case 'component':
        this.component.push(item)
        break
      case 'core':
    }
  }

  get(sort: Item['sort'], index: number): Item | undefined {
    return sort === 'core' ? { sort: 'core' } : this[sort][index]
  }
}
