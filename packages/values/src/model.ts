import { ValueError } from './errors.ts'
import { checkModel, checkName, functionId } from './model-check.ts'
import { Reader } from './reader.ts'
import { SCALAR_KINDS } from './types.ts'
import type { ComponentModel, FunctionModel, InterfaceModel, ResourceType, ValType } from './types.ts'
import { Writer } from './writer.ts'

const FORMAT = 1

/** The number of each kind of type in the bytes; the scalars come first, in their order. */
const KIND = {
  list: 13,
  option: 14,
  result: 15,
  tuple: 16,
  record: 17,
  variant: 18,
  enum: 19,
  flags: 20,
  own: 21,
  borrow: 22,
} as const

const FUNCTION_KINDS = ['freestanding', 'constructor', 'method', 'static'] as const
const SIDES = ['import', 'export'] as const

/**
 * Returns a model as canonical DAG-CBOR: what genesis binds as the WIT of a component.
 *
 * The bytes are `[1, resources, types, imports, exports]`. Resources are `[side, interface, name]`, types an array of the
 * kind's number and what it is made of, interfaces `[name, resources, functions]`, functions
 * `[name, kind, resource, params, result]`. Types and resources are named by their place in their table; each stands in it
 * once, after those it is made of, in the order of first use. So one model has one encoding.
 *
 * @throws ValueError `bad-model`, as `checkModel`.
 */
export function encodeModel(model: ComponentModel): Uint8Array<ArrayBuffer> {
  checkModel(model)
  return new ModelWriter().write(model)
}

/**
 * Reads what `encodeModel` wrote, and nothing else. Each type is one object, however often it is used.
 *
 * @throws ValueError for hostile bytes as for a model that `checkModel` refuses.
 */
export function decodeModel(bytes: Uint8Array): ComponentModel {
  const input = new Reader(bytes)
  const model = new ModelReader(input).read()
  input.finish()
  checkModel(model)
  // Order of the tables, types twice or never used: there is one encoding only.
  const again = new ModelWriter().write(model)
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i])) {
    throw new ValueError('not-canonical', 'a model that is written otherwise')
  }
  return model
}

class ModelWriter {
  readonly #resources = new Map<ResourceType, number>()
  readonly #resourceTable = new Writer()
  readonly #types = new Map<ValType, number>()
  /** Types by what their entry says, to find the same type in another object. */
  readonly #entries = new Map<string, number>()
  readonly #typeTable = new Writer()

  write(model: ComponentModel): Uint8Array<ArrayBuffer> {
    const sides = new Writer()
    this.#interfaces(model.imports, sides)
    this.#interfaces(model.exports, sides)
    const out = new Writer()
    out.array(5)
    out.uint(FORMAT)
    out.array(this.#resources.size)
    out.raw(this.#resourceTable.bytes())
    out.array(this.#entries.size)
    out.raw(this.#typeTable.bytes())
    out.raw(sides.bytes())
    return out.copy()
  }

  #interfaces(list: readonly InterfaceModel[], out: Writer): void {
    out.array(list.length)
    for (const it of list) {
      out.array(3)
      out.text(it.name)
      out.array(it.resources.length)
      for (const resource of it.resources) out.uint(this.#resource(resource))
      out.array(it.functions.length)
      for (const fn of it.functions) this.#function(fn, out)
    }
  }

  #function(fn: FunctionModel, out: Writer): void {
    out.array(5)
    out.text(fn.name)
    out.uint(FUNCTION_KINDS.indexOf(fn.kind))
    if (fn.resource === null) out.null()
    else out.uint(this.#resource(fn.resource))
    out.array(fn.params.length)
    for (const param of fn.params) {
      out.array(2)
      out.text(param.name)
      out.uint(this.#type(param.type))
    }
    this.#typeOrNull(fn.result, out)
  }

  #resource(resource: ResourceType): number {
    const known = this.#resources.get(resource)
    if (known !== undefined) return known
    const out = this.#resourceTable
    out.array(3)
    out.uint(SIDES.indexOf(resource.side))
    out.text(resource.interface)
    out.text(resource.name)
    this.#resources.set(resource, this.#resources.size)
    return this.#resources.size - 1
  }

  #typeOrNull(type: ValType | null, out: Writer): void {
    if (type === null) out.null()
    else out.uint(this.#type(type))
  }

  #type(type: ValType): number {
    const known = this.#types.get(type)
    if (known !== undefined) return known
    const entry = new Writer(64)
    this.#entry(type, entry)
    const bytes = entry.bytes()
    const key = String.fromCharCode(...bytes.subarray(0, 4096)) + bytes.subarray(4096).join()
    let index = this.#entries.get(key)
    if (index === undefined) {
      index = this.#entries.size
      this.#entries.set(key, index)
      this.#typeTable.raw(bytes)
    }
    this.#types.set(type, index)
    return index
  }

  #entry(type: ValType, out: Writer): void {
    switch (type.kind) {
      case 'list':
        return this.#pair(KIND.list, this.#type(type.element), out)
      case 'option':
        return this.#pair(KIND.option, this.#type(type.payload), out)
      case 'result':
        out.array(3)
        out.uint(KIND.result)
        this.#typeOrNull(type.ok, out)
        this.#typeOrNull(type.err, out)
        return
      case 'tuple':
        this.#head(KIND.tuple, type.elements.length, out)
        for (const element of type.elements) out.uint(this.#type(element))
        return
      case 'record':
        this.#head(KIND.record, type.fields.length, out)
        return this.#named(type.fields, out)
      case 'variant':
        this.#head(KIND.variant, type.cases.length, out)
        return this.#named(type.cases, out)
      case 'enum':
        this.#head(KIND.enum, type.cases.length, out)
        for (const name of type.cases) out.text(name)
        return
      case 'flags':
        this.#head(KIND.flags, type.names.length, out)
        for (const name of type.names) out.text(name)
        return
      case 'own':
      case 'borrow':
        return this.#pair(KIND[type.kind], this.#resource(type.resource), out)
      case 'bool':
      case 'u8':
      case 's8':
      case 'u16':
      case 's16':
      case 'u32':
      case 's32':
      case 'u64':
      case 's64':
      case 'f32':
      case 'f64':
      case 'char':
      case 'string':
        out.array(1)
        out.uint(SCALAR_KINDS.indexOf(type.kind))
        return
    }
  }

  #pair(kind: number, index: number, out: Writer): void {
    out.array(2)
    out.uint(kind)
    out.uint(index)
  }

  #head(kind: number, items: number, out: Writer): void {
    out.array(2)
    out.uint(kind)
    out.array(items)
  }

  #named(list: readonly { readonly name: string; readonly type: ValType | null }[], out: Writer): void {
    for (const { name, type } of list) {
      out.array(2)
      out.text(name)
      this.#typeOrNull(type, out)
    }
  }
}

