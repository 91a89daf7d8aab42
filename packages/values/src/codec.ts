import {
  flagsCodec,
  listCodec,
  optionCodec,
  recordCodec,
  resultCodec,
  tupleCodec,
  variantCodec,
  enumCodec,
} from './codec-compound.ts'
import { numericListCodec } from './codec-numeric-list.ts'
import { scalarCodec } from './codec-scalar.ts'
import { ValueError } from './errors.ts'
import { isNumericKind } from './codec-types.ts'
import { isTaggedOption } from './shape.ts'
import type { CompileOptions, ValueCodec } from './codec-types.ts'
import type { HandleType, ValType } from './types.ts'

/** How deep types may nest. */
export const MAX_TYPE_DEPTH = 128

/**
 * Compiles a type into closures that write and read its values.
 *
 * A type that occurs several times as one object is compiled once, so that the work is bounded by the number of
 * distinct types and not by how large they are written out.
 *
 * @throws ValueError `bad-model` for a type nested beyond 128 levels or with more than 64 flags.
 *
 * @example
 * ```ts
 * const codec = compileType({ kind: 'list', element: { kind: 'u8' } })
 * const out = new Writer()
 * codec.write(new Uint8Array([1, 2]), out, noHandles)
 * codec.read(new Reader(out.bytes()), noHandles) // Uint8Array [1, 2]
 * ```
 */
export function compileType(type: ValType, options: CompileOptions = {}): ValueCodec {
  return new Compiler(options.copy ?? false).compile(type, 0)
}

/** Compiles types, each distinct object once. */
export class Compiler {
  readonly #done = new Map<ValType, ValueCodec>()
  readonly #copy: boolean

  constructor(copy: boolean) {
    this.#copy = copy
  }

  compile(type: ValType, depth = 0): ValueCodec {
    const known = this.#done.get(type)
    if (known !== undefined) return known
    if (depth > MAX_TYPE_DEPTH)
      throw new ValueError('bad-model', `a type of more than ${MAX_TYPE_DEPTH} levels`)
    const codec = this.#make(type, depth + 1)
    this.#done.set(type, codec)
    return codec
  }

  #make(type: ValType, depth: number): ValueCodec {
    const of = (inner: ValType) => this.compile(inner, depth)
    const orNull = (inner: ValType | null) => (inner === null ? null : of(inner))
    const copy = this.#copy
    switch (type.kind) {
      case 'list':
        return isNumericKind(type.element.kind)
          ? numericListCodec(type.element.kind, copy)
          : listCodec(of(type.element), copy)
      case 'option':
        return optionCodec(of(type.payload), isTaggedOption(type), copy)
      case 'result':
        return resultCodec(orNull(type.ok), orNull(type.err), copy)
      case 'tuple':
        return tupleCodec(type.elements.map(of), copy)
      case 'record':
        return recordCodec(
          type.fields.map((field) => ({ name: field.name, codec: of(field.type) })),
          copy,
        )
      case 'variant':
        return variantCodec(
          type.cases.map((it) => ({ name: it.name, codec: orNull(it.type) })),
          copy,
        )
      case 'enum':
        return enumCodec(type.cases)
      case 'flags':
        return flagsCodec(type.names, copy)
      case 'own':
      case 'borrow':
        return handleCodec({ kind: type.kind, resource: type.resource })
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
        return scalarCodec(type.kind)
    }
  }
}

function handleCodec(type: HandleType): ValueCodec {
  return {
    write: (value, out, handles) => handles.write(value, type, out),
    read: (input, handles) => handles.read(input.uint(), type),
  }
}
