/** Parses a component binary: every section, every nested component, every name. */
import { ComponentError } from './errors.ts'
import { checkCoreName, checkExternName } from './names.ts'
import {
  type ParseContext,
  parseAlias,
  parseExtern,
  parseList,
  parseName,
  parseSort,
  parseType,
  unsupported,
} from './parse-types.ts'
import type { Binding, ComponentSyntax, Definition, EmbeddedModule } from './syntax.ts'
import type { LoadLimits } from './types.ts'
import { Wire } from './wire.ts'

/** A parsed component file. */
export interface Parsed {
  readonly component: ComponentSyntax
  /** All core modules, those of nested components included, in file order. */
  readonly modules: readonly EmbeddedModule[]
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ')

function checkPreamble(bytes: Uint8Array): void {
  const preamble = hex(bytes.subarray(0, 8))
  if (preamble === '00 61 73 6d 0d 00 01 00') return
  if (preamble === '00 61 73 6d 01 00 00 00') {
    throw new ComponentError(
      'core-module',
      'This is a core WebAssembly module, not a component. Make a component of it, for example with `jco new`.',
    )
  }
  if (preamble.startsWith('00 61 73 6d') && preamble.endsWith('01 00')) {
    throw new ComponentError(
      'unsupported',
      `This is a component of binary format 0x${hex(bytes.subarray(4, 5))}; 0x0d is supported.`,
    )
  }
  throw new ComponentError('not-wasm', `This is not a WebAssembly component: it begins with ${preamble}.`)
}

/** Parses the whole file. Throws a `ComponentError` at the first thing that is malformed or not allowed. */
export function parseComponent(bytes: Uint8Array, limits: LoadLimits): Parsed {
  if (bytes.length > limits.bytes) {
    throw new ComponentError(
      'too-large',
      `The component has ${bytes.length} bytes; the limit is ${limits.bytes}.`,
    )
  }
  checkPreamble(bytes)
  const parser = new Parser(limits)
  const component = parser.component(new Wire(bytes, 8), 0)
  return { component, modules: parser.modules }
}

class Parser implements ParseContext {
  readonly limits: LoadLimits
  readonly modules: EmbeddedModule[] = []
  #definitions = 0
  #moduleBytes = 0

  constructor(limits: LoadLimits) {
    this.limits = limits
  }

  count(offset: number): void {
    this.#definitions++
    if (this.#definitions > this.limits.definitions) {
      throw new ComponentError(
        'too-large',
        `The component has more than ${this.limits.definitions} definitions.`,
        { offset },
      )
    }
  }

  component(wire: Wire, depth: number): ComponentSyntax {
    if (depth > this.limits.depth) {
      throw new ComponentError('too-deep', `Components nest deeper than ${this.limits.depth}.`, {
        offset: wire.at,
      })
    }
    const definitions: Definition[] = []
    while (!wire.done) {
      const id = wire.byte()
      const section = wire.range()
      this.#section(id, section, definitions, depth)
    }
    return { definitions }
  }

  #section(id: number, wire: Wire, into: Definition[], depth: number): void {
    const each = (item: () => Definition | null): void => {
      wire.each(() => {
        this.count(wire.at)
        const definition = item()
        if (definition !== null) into.push(definition)
      })
      if (!wire.done) wire.malformed('a section is longer than its content')
    }
    switch (id) {
      case 0: // custom
      case 3: // core types: nothing that is supported refers to one outside the core modules
        return
      case 1:
        return this.#module(wire)
      case 2:
        return each(() => this.#coreInstance(wire))
      case 4: {
        const offset = wire.at
        this.count(offset)
        checkPreamble(wire.bytes.subarray(offset, Math.min(offset + 8, wire.end)))
        wire.at += 8
        into.push({ k: 'component', offset, body: this.component(wire, depth + 1) })
        return
      }
      case 5:
        return each(() => this.#instance(wire))
      case 6:
        return each(() => this.#alias(wire))
      case 7:
        return each(() => ({ k: 'type', offset: wire.at, type: parseType(wire, this, 0) }))
      case 8:
        return each(() => parseCanon(wire))
      case 9:
        return unsupported('a start function', wire.at)
      case 10:
        return each(() => ({
          k: 'import',
          offset: wire.at,
          name: parseName(wire, this),
          extern: parseExtern(wire),
        }))
      case 11:
        return each(() => this.#export(wire))
      case 12:
        return unsupported('values', wire.at)
      default:
        wire.malformed(`there is no section ${id}`)
    }
  }

  #module(wire: Wire): void {
    const bytes = wire.bytes.subarray(wire.at, wire.end)
    this.count(wire.at)
    this.modules.push({ offset: wire.at, bytes })
    this.#moduleBytes += bytes.length
    if (this.modules.length > this.limits.modules) {
      throw new ComponentError(
        'too-large',
        `The component has more than ${this.limits.modules} core modules.`,
        {
          offset: wire.at,
        },
      )
    }
    if (this.#moduleBytes > this.limits.moduleBytes) {
      throw new ComponentError(
        'too-large',
        `The core modules have more than ${this.limits.moduleBytes} bytes together.`,
        { offset: wire.at },
      )
    }
  }

  #coreName(wire: Wire): void {
    const offset = wire.at
    checkCoreName(wire.text(this.limits.nameBytes), offset)
  }

  #coreInstance(wire: Wire): null {
    const form = wire.byte()
    if (form === 0) {
      wire.u32()
      wire.each(() => {
        this.#coreName(wire)
        wire.expect(0x12, 'an instance')
        wire.u32()
      })
    } else if (form === 1) {
      wire.each(() => {
        this.#coreName(wire)
        wire.byte()
        wire.u32()
      })
    } else wire.malformed('the form of a core instance is unknown')
    return null
  }

