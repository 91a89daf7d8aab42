import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileType, equal, fromJson, Reader, toJson, ValueError, Writer } from '../src/index.ts'
import type { ValType } from '../src/index.ts'
import { anyType, thingHandles, typed, Thing } from './arbitraries.ts'
import { read, write } from './support.ts'

describe('for any type and value', () => {
  it('what is read is what was written, and writing it again gives the same bytes', () => {
    fc.assert(
      fc.property(typed, ({ type, value }) => {
        const handles = thingHandles
        const { kept, bytes } = write(type, value, { handles })
        expect(equal(kept, value)).toBe(true)
        const back = read(type, bytes, handles)
        expect(equal(back, value)).toBe(true)
        expect(write(type, back, { handles }).bytes).toEqual(bytes)
      }),
      { numRuns: 2000 },
    )
  })

  it('skipping it ends where reading it ends', () => {
    fc.assert(
      fc.property(typed, ({ type, value }) => {
        const { bytes } = write(type, value, { handles: thingHandles })
        const input = new Reader(bytes)
        input.skip()
        expect(input.remaining).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('a copying codec writes the same bytes and hands on nothing of what it was given', () => {
    fc.assert(
      fc.property(typed, ({ type, value }) => {
        const handles = thingHandles
        const copied = write(type, value, { handles, copy: true })
        expect(copied.bytes).toEqual(write(type, value, { handles }).bytes)
        expect(equal(copied.kept, value)).toBe(true)
        const given = objectsOf(value)
        for (const it of objectsOf(copied.kept)) expect(given.has(it)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('bytes changed in one place are refused, or they are the bytes of what is read', () => {
    const mutation = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), cut: fc.boolean() })
    fc.assert(
      fc.property(typed, mutation, ({ type, value }, { at, byte, cut }) => {
        const { bytes } = write(type, value, { handles: thingHandles })
        bytes[at % bytes.length] = byte
        const hostile = cut ? bytes.slice(0, at % bytes.length) : bytes
        expect(rewritten(type, hostile)).toEqual(hostile)
      }),
      { numRuns: 4000 },
    )
  })

  it('any bytes are refused, or they are the bytes of what is read', () => {
    fc.assert(
      fc.property(anyType, fc.uint8Array({ maxLength: 40 }), (type, bytes) => {
        expect(rewritten(type, bytes)).toEqual(bytes)
      }),
      { numRuns: 4000 },
    )
  })

  it('its JSON says the value', () => {
    fc.assert(
      fc.property(typed, ({ type, value }) => {
        fc.pre(!JSON.stringify(type).includes('"resource"'))
        const json = toJson(value, type)
        expect(equal(fromJson(JSON.parse(JSON.stringify(json)), type), value)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('printing any value as any type throws nothing', () => {
    fc.assert(
      fc.property(anyType, fc.anything({ withBigInt: true, withTypedArray: true }), (type, value) => {
        expect(JSON.stringify(toJson(value, type))).toBeTypeOf('string')
      }),
      { numRuns: 2000 },
    )
  })

  it('writing any value as any type throws nothing but ValueErrors, and what it takes reads back', () => {
    fc.assert(
      fc.property(anyType, fc.anything({ withBigInt: true, withTypedArray: true }), (type, value) => {
        const handles = thingHandles
        const out = new Writer()
        let kept: unknown
        try {
          kept = compileType(type).write(value, out, handles)
        } catch (error) {
          if (!ValueError.is(error)) throw error
          return
        }
        const back = read(type, out.bytes(), handles)
        // Copied, because a record takes objects with keys beyond its fields, and hands them on.
        expect(equal(write(type, kept, { handles, copy: true }).kept, back)).toBe(true)
      }),
      { numRuns: 4000 },
    )
  })
})

/** The bytes of what is read from `bytes`; `bytes` themselves when they are refused. */
function rewritten(type: ValType, bytes: Uint8Array): Uint8Array {
  const handles = thingHandles
  let value: unknown
  try {
    value = read(type, bytes, handles)
  } catch (error) {
    if (!ValueError.is(error)) throw error
    return bytes
  }
  return write(type, value, { handles }).bytes
}

function objectsOf(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Thing) return found
  found.add(value)
  if (!ArrayBuffer.isView(value)) for (const it of Object.values(value)) objectsOf(it, found)
  return found
}
