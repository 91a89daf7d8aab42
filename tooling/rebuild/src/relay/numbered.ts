import type { ValType } from '@theater/values'

const NUMBER: ValType = { kind: 'u32' }
const known = new WeakMap<ValType, ValType>()

/**
 * A type with each handle in it replaced by a u32, which is passed and laid out alike. A type that is met again gives
 * the same object again, so that it gets one name.
 */
export function numbered(type: ValType): ValType {
  let found = known.get(type)
  if (found === undefined) {
    found = replace(type)
    known.set(type, found)
  }
  return found
}

function replace(type: ValType): ValType {
  const maybe = (one: ValType | null): ValType | null => (one === null ? null : numbered(one))
  switch (type.kind) {
    case 'own':
    case 'borrow':
      return NUMBER
    case 'list':
      return { kind: 'list', element: numbered(type.element) }
    case 'option':
      return { kind: 'option', payload: numbered(type.payload) }
    case 'result':
      return { kind: 'result', ok: maybe(type.ok), err: maybe(type.err) }
    case 'tuple':
      return { kind: 'tuple', elements: type.elements.map(numbered) }
    case 'record': {
      const fields = type.fields.map((field) => ({ name: field.name, type: numbered(field.type) }))
      return { kind: 'record', fields }
    }
    case 'variant': {
      const cases = type.cases.map((one) => ({ name: one.name, type: maybe(one.type) }))
      return { kind: 'variant', cases }
    }
    case 'enum':
    case 'flags':
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
      return type
  }
}
