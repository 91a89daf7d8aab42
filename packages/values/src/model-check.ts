import { MAX_TYPE_DEPTH } from './codec.ts'
import { ValueError } from './errors.ts'
import { camelCase, distinctKeys } from './names.ts'
import { show } from './shape.ts'
import type { ComponentModel, FunctionModel, InterfaceModel, ResourceType, ValType } from './types.ts'

/**
 * Refuses a model that no component could have, or whose names do not stay apart in JavaScript: two fields, flags,
 * functions or resources with one camelCase key, a case twice, more than 64 flags, types of more than 128 levels, a
 * function that is not what its name says, two resources of one name.
 *
 * Work and memory are bounded by the number of distinct types, not by how large they are written out.
 *
 * @throws ValueError `bad-model`, with the path to what is wrong.
 */
export function checkModel(model: ComponentModel): void {
  const types = new TypeChecker()
  for (const side of ['imports', 'exports'] as const) {
    const seen = new Set<string>()
    for (const it of model[side]) {
      try {
        if (it.name !== '') checkName(it.name)
        if (seen.has(it.name)) throw bad(`${show(it.name)} is there twice`)
        seen.add(it.name)
        checkInterface(it, types)
      } catch (error) {
        throw ValueError.within(`${side}[${show(it.name)}]`, error)
      }
    }
  }
}

function checkInterface(it: InterfaceModel, types: TypeChecker): void {
  for (const resource of it.resources) types.resource(resource)
  distinctKeys(it.resources.map((resource) => resource.name))
  const groups = new Map<string, string[]>()
  for (const fn of it.functions) {
    try {
      const { group, key } = checkFunction(fn, it, types)
      const names = groups.get(group)
      if (names === undefined) groups.set(group, [key])
      else names.push(key)
    } catch (error) {
      throw ValueError.within(`.functions[${show(fn.name)}]`, error)
    }
  }
  for (const names of groups.values()) distinctKeys(names)
}

const PREFIX = {
  freestanding: '',
  constructor: '[constructor]',
  method: '[method]',
  static: '[static]',
} as const

/** Returns the name that must be unlike others of its group: a resource's methods, its statics, the free functions. */
function checkFunction(
  fn: FunctionModel,
  it: InterfaceModel,
  types: TypeChecker,
): { group: string; key: string } {
  checkName(fn.name)
  if (fn.interface !== it.name) throw bad(`it says that it is in ${show(fn.interface)}`)
  if (fn.id !== functionId(fn.interface, fn.name)) throw bad(`its id is ${show(fn.id)}`)
  const prefix = PREFIX[fn.kind]
  if (!fn.name.startsWith(prefix)) throw bad(`it is a ${fn.kind} by kind`)
  if ((fn.kind === 'freestanding') !== (fn.resource === null))
    throw bad(`a ${fn.kind} function and its resource`)
  for (const param of fn.params) {
    try {
      checkName(param.name)
      types.check(param.type)
    } catch (error) {
      throw ValueError.within(`.params[${show(param.name)}]`, error)
    }
  }
  if (fn.result !== null) {
    try {
      types.check(fn.result)
    } catch (error) {
      throw ValueError.within('.result', error)
    }
  }
  const names = new Set(fn.params.map((param) => param.name))
  if (names.size !== fn.params.length) throw bad('two parameters of one name')
  const rest = fn.name.slice(prefix.length)
  if (fn.resource === null) {
    if (rest.startsWith('[')) throw bad('it is freestanding by kind')
    return { group: '', key: rest }
  }
  types.resource(fn.resource)
  if (fn.kind === 'constructor') return { group: '[constructor]', key: rest }
  const self = fn.params[0]?.type
  if (fn.kind === 'method' && (self?.kind !== 'borrow' || self.resource !== fn.resource)) {
    throw bad('a method whose first parameter is not a borrow of its resource')
  }
  const dot = rest.indexOf('.')
  if (dot < 0) throw bad(`a ${fn.kind} function without a dot in its name`)
  const key = rest.slice(dot + 1)
  // No class can have a static property of this name.
  if (fn.kind === 'static' && camelCase(key) === 'prototype') throw bad('a static function named prototype')
  return { group: rest.slice(0, dot) + prefix, key }
}

