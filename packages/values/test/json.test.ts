import { describe, expect, it } from 'vitest'
import { fromJson, toJson } from '../src/index.ts'
import type { Json, ValType, ValueErrorCode } from '../src/index.ts'
import { RESOURCE } from './arbitraries.ts'
import { refusal } from './support.ts'

const u8: ValType = { kind: 'u8' }
const u64: ValType = { kind: 'u64' }
const bytes: ValType = { kind: 'list', element: u8 }
const record: ValType = {
  kind: 'record',
  fields: [
    { name: 'first-name', type: { kind: 'string' } },
    { name: 'age', type: { kind: 'option', payload: u8 } },
  ],
}
const variant: ValType = {
  kind: 'variant',
  cases: [
    { name: 'none', type: null },
    { name: 'too-large', type: u64 },
  ],
}

describe('toJson', () => {
  it.each<[string, unknown, ValType, Json]>([
    ['a safe 64-bit integer', 5n, u64, 5],
    ['one beyond', 2n ** 53n, u64, '9007199254740992'],
    ['a negative one beyond', -(2n ** 63n), { kind: 's64' }, '-9223372036854775808'],
    ['text in bytes', new TextEncoder().encode('a\tb\n'), bytes, { utf8: 'a\tb\n' }],
    ['bytes with a control character', new Uint8Array([97, 0]), bytes, { base64: 'YQA=' }],
    ['bytes with a BOM', new Uint8Array([0xef, 0xbb, 0xbf]), bytes, { utf8: '\ufeff' }],
    ['a record', { firstName: 'x', age: undefined }, record, { 'first-name': 'x', age: null }],
    ['a case without payload', { tag: 'none' }, variant, 'none'],
    ['a case with payload', { tag: 'too-large', val: 7n }, variant, { 'too-large': 7 }],
    ['a resource', 3, { kind: 'own', resource: RESOURCE }, { resource: 'thing', number: 3 }],
    [
      'a resource as an object',
      {},
      { kind: 'borrow', resource: RESOURCE },
      { resource: 'thing', number: null },
    ],
  ])('prints %s', (_name, value, type, json) => {
    expect(toJson(value, type)).toEqual(json)
  })

  it('asks for what a resource is', () => {
    const type: ValType = { kind: 'list', element: { kind: 'own', resource: RESOURCE } }
    expect(toJson([7], type, (n, { kind }) => ({ [kind]: n as number }))).toEqual([{ own: 7 }])
  })

  it.each<[string, unknown, ValType, Json]>([
    ['a string for a number', 'x', u8, { invalid: '"x"' }],
    ['a number for a bigint', 5, u64, { invalid: '5' }],
    ['a promise', Promise.resolve(), record, { 'first-name': { invalid: 'undefined' }, age: null }],
    ['null', null, record, { invalid: 'null' }],
    ['an unknown case', { tag: 'other' }, variant, { invalid: 'an object' }],
    ['a list that is none', 5, bytes, { invalid: '5' }],
    ['a tuple too short', [], { kind: 'tuple', elements: [u8] }, { invalid: 'an array of 0' }],
    ['what lies deeper', [1, 'x'], { kind: 'list', element: { kind: 'u16' } }, [1, { invalid: '"x"' }]],
    ['an enormous bigint', 10n ** 100_000n, u8, { invalid: 'a bigint of more than 128 bits' }],
  ])('prints %s too', (_name, value, type, json) => {
    expect(toJson(value, type)).toEqual(json)
  })

  it('survives a value that throws when it is looked at', () => {
    const thrower = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no')
        },
        has: () => {
          throw new Error('no')
        },
      },
    )
    for (const type of [record, variant, bytes, u8, { kind: 'flags', names: ['a'] } satisfies ValType]) {
      expect(toJson(thrower, type)).toHaveProperty('invalid')
    }
  })
})

describe('fromJson', () => {
  it('takes other spellings of the same', () => {
    expect(fromJson({ firstName: 'x', age: 3 }, record)).toEqual({ firstName: 'x', age: 3 })
    expect(fromJson({ 'first-name': 'x' }, record)).toEqual({ firstName: 'x', age: undefined })
    expect(fromJson([1, 2], bytes)).toEqual(new Uint8Array([1, 2]))
    expect(fromJson('12', u64)).toBe(12n)
    expect(fromJson(['aB'], { kind: 'flags', names: ['a-b', 'c'] })).toEqual({ aB: true, c: false })
  })

  it.each<[string, Json, ValType, ValueErrorCode, string]>([
    ['a number out of range', { 'first-name': 'x', age: 300 }, record, 'out-of-range', '.age'],
    ['an unknown field', { 'first-name': 'x', agee: 3 }, record, 'wrong-type', ''],
    ['a field twice', { 'first-name': 'x', firstName: 'y' }, record, 'wrong-type', ''],
    ['a missing field', {}, record, 'wrong-type', ''],
    ['an array for a record', [], record, 'wrong-type', ''],
    ['an unknown case', 'other', variant, 'unknown-case', ''],
    ['a case of the prototype', 'toString', variant, 'unknown-case', ''],
    ['a payload too few', 'too-large', variant, 'wrong-type', ''],
    ['a payload too many', { none: 1 }, variant, 'wrong-type', ''],
    ['two cases', { none: null, 'too-large': 1 }, variant, 'wrong-type', ''],
    ['a fraction for an integer', 1.5, u64, 'wrong-type', ''],
    ['an unsafe number', 2 ** 60, u64, 'wrong-type', ''],
    ['text beyond 64 bits', '99999999999999999999', u64, 'out-of-range', ''],
    ['text that is no number', '0x10', u64, 'wrong-type', ''],
    ['base64 without padding', { base64: 'YQ' }, bytes, 'wrong-type', ''],
    ['text for bytes', 'hi', bytes, 'wrong-type', ''],
    ['a flag that is none', ['b'], { kind: 'flags', names: ['a'] }, 'unknown-case', ''],
    [
      'a nested option without some',
      5,
      { kind: 'option', payload: { kind: 'option', payload: u8 } },
      'wrong-type',
      '',
    ],
    ['a wrong tuple', [1], { kind: 'tuple', elements: [u8, u8] }, 'wrong-type', ''],
    ['a resource', { own: 3 }, { kind: 'own', resource: RESOURCE }, 'wrong-type', ''],
    [
      'what lies deeper',
      [[{ base64: '*' }]],
      { kind: 'list', element: { kind: 'list', element: bytes } },
      'wrong-type',
      '[0][0]',
    ],
  ])('refuses %s', (_name, json, type, code, path) => {
    expect(refusal(() => fromJson(json, type))).toMatchObject({ code, path })
  })
})
