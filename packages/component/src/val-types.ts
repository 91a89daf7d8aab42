/** Builds the value types of a model, and measures them as if every reference were written out. */
import { camelCase, type ValType } from '@theater/values'
import { ComponentError } from './errors.ts'
import { shown } from './names.ts'
import type { Primitive, ValRef, ValSyntax } from './syntax.ts'
import type { LoadLimits } from './types.ts'
import type { Resource, TypeItem } from './items.ts'

interface Measure {
  readonly nodes: number
  readonly depth: number
}

/** Looks a type index up; throws for one that is not there. */
export type TypeLookup = (index: number) => TypeItem

const leaf: Measure = { nodes: 1, depth: 1 }

/** Two names of one scope that are one key in JavaScript. */
function checkKeys(names: readonly string[], where: string, offset: number): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const key = camelCase(name)
    const other = seen.get(key)
    if (other !== undefined) {
      const both = other === name ? `${shown(name)} twice` : `${shown(other)} and ${shown(name)}`
      throw new ComponentError('bad-name', `${where} has ${both}: in JavaScript they are one name.`, {
        offset,
      })
    }
    seen.set(key, name)
  }
}

/** Makes `ValType`s. Shared types stay shared objects; their written-out size is bounded all the same. */
export class ValTypes {
  readonly #limits: LoadLimits
  readonly #measures = new WeakMap<ValType, Measure>()
  readonly #primitives = new Map<Primitive, ValType>()

  constructor(limits: LoadLimits) {
    this.#limits = limits
  }

  measure(type: ValType): Measure {
    return this.#measures.get(type) ?? leaf
  }

  /** The type that a use stands for. */
  use(ref: ValRef, lookup: TypeLookup, offset: number): ValType {
    if (typeof ref === 'string') return this.#primitive(ref)
    const item = lookup(ref)
    if (item.k === 'value') return item.type
    throw new ComponentError('not-wasm', `Type ${ref} is used as the type of a value, and is none.`, {
      offset,
    })
  }

  /** The type that a definition makes. */
  define(syntax: ValSyntax, lookup: TypeLookup, offset: number): ValType {
    const use = (ref: ValRef): ValType => this.use(ref, lookup, offset)
    const maybe = (ref: ValRef | null): ValType | null => (ref === null ? null : use(ref))
    switch (syntax.k) {
      case 'primitive':
        return this.#primitive(syntax.primitive)
      case 'record': {
        const fields = syntax.fields.map(({ name, type }) => ({ name, type: use(type) }))
        checkKeys(
          fields.map(({ name }) => name),
          'A record',
          offset,
        )
        return this.#made(
          { kind: 'record', fields },
          fields.map(({ type }) => type),
          offset,
        )
      }
      case 'variant': {
        const cases = syntax.cases.map(({ name, type }) => ({ name, type: maybe(type) }))
        checkKeys(
          cases.map(({ name }) => name),
          'A variant',
          offset,
        )
        return this.#made(
          { kind: 'variant', cases },
          cases.map(({ type }) => type),
          offset,
        )
      }
      case 'list': {
        const element = use(syntax.element)
        return this.#made({ kind: 'list', element }, [element], offset)
      }
      case 'tuple': {
        const elements = syntax.elements.map(use)
        return this.#made({ kind: 'tuple', elements }, elements, offset)
      }
      case 'flags':
        checkKeys(syntax.names, 'A set of flags', offset)
        return this.#made(
          { kind: 'flags', names: syntax.names },
          syntax.names.map(() => null),
          offset,
        )
      case 'enum':
        checkKeys(syntax.names, 'An enum', offset)
        return this.#made(
          { kind: 'enum', cases: syntax.names },
          syntax.names.map(() => null),
          offset,
        )
      case 'option': {
        const payload = use(syntax.payload)
        return this.#made({ kind: 'option', payload }, [payload], offset)
      }
      case 'result': {
        const type = { kind: 'result', ok: maybe(syntax.ok), err: maybe(syntax.err) } as const
        return this.#made(type, [type.ok, type.err], offset)
      }
      case 'own':
      case 'borrow':
        return this.#made(
          { kind: syntax.k, resource: this.#resource(syntax.resource, lookup, offset) },
          [],
          offset,
        )
    }
  }

  #resource(index: number, lookup: TypeLookup, offset: number): Resource {
    const item = lookup(index)
    if (item.k === 'resource') return item.resource
    throw new ComponentError('not-wasm', `Type ${index} is used as a resource, and is none.`, { offset })
  }

  #primitive(kind: Primitive): ValType {
    const known = this.#primitives.get(kind)
    if (known !== undefined) return known
    const type: ValType = { kind }
    this.#primitives.set(kind, type)
    return type
  }

  #made(type: ValType, parts: readonly (ValType | null)[], offset: number): ValType {
    let nodes = 1
    let depth = 0
    for (const part of parts) {
      const measure = part === null ? leaf : this.measure(part)
      nodes += measure.nodes
      depth = Math.max(depth, measure.depth)
    }
    if (depth >= this.#limits.depth) {
      throw new ComponentError('too-deep', `A type nests deeper than ${this.#limits.depth}.`, { offset })
    }
    if (nodes > this.#limits.functionNodes) {
      throw new ComponentError(
        'too-large',
        `A type has more than ${this.#limits.functionNodes} nodes when written out.`,
        { offset },
      )
    }
    this.#measures.set(type, { nodes, depth: depth + 1 })
    return type
  }
}