/** Returns the id of the function `name` of an interface: `wasi:io/poll@0.2.3#poll`, at the root just the name. */
export function functionId(interfaceName: string, name: string): string {
  return interfaceName === '' ? name : `${interfaceName}#${name}`
}

/** Checks types and resources, each distinct object once. */
class TypeChecker {
  readonly #levels = new Map<ValType, number>()
  readonly #known = new Set<ResourceType>()
  readonly #keys = new Set<string>()

  resource(resource: ResourceType): void {
    if (this.#known.has(resource)) return
    this.#known.add(resource)
    checkName(resource.name)
    if (resource.interface !== '') checkName(resource.interface)
    const key = JSON.stringify([resource.side, resource.interface, resource.name])
    if (this.#keys.has(key)) throw bad(`two resources ${show(resource.name)} of ${show(resource.interface)}`)
    this.#keys.add(key)
  }

  check(type: ValType): void {
    this.#check(type, MAX_TYPE_DEPTH)
  }

  /** Returns how many levels `type` has; `room` bounds the recursion. */
  #check(type: ValType, room: number): number {
    const known = this.#levels.get(type)
    if (known !== undefined) {
      if (known > room) throw tooDeep()
      return known
    }
    if (room < 1) throw tooDeep()
    let levels = 0
    const inner = (it: ValType | null, where: string) => {
      if (it === null) return
      try {
        levels = Math.max(levels, this.#check(it, room - 1))
      } catch (error) {
        throw ValueError.within(where, error)
      }
    }
    switch (type.kind) {
      case 'list':
        inner(type.element, '.element')
        break
      case 'option':
        inner(type.payload, '.payload')
        break
      case 'result':
        inner(type.ok, '.ok')
        inner(type.err, '.err')
        break
      case 'tuple':
        type.elements.forEach((it, i) => inner(it, `.elements[${i}]`))
        break
      case 'record':
        checkKeys(type.fields.map((field) => field.name))
        for (const field of type.fields) inner(field.type, `.fields[${show(field.name)}]`)
        break
      case 'variant':
        distinctNames(type.cases.map((it) => it.name))
        for (const it of type.cases) inner(it.type, `.cases[${show(it.name)}]`)
        break
      case 'enum':
        distinctNames(type.cases)
        break
      case 'flags':
        if (type.names.length > 64) throw bad(`${type.names.length} flags; 64 are the most`)
        checkKeys(type.names)
        break
      case 'own':
      case 'borrow':
        this.resource(type.resource)
        break
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
        break
    }
    this.#levels.set(type, levels + 1)
    return levels + 1
  }
}

/** How long a name may be, in UTF-16 units. */
const MAX_NAME = 512

/** Refuses a name that is empty, not text, or so long that ids made of it would outgrow the model. */
export function checkName(name: string): void {
  if (name === '') throw bad('an empty name')
  if (name.length > MAX_NAME)
    throw bad(`the name ${show(name)} has ${name.length} characters; ${MAX_NAME} are the most`)
  if (!name.isWellFormed()) throw bad(`the name ${show(name)} has an unpaired surrogate`)
}

function checkKeys(names: readonly string[]): void {
  for (const name of names) checkName(name)
  distinctKeys(names)
}

function distinctNames(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    checkName(name)
    if (seen.has(name)) throw bad(`the case ${show(name)} twice`)
    seen.add(name)
  }
}

function tooDeep(): ValueError {
  return bad(`a type of more than ${MAX_TYPE_DEPTH} levels`)
}

function bad(reason: string): ValueError {
  return new ValueError('bad-model', reason)
}
