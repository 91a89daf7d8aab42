/** Parses the type section of a component, and what may stand inside it. */
import { ComponentError } from './errors.ts'
import { checkExternName, checkLabel } from './names.ts'
import type {
  Definition,
  Extern,
  Labelled,
  Primitive,
  Sort,
  TypeSyntax,
  ValRef,
  ValSyntax,
} from './syntax.ts'
import type { LoadLimits } from './types.ts'
import type { Wire } from './wire.ts'

const primitives: Readonly<Record<number, Primitive>> = {
  0x7f: 'bool',
  0x7e: 's8',
  0x7d: 'u8',
  0x7c: 's16',
  0x7b: 'u16',
  0x7a: 's32',
  0x79: 'u32',
  0x78: 's64',
  0x77: 'u64',
  0x76: 'f32',
  0x75: 'f64',
  0x74: 'char',
  0x73: 'string',
}

/** What is known to exist and is not supported yet, by the byte that introduces a type. */
const unsupportedTypes: Readonly<Record<number, string>> = {
  0x63: 'map types',
  0x64: 'error-context',
  0x65: 'future types',
  0x66: 'stream types',
  0x67: 'lists of fixed length',
}

/** Throws the error for a feature of the component model that this version does not know how to run. */
export function unsupported(what: string, offset: number): never {
  throw new ComponentError('unsupported', `The component uses ${what} (at byte ${offset}): not supported.`, {
    offset,
  })
}

/** What a parser needs beside the bytes. */
export interface ParseContext {
  readonly limits: LoadLimits
  /** Counts one definition, and refuses one too many. */
  count(offset: number): void
}

/** Reads a list whose items are kept: each counts as a definition. */
export function parseList<T>(wire: Wire, context: ParseContext, item: () => T): T[] {
  const items: T[] = []
  wire.each(() => {
    context.count(wire.at)
    items.push(item())
  })
  return items
}

export function parseName(wire: Wire, context: ParseContext): string {
  const offset = wire.at
  const form = wire.byte()
  if (form === 2) unsupported('names with attributes', offset)
  if (form !== 0 && form !== 1) wire.malformed('the form of a name is unknown')
  return checkExternName(wire.text(context.limits.nameBytes), offset)
}

function parseLabel(wire: Wire, context: ParseContext): string {
  const offset = wire.at
  return checkLabel(wire.text(context.limits.nameBytes), offset)
}

/** Reads a use of a value type. */
function parseValRef(wire: Wire): ValRef {
  const first = wire.peek()
  const primitive = primitives[first]
  if (primitive !== undefined) {
    wire.byte()
    return primitive
  }
  const refused = unsupportedTypes[first]
  if (refused !== undefined) unsupported(refused, wire.at)
  const index = wire.s33()
  if (index < 0) wire.malformed('the type of a value is unknown')
  return index
}

function parseOptional(wire: Wire): ValRef | null {
  const present = wire.byte()
  if (present > 1) wire.malformed('a presence byte is neither 0 nor 1')
  return present === 1 ? parseValRef(wire) : null
}

function parseLabelled(wire: Wire, context: ParseContext): Labelled {
  return { name: parseLabel(wire, context), type: parseValRef(wire) }
}

function parseCase(wire: Wire, context: ParseContext): { name: string; type: ValRef | null } {
  const name = parseLabel(wire, context)
  const type = parseOptional(wire)
  wire.expect(0, 'the end of a case')
  return { name, type }
}

function parseValue(wire: Wire, context: ParseContext, code: number): ValSyntax {
  const primitive = primitives[code]
  if (primitive !== undefined) return { k: 'primitive', primitive }
  switch (code) {
    case 0x72:
      return { k: 'record', fields: parseList(wire, context, () => parseLabelled(wire, context)) }
    case 0x71:
      return { k: 'variant', cases: parseList(wire, context, () => parseCase(wire, context)) }
    case 0x70:
      return { k: 'list', element: parseValRef(wire) }
    case 0x6f:
      return { k: 'tuple', elements: parseList(wire, context, () => parseValRef(wire)) }
    case 0x6e:
      return { k: 'flags', names: parseList(wire, context, () => parseLabel(wire, context)) }
    case 0x6d:
      return { k: 'enum', names: parseList(wire, context, () => parseLabel(wire, context)) }
    case 0x6b:
      return { k: 'option', payload: parseValRef(wire) }
    case 0x6a:
      return { k: 'result', ok: parseOptional(wire), err: parseOptional(wire) }
    case 0x69:
      return { k: 'own', resource: wire.u32() }
    case 0x68:
      return { k: 'borrow', resource: wire.u32() }
    default: {
      const offset = wire.at - 1
      const refused = unsupportedTypes[code]
      return refused === undefined
        ? wire.malformed(`0x${code.toString(16)} does not introduce a type`)
        : unsupported(refused, offset)
    }
  }
}