  #instance(wire: Wire): Definition {
    const offset = wire.at
    const form = wire.byte()
    if (form === 0) {
      const component = wire.u32()
      const args = parseList(wire, this, (): Binding => {
        const at = wire.at
        const name = checkExternName(wire.text(this.limits.nameBytes), at)
        return { name, sort: parseSort(wire), index: wire.u32() }
      })
      return { k: 'instantiate', offset, component, args }
    }
    if (form !== 1) wire.malformed('the form of an instance is unknown')
    const exports = parseList(wire, this, (): Binding => ({
      name: parseName(wire, this),
      sort: parseSort(wire),
      index: wire.u32(),
    }))
    return { k: 'bundle', offset, exports }
  }

  #alias(wire: Wire): Definition | null {
    const offset = wire.at
    // A core export is the one kind of alias that is not also allowed inside types.
    if (wire.peek() === 0) {
      wire.byte()
      wire.byte()
      if (wire.byte() === 1) {
        wire.u32()
        this.#coreName(wire)
        return null
      }
      wire.at = offset
    }
    return parseAlias(wire, this)
  }

  #export(wire: Wire): Definition {
    const offset = wire.at
    const name = parseName(wire, this)
    const sort = parseSort(wire)
    const index = wire.u32()
    const ascribed = wire.byte()
    if (ascribed > 1) wire.malformed('a presence byte is neither 0 nor 1')
    return { k: 'export', offset, name, sort, index, extern: ascribed === 1 ? parseExtern(wire) : null }
  }
}

function canonOptions(wire: Wire): void {
  wire.each(() => {
    const offset = wire.at
    const option = wire.byte()
    if (option <= 2) return // a string encoding
    if (option <= 5) return void wire.u32() // memory, realloc, post-return
    if (option === 6 || option === 7) unsupported('async functions', offset)
    unsupported(`the canonical option 0x${option.toString(16)}`, offset)
  })
}

/** Reads a canonical definition. Only `lift` defines something outside the core index spaces. */
function parseCanon(wire: Wire): Definition | null {
  const offset = wire.at
  const code = wire.byte()
  switch (code) {
    case 0x00:
      wire.expect(0, 'a function to lift')
      wire.u32()
      canonOptions(wire)
      return { k: 'lift', offset, type: wire.u32() }
    case 0x01:
      wire.expect(0, 'a function to lower')
      wire.u32()
      canonOptions(wire)
      return null
    case 0x02: // resource.new
    case 0x03: // resource.drop
    case 0x04: // resource.rep
      wire.u32()
      return null
    default:
      return unsupported(canonName(code), offset)
  }
}

/** What a canonical built-in that is not supported belongs to. */
function canonName(code: number): string {
  if (code >= 0x0e && code <= 0x14) return 'streams'
  if (code >= 0x15 && code <= 0x1b) return 'futures'
  if (code >= 0x1c && code <= 0x1e) return 'error-context'
  if ((code >= 0x26 && code <= 0x2d) || (code >= 0x40 && code <= 0x42)) return 'threads'
  if (code <= 0x25) return 'async functions'
  return `the canonical built-in 0x${code.toString(16)}`
}
