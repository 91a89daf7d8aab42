import { sha256 } from '@theater/values'
import type { ComponentModel, FunctionModel, Hash, ResourceType, ValType } from '@theater/values'
import { contracts } from './contracts.ts'
import { trackName } from './track.ts'

/** A function that a component declares otherwise than the interface that it names. */
export interface Misfit {
  readonly side: 'import' | 'export'
  /** `FunctionModel.id`. */
  readonly fn: string
}

/**
 * Finds functions of `theater:*` and `wasi:*` interfaces whose types are not those of the interface.
 *
 * A component brings its own types, and binding goes by name: without this a guest could have a path that is a list, or
 * a message with a field more, and a handler, or the actor that the message is for, would get what its interface rules
 * out. Interfaces that Theater does not know are not compared: whoever serves them knows them.
 */
export function misfits({ imports, exports }: ComponentModel, hash: Hash = sha256): readonly Misfit[] {
  const of = (side: Misfit['side'], interfaces: ComponentModel['imports']): Misfit[] =>
    interfaces.flatMap(({ functions }) =>
      functions.filter((fn) => !fits(fn, hash)).map((fn) => ({ side, fn: fn.id })),
    )
  return [...of('import', imports), ...of('export', exports)]
}

function fits(fn: FunctionModel, hash: Hash): boolean {
  const name = trackName(fn)
  return !Object.hasOwn(contracts, name) || contracts[name] === typesDigest(fn, hash)
}

/** What {@link contracts} holds of a function: 16 bytes of the sha-256 of its types as text, in hexadecimal. */
export function typesDigest(fn: FunctionModel, hash: Hash = sha256): string {
  return hash(new TextEncoder().encode(typesOf(fn)))
    .subarray(0, 16)
    .toHex()
}

/** The types of a function as text: all that its values depend on. Names of parameters and of types do not count. */
function typesOf({ params, result }: FunctionModel): string {
  const given = params.map(({ type }) => text(type)).join(',')
  return `(${given})${result === null ? '' : `->${text(result)}`}`
}

function text(type: ValType): string {
  switch (type.kind) {
    case 'list':
      return `list<${text(type.element)}>`
    case 'option':
      return `option<${text(type.payload)}>`
    case 'result':
      return `result<${orNone(type.ok)},${orNone(type.err)}>`
    case 'tuple':
      return `tuple<${type.elements.map(text).join(',')}>`
    case 'record':
      return `record{${type.fields.map((field) => `${field.name}:${text(field.type)}`).join(',')}}`
    case 'variant':
      return `variant{${type.cases.map((one) => `${one.name}:${orNone(one.type)}`).join(',')}}`
    case 'enum':
      return `enum{${type.cases.join(',')}}`
    case 'flags':
      return `flags{${type.names.join(',')}}`
    case 'own':
    case 'borrow':
      return `${type.kind}<${nameOf(type.resource)}>`
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
      return type.kind
  }
}

function orNone(type: ValType | null): string {
  return type === null ? '_' : text(type)
}

/** A component may have one interface in another version of the track than those that use it. */
function nameOf({ interface: of, name }: ResourceType): string {
  const at = of.indexOf('@')
  return `${at === -1 ? of : of.slice(0, at)}/${name}`
}
