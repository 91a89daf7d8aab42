import type { FunctionModel, ValType } from '@theater/values'

/** How deep types are written out before they become `…`: for a glance, not for a compiler. */
const DEPTH = 3

/** A function's parameters and result in WIT, types written out: `(a: u32, b: list<u8>) -> result<string>`. */
export function signature({ params, result }: FunctionModel): string {
  const given = params.map(({ name, type }) => `${name}: ${typeText(type, DEPTH)}`).join(', ')
  return result === null ? `(${given})` : `(${given}) -> ${typeText(result, DEPTH)}`
}

function typeText(type: ValType, depth: number): string {
  switch (type.kind) {
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
    case 'list':
      return `list<${inner(type.element, depth)}>`
    case 'option':
      return `option<${inner(type.payload, depth)}>`
    case 'result': {
      const { ok, err } = type
      if (ok === null && err === null) return 'result'
      const good = ok === null ? '_' : inner(ok, depth)
      return err === null ? `result<${good}>` : `result<${good}, ${inner(err, depth)}>`
    }
    case 'tuple':
      return `tuple<${type.elements.map((element) => inner(element, depth)).join(', ')}>`
    case 'record':
      return `{ ${few(type.fields.map((field) => `${field.name}: ${inner(field.type, depth)}`))} }`
    case 'variant':
      return `variant { ${few(type.cases.map((one) => (one.type === null ? one.name : `${one.name}(${inner(one.type, depth)})`)))} }`
    case 'enum':
      return `enum { ${few(type.cases)} }`
    case 'flags':
      return `flags { ${few(type.names)} }`
    case 'own':
      return type.resource.name
    case 'borrow':
      return `borrow<${type.resource.name}>`
  }
}

function inner(type: ValType, depth: number): string {
  return depth === 0 ? '…' : typeText(type, depth - 1)
}

function few(items: readonly string[]): string {
  return items.length > 5 ? `${items.slice(0, 4).join(', ')}, …` : items.join(', ')
}