function parseFunction(wire: Wire, context: ParseContext): TypeSyntax {
  const params = parseList(wire, context, () => parseLabelled(wire, context))
  const form = wire.byte()
  if (form === 0) return { k: 'func', params, result: parseValRef(wire) }
  if (form !== 1) wire.malformed('the form of a result is unknown')
  if (wire.byte() !== 0) unsupported('functions with several named results', wire.at - 1)
  return { k: 'func', params, result: null }
}

/** Reads one definition of the type section, or one declared inside an instance type. */
export function parseType(wire: Wire, context: ParseContext, depth: number): TypeSyntax {
  if (depth > context.limits.depth) {
    throw new ComponentError('too-deep', `Types nest deeper than ${context.limits.depth}.`, {
      offset: wire.at,
    })
  }
  const offset = wire.at
  const code = wire.byte()
  switch (code) {
    case 0x40:
      return parseFunction(wire, context)
    case 0x43:
      return unsupported('async functions', offset)
    case 0x41:
      // Only what instantiates a component decides its types: the declarations are checked and dropped.
      parseDecls(wire, context, depth, true)
      return { k: 'component' }
    case 0x42:
      return { k: 'instance', decls: parseDecls(wire, context, depth, false) }
    case 0x3f: {
      wire.expect(0x7f, 'a resource represented as i32')
      if (wire.byte() === 1) wire.u32()
      return { k: 'resource' }
    }
    case 0x3e:
      return unsupported('resources with an async destructor', offset)
    default:
      return { k: 'value', value: parseValue(wire, context, code) }
  }
}

function parseDecls(wire: Wire, context: ParseContext, depth: number, component: boolean): Definition[] {
  return parseList(wire, context, (): Definition => {
    const offset = wire.at
    const code = wire.byte()
    switch (code) {
      case 0x00:
        return unsupported('core types inside a type', offset)
      case 0x01:
        return { k: 'type', offset, type: parseType(wire, context, depth + 1) }
      case 0x02: {
        const alias = parseAlias(wire, context)
        return alias ?? wire.malformed('an alias inside a type is of a core definition')
      }
      case 0x03:
        if (!component) break
        return { k: 'import', offset, name: parseName(wire, context), extern: parseExtern(wire) }
      case 0x04:
        return { k: 'declare', offset, name: parseName(wire, context), extern: parseExtern(wire) }
    }
    return wire.malformed(`0x${code.toString(16)} does not introduce a declaration`)
  })
}

/** Reads a sort; all core sorts are one. */
export function parseSort(wire: Wire): Sort {
  const offset = wire.at
  switch (wire.byte()) {
    case 0x00:
      wire.byte()
      return 'core'
    case 0x01:
      return 'func'
    case 0x02:
      return unsupported('values', offset)
    case 0x03:
      return 'type'
    case 0x04:
      return 'component'
    case 0x05:
      return 'instance'
    default:
      wire.at = offset
      return wire.malformed('the sort is unknown')
  }
}

/** Reads an alias; `null` for one of a core definition. */
export function parseAlias(wire: Wire, context: ParseContext): Definition | null {
  const offset = wire.at
  const sort = parseSort(wire)
  switch (wire.byte()) {
    case 0x00: {
      const instance = wire.u32()
      const at = wire.at
      const name = checkExternName(wire.text(context.limits.nameBytes), at)
      return sort === 'core' ? null : { k: 'alias-export', offset, sort, instance, name }
    }
    case 0x01:
      wire.at = offset
      return wire.malformed('an alias is of the wrong kind')
    case 0x02: {
      const count = wire.u32()
      const index = wire.u32()
      return sort === 'core' ? null : { k: 'alias-outer', offset, sort, count, index }
    }
    default:
      wire.at = offset
      return wire.malformed('the kind of an alias is unknown')
  }
}

/** Reads what an import is, or an export is declared as. */
export function parseExtern(wire: Wire): Extern {
  const offset = wire.at
  switch (wire.byte()) {
    case 0x00:
      wire.expect(0x11, 'a core module')
      wire.u32()
      return { k: 'core' }
    case 0x01:
      return { k: 'func', type: wire.u32() }
    case 0x02:
      return unsupported('values', offset)
    case 0x03: {
      const bound = wire.byte()
      if (bound === 0) return { k: 'eq', type: wire.u32() }
      if (bound === 1) return { k: 'resource' }
      break
    }
    case 0x04:
      return { k: 'component', type: wire.u32() }
    case 0x05:
      return { k: 'instance', type: wire.u32() }
  }
  wire.at = offset
  return wire.malformed('the kind of an import or export is unknown')
}
