import * as dagCbor from '@ipld/dag-cbor'
import { describe, expect, it } from 'vitest'
import { equal, fromJson, toJson } from '../src/index.ts'
import type { Json, ValType } from '../src/index.ts'
import { fromHex, read, toHex, write } from './support.ts'
import vectors from './vectors/values.json' with { type: 'json' }

interface Vector {
  readonly name: string
  readonly bytes: string
  readonly json: Json
  readonly type: ValType
}

/** What the README says of a value's bytes, said once more and written by another library. */
function positional(json: Json, type: ValType): unknown {
  const entry = (): [string, Json | undefined] =>
    typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (Object.entries(json)[0] as [string, Json])
      : [json as string, undefined]
  const tagged = (names: readonly string[], types: readonly (ValType | null)[]): unknown => {
    const [name, payload] = entry()
    const i = names.indexOf(name)
    return payload === undefined ? [i] : [i, positional(payload, types[i]!)]
  }
  switch (type.kind) {
    case 'u64':
    case 's64':
      return BigInt(json as string | number)
    case 'f32':
    case 'f64': {
      const bytes = new Uint8Array(type.kind === 'f32' ? 4 : 8)
      const view = new DataView(bytes.buffer)
      if (type.kind === 'f32') view.setFloat32(0, Number(json))
      else view.setFloat64(0, Number(json))
      return bytes
    }
    case 'char':
      return (json as string).codePointAt(0)
    case 'list':
      if (type.element.kind !== 'u8') return (json as Json[]).map((it) => positional(it, type.element))
      return entry()[0] === 'utf8'
        ? new TextEncoder().encode(entry()[1] as string)
        : Uint8Array.fromBase64(entry()[1] as string)
    case 'option':
      if (json === null) return []
      return [positional(type.payload.kind === 'option' ? entry()[1]! : json, type.payload)]
    case 'result':
      return tagged(['ok', 'err'], [type.ok, type.err])
    case 'variant':
      return tagged(
        type.cases.map((it) => it.name),
        type.cases.map((it) => it.type),
      )
    case 'tuple':
      return type.elements.map((it, i) => positional((json as Json[])[i]!, it))
    case 'record':
      return type.fields.map((it) => positional((json as Record<string, Json>)[it.name]!, it.type))
    case 'enum':
      return type.cases.indexOf(json as string)
    case 'flags':
      return type.names.reduce(
        (bits, name, i) => bits + ((json as string[]).includes(name) ? 2n ** BigInt(i) : 0n),
        0n,
      )
    case 'bool':
    case 'u8':
    case 's8':
    case 'u16':
    case 's16':
    case 'u32':
    case 's32':
    case 'string':
    case 'own':
    case 'borrow':
      return json
  }
}

describe.each(vectors as readonly Vector[])('$name', ({ bytes, json, type }) => {
  it('is written as these bytes', () => {
    expect(toHex(write(type, fromJson(json, type)).bytes)).toBe(bytes)
  })

  it('is read from these bytes', () => {
    const value = read(type, fromHex(bytes))
    expect(equal(value, fromJson(json, type))).toBe(true)
    expect(toJson(value, type)).toEqual(json)
  })

  it('has the bytes that @ipld/dag-cbor writes', () => {
    expect(toHex(dagCbor.encode(positional(json, type)))).toBe(bytes)
  })
})
