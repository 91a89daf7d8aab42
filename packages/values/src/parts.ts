import type { ValType } from './types.ts'

/** The types that a type is directly made of, in order; none of a scalar, an enum, flags or a handle. */
export function partsOf(type: ValType): readonly ValType[] {
  switch (type.kind) {
    case 'list':
      return [type.element]
    case 'option':
      return [type.payload]
    case 'result':
      return [type.ok, type.err].filter((part) => part !== null)
    case 'tuple':
      return type.elements
    case 'record':
      return type.fields.map((field) => field.type)
    case 'variant':
      return type.cases.flatMap((one) => (one.type === null ? [] : [one.type]))
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
    case 'enum':
    case 'flags':
    case 'own':
    case 'borrow':
      return []
  }
}

/** Whether values of a type hold resources. */
export function hasHandle(type: ValType): boolean {
  return type.kind === 'own' || type.kind === 'borrow' || partsOf(type).some(hasHandle)
}