class ModelReader {
  readonly #input: Reader
  readonly #resources: ResourceType[] = []
  readonly #types: ValType[] = []

  constructor(input: Reader) {
    this.#input = input
  }

  read(): ComponentModel {
    const input = this.#input
    this.#expect(5)
    const format = input.uint()
    if (format !== FORMAT) throw new ValueError('bad-model', `format ${format}; this package reads ${FORMAT}`)
    for (let n = input.array(); n > 0; n--) this.#resources.push(this.#readResource())
    // An entry can name only those before it, so that no type contains itself.
    for (let n = input.array(); n > 0; n--) this.#types.push(this.#readType())
    return { imports: this.#list(() => this.#interface()), exports: this.#list(() => this.#interface()) }
  }

  #readResource(): ResourceType {
    this.#expect(3)
    return { side: pick(SIDES, this.#input.uint()), interface: this.#input.text(), name: this.#input.text() }
  }

  #readType(): ValType {
    const input = this.#input
    const items = input.array()
    if (items === 0) throw new ValueError('wrong-type', 'a type without kind')
    const kind = input.uint()
    const expected = kind < SCALAR_KINDS.length ? 1 : kind === KIND.result ? 3 : 2
    if (items !== expected) throw new ValueError('wrong-type', `a type of ${items} items, not ${expected}`)
    switch (kind) {
      case KIND.list:
        return { kind: 'list', element: this.#type() }
      case KIND.option:
        return { kind: 'option', payload: this.#type() }
      case KIND.result:
        return { kind: 'result', ok: this.#typeOrNull(), err: this.#typeOrNull() }
      case KIND.tuple:
        return { kind: 'tuple', elements: this.#list(() => this.#type()) }
      case KIND.record:
        return { kind: 'record', fields: this.#list(() => this.#param()) }
      case KIND.variant:
        return { kind: 'variant', cases: this.#list(() => this.#case()) }
      case KIND.enum:
        return { kind: 'enum', cases: this.#list(() => input.text()) }
      case KIND.flags:
        return { kind: 'flags', names: this.#list(() => input.text()) }
      case KIND.own:
        return { kind: 'own', resource: this.#resource() }
      case KIND.borrow:
        return { kind: 'borrow', resource: this.#resource() }
      default:
        return { kind: pick(SCALAR_KINDS, kind) }
    }
  }

  #interface(): InterfaceModel {
    this.#expect(3)
    const name = this.#input.text()
    // Before it is part of every function's id: one long name and many functions would be the square of the bytes.
    if (name !== '') checkName(name)
    const resources = this.#list(() => this.#resource())
    return { name, functions: this.#list(() => this.#function(name)), resources }
  }

  #function(interfaceName: string): FunctionModel {
    const input = this.#input
    this.#expect(5)
    const name = input.text()
    checkName(name)
    const kind = pick(FUNCTION_KINDS, input.uint())
    const resource = input.nullNext() ? null : this.#resource()
    const params = this.#list(() => this.#param())
    const result = this.#typeOrNull()
    return {
      id: functionId(interfaceName, name),
      interface: interfaceName,
      name,
      kind,
      resource,
      params,
      result,
    }
  }

  #param(): { name: string; type: ValType } {
    this.#expect(2)
    return { name: this.#input.text(), type: this.#type() }
  }

  #case(): { name: string; type: ValType | null } {
    this.#expect(2)
    return { name: this.#input.text(), type: this.#typeOrNull() }
  }

  #resource(): ResourceType {
    return pick(this.#resources, this.#input.uint())
  }

  #type(): ValType {
    return pick(this.#types, this.#input.uint())
  }

  #typeOrNull(): ValType | null {
    return this.#input.nullNext() ? null : this.#type()
  }

  #list<T>(one: () => T): T[] {
    const out: T[] = []
    for (let n = this.#input.array(); n > 0; n--) out.push(one())
    return out
  }

  #expect(items: number): void {
    const n = this.#input.array()
    if (n !== items) throw new ValueError('wrong-type', `an array of ${n} items, not ${items}`)
  }
}

function pick<T>(list: readonly T[], index: number): T {
  const it = list[index]
  if (it === undefined)
    throw new ValueError('unknown-case', `${index} is beyond the ${list.length} there are`)
  return it
}
