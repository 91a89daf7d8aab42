import { describe, expect, it } from 'vitest'
import { encodeData, exhausted, SCALAR_KINDS, toJson } from '../src/index.ts'
import type { Data, ValType } from '../src/index.ts'
import { refusal, write } from './support.ts'

const u8: ValType = { kind: 'u8' }
const list = (element: ValType): ValType => ({ kind: 'list', element })
const option = (payload: ValType): ValType => ({ kind: 'option', payload })
const record = (name: string, type: ValType): ValType => ({ kind: 'record', fields: [{ name, type }] })
const NUMERIC = SCALAR_KINDS.filter((kind) => !['bool', 'char', 'string'].includes(kind))

const bug = new Error('broken')
const fail = (): never => {
  throw bug
}

function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

/** An object of which one property throws. */
function throwing(key: string, rest: object = {}): object {
  return Object.defineProperty(rest, key, { get: fail, enumerable: true })
}

/** Every type that is read property by property, a value of which one property throws, and where. */
const reads: readonly (readonly [string, ValType, unknown, string])[] = [
  ['a field', record('a-b', u8), throwing('aB'), '.aB'],
  ['a field that every object has', record('constructor', u8), throwing('constructor'), '.constructor'],
  ['the `then` of a record', record('a', u8), throwing('then', { a: 1 }), ''],
  ['an item', list({ kind: 'string' }), throwing('1', ['a', 'b']), '[1]'],
  ['a number in a list', list({ kind: 'u32' }), throwing('1', [1, 2]), '[1]'],
  ['a byte in a list', list(u8), throwing('1', [1, 2]), '[1]'],
  ['an item of a tuple', { kind: 'tuple', elements: [u8] }, throwing('0', [1]), '[0]'],
  ['a tag', { kind: 'variant', cases: [{ name: 'a', type: null }] }, throwing('tag'), ''],
  ['a payload', { kind: 'result', ok: u8, err: null }, throwing('val', { tag: 'ok' }), ''],
  ['the tag of an option', option(option(u8)), throwing('tag'), ''],
  ['a flag', { kind: 'flags', names: ['a', 'b'] }, throwing('b', { a: true }), '.b'],
]

describe('a property that throws when it is read refuses the value', () => {
  describe.each([{ copy: true }, { copy: false }])('$copy', (options) => {
    it.each(reads)('%s', (_what, type, value, path) => {
      const error = refusal(() => write(type, value, options))
      expect(error).toMatchObject({ code: 'wrong-type', path, cause: bug })
      const inside = refusal(() => write(record('in', list(type)), { in: [value] }, options))
      expect(inside).toMatchObject({ code: 'wrong-type', path: `.in[0]${path}`, cause: bug })
    })

    it('a getter of another class, inherited', () => {
      const heir: unknown = Object.create(new Uint8Array(2))
      const error = refusal(() => write(record('length', list({ kind: 'char' })), heir, options))
      expect(error).toMatchObject({ code: 'wrong-type', path: '.length' })
      expect(error.cause).toBeInstanceOf(TypeError)
    })

    it('a proxy that throws at every question, or was revoked', () => {
      const hostile = new Proxy([], { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail })
      const { proxy, revoke } = Proxy.revocable([], {})
      revoke()
      for (const value of [hostile, proxy]) {
        for (const [, type] of reads)
          expect(refusal(() => write(type, value, options)).code).toBe('wrong-type')
        expect(toJson(value, list(u8))).toHaveProperty('invalid')
        expect(refusal(() => encodeData({ a: value } as never)).path).toMatch(/^\.a/)
      }
    })
  })

  it('bytes that are gone', () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 8 })
    const gone = new Uint32Array(buffer, 4, 1)
    buffer.resize(0)
    expect(refusal(() => write(list({ kind: 'u32' }), gone, { copy: true })).code).toBe('wrong-type')
  })
})

describe('what the engine has not enough of is nobody’s value', () => {
  const endless = (): never => endless()
  it.each([
    ['host-stack', endless],
    ['host-memory', () => 'x'.repeat(2 ** 30)],
  ] as const)('%s', (what, get) => {
    const value = Object.defineProperty({}, 'a', { get })
    for (const copy of [true, false]) {
      const error = thrown(() =>
        write(record('in', record('a', { kind: 'string' })), { in: value }, { copy }),
      )
      expect(error).toBeInstanceOf(RangeError)
      expect(exhausted(error)).toBe(what)
    }
  })

  it('is told from every other error', () => {
    const hostile = new Proxy(new RangeError('call stack'), { get: fail, getPrototypeOf: fail })
    for (const error of [new RangeError('Invalid array length'), new Error('call stack'), undefined, hostile])
      expect(exhausted(error)).toBeUndefined()
  })
})

describe('what says that it has another length than it has', () => {
  const lying = (length: unknown): unknown =>
    new Proxy([1, 2], { get: (of, key) => (key === 'length' ? length : (Reflect.get(of, key) as unknown)) })

  it.each([-1, 0.5, NaN, '2', 2n, 2 ** 33, null, Symbol('x')])('is no list: %s', (length) => {
    for (const copy of [true, false]) {
      for (const element of [u8, { kind: 'u32' }, option(u8)] satisfies ValType[])
        expect(refusal(() => write(list(element), lying(length), { copy })).code).toBe('wrong-type')
    }
    expect(refusal(() => encodeData(lying(length) as Data)).code).toBe('wrong-type')
    expect(toJson(lying(length), list(option(u8)))).toHaveProperty('invalid')
  })

  it.each(NUMERIC)('is copied as long as it is: a typed array of %s', (kind) => {
    const typed = write(list({ kind }), []).kept as object
    const Typed = typed.constructor as new (of: number) => object
    const made = new Typed(2)
    const expected = write(list({ kind }), new Typed(2))
    Object.defineProperty(made, 'length', { value: 7 })
    Object.defineProperty(made, 'constructor', { value: { [Symbol.species]: fail } })
    expect(write(list({ kind }), made, { copy: true })).toEqual(expected)
  })

  it('is no plain data', () => {
    const bytes = Object.defineProperty(new Uint8Array(2), 'length', { value: 7 })
    expect(refusal(() => encodeData(bytes)).code).toBe('not-data')
  })
})
