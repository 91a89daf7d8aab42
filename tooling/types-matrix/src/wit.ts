/** From types to WIT text: what has a name in WIT is declared, once for each object. */
import type { ValType } from '@theater/values'

/** Declarations of one interface. */
export class Declarations {
  readonly #names = new Map<ValType, string>()
  readonly #lines: string[] = []

  get text(): string {
    return this.#lines.join('\n')
  }

  /** Names of all that was declared. */
  get names(): readonly string[] {
    return [...this.#names.values()]
  }

  /** A type as it is referred to. */
  of(type: ValType): string {
    switch (type.kind) {
      case 'list':
        return `list<${this.of(type.element)}>`
      case 'option':
        return `option<${this.of(type.payload)}>`
      case 'tuple':
        return `tuple<${type.elements.map((one) => this.of(one)).join(', ')}>`
      case 'result':
        return this.#result(type.ok, type.err)
      case 'own':
        return `own<${type.resource.name}>`
      case 'borrow':
        return `borrow<${type.resource.name}>`
      case 'record':
        return this.#declare(type, 'record', () =>
          type.fields.map((field) => `%${field.name}: ${this.of(field.type)}`),
        )
      case 'variant':
        return this.#declare(type, 'variant', () =>
          type.cases.map((one) => `%${one.name}${one.type === null ? '' : `(${this.of(one.type)})`}`),
        )
      case 'enum':
        return this.#declare(type, 'enum', () => type.cases.map((name) => `%${name}`))
      case 'flags':
        return this.#declare(type, 'flags', () => type.names.map((name) => `%${name}`))
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

  #result(ok: ValType | null, err: ValType | null): string {
    if (ok === null && err === null) return 'result'
    const good = ok === null ? '_' : this.of(ok)
    return err === null ? `result<${good}>` : `result<${good}, ${this.of(err)}>`
  }

  #declare(type: ValType, keyword: string, items: () => string[]): string {
    const known = this.#names.get(type)
    if (known !== undefined) return known
    const lines = items()
    const name = `t${this.#names.size}`
    this.#names.set(type, name)
    this.#lines.push(`  ${keyword} ${name} { ${lines.join(', ')} }`)
    return name
  }
}
