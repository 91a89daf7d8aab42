import { describe, expect, it } from 'vitest'
import { compileFunction, compileType, equal, noHandles, Reader, ValueError, Writer } from '../src/index.ts'
import type { FunctionModel, ScalarKind, ValType, ValueErrorCode } from '../src/index.ts'
import { RESOURCE, thing, thingHandles } from './arbitraries.ts'
import { fromHex, read, refusal, toHex, write } from './support.ts'

const scalar = (kind: ScalarKind): ValType => ({ kind })
const list = (element: ValType): ValType => ({ kind: 'list', element })
const option = (payload: ValType): ValType => ({ kind: 'option', payload })
const record = (fields: Record<string, ValType>): ValType => ({
  kind: 'record',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
})
const u8 = scalar('u8')
const f64 = scalar('f64')
const string = scalar('string')

describe('writing refuses', () => {
  it.each<[ScalarKind, unknown[]]>([
    ['u8', [256, -1, 300]],
    ['s8', [128, -129]],
    ['u16', [65536, -1]],
    ['s16', [32768, -32769]],
    ['u32', [2 ** 32, -1, 2 ** 53]],
    ['s32', [2 ** 31, -(2 ** 31) - 1]],
    ['u64', [2n ** 64n, -1n]],
    ['s64', [2n ** 63n, -(2n ** 63n) - 1n]],
  ])('%s out of its range', (kind, values) => {
    for (const value of values) expect(refusal(() => write(scalar(kind), value)).code).toBe('out-of-range')
  })

  it.each(['u8', 's8', 'u16', 's16', 'u32', 's32'] as const)('what is no integer for %s', (kind) => {
    for (const value of [0.5, NaN, Infinity])
      expect(refusal(() => write(scalar(kind), value)).code).toBe('out-of-range')
    for (const value of ['1', 1n, true, null, undefined, [], {}, Promise.resolve(1), { valueOf: () => 1 }]) {
      expect(refusal(() => write(scalar(kind), value)).code).toBe('wrong-type')
    }
  })

  it('a number for a 64-bit integer', () => {
    for (const kind of ['u64', 's64'] as const)
      expect(refusal(() => write(scalar(kind), 1)).code).toBe('wrong-type')
  })

  it('what is no float, bool, string or char', () => {
    for (const kind of ['f32', 'f64'] as const)
      expect(refusal(() => write(scalar(kind), '1')).code).toBe('wrong-type')
    expect(refusal(() => write(scalar('bool'), 1)).code).toBe('wrong-type')
    expect(refusal(() => write(string, new String('x'))).code).toBe('wrong-type')
    for (const value of ['', 'ab', 65])
      expect(refusal(() => write(scalar('char'), value)).code).toBe('wrong-type')
    for (const value of ['\ud800', '\udfff'])
      expect(refusal(() => write(scalar('char'), value)).code).toBe('out-of-range')
  })

  it('a promise wherever an object with nothing in it would do', () => {
    const promise = Promise.resolve({})
    for (const type of [
      record({}),
      record({ a: option(u8) }),
      { kind: 'flags', names: ['a'] },
      { kind: 'flags', names: [] },
      { kind: 'tuple', elements: [] },
      list(string),
      list(u8),
      option(u8),
      { kind: 'result', ok: null, err: null },
    ] satisfies ValType[]) {
      for (const copy of [false, true])
        expect(refusal(() => write(type, promise, { copy })).code).toBe('wrong-type')
    }
  })

  it('the wrong shape', () => {
    expect(refusal(() => write(option(u8), null)).code).toBe('wrong-type')
    expect(refusal(() => write(record({ a: u8 }), {})).code).toBe('wrong-type')
    expect(refusal(() => write(record({}), [])).code).toBe('wrong-type')
    expect(refusal(() => write({ kind: 'tuple', elements: [u8] }, [1, 2])).code).toBe('wrong-type')
    expect(refusal(() => write(list(u8), 'abc')).code).toBe('wrong-type')
    expect(refusal(() => write(list(u8), new Int8Array(1))).code).toBe('wrong-type')
    expect(refusal(() => write(list(scalar('u16')), new Uint8Array(1))).code).toBe('wrong-type')
    expect(refusal(() => write(list(f64), new Float32Array(1))).code).toBe('wrong-type')
    expect(refusal(() => write(list(string), { length: 0 })).code).toBe('wrong-type')
    expect(refusal(() => write({ kind: 'flags', names: ['a'] }, { a: 1 })).code).toBe('wrong-type')
    expect(refusal(() => write({ kind: 'result', ok: null, err: null }, { tag: 'ok', val: 1 })).code).toBe(
      'wrong-type',
    )
    expect(refusal(() => write({ kind: 'enum', cases: ['a'] }, 0)).code).toBe('wrong-type')
  })

  it('an unknown case', () => {
    expect(refusal(() => write({ kind: 'enum', cases: ['a'] }, 'toString')).code).toBe('unknown-case')
    expect(
      refusal(() => write({ kind: 'variant', cases: [{ name: 'a', type: null }] }, { tag: 'b' })).code,
    ).toBe('unknown-case')
    expect(refusal(() => write({ kind: 'result', ok: null, err: null }, {})).code).toBe('unknown-case')
  })

  it('says where', () => {
    const type = record({
      'the-list': list({ kind: 'tuple', elements: [string, option(record({ size: u8 }))] }),
    })
    const error = refusal(() => write(type, { theList: [['a', { size: 300 }]] }))
    expect(error.path).toBe('.theList[0][1].size')
    expect(error.message).toBe('theList[0][1].size: 300 is not a u8')
    expect(String(error)).toContain('ValueError')
  })
})

describe('writing normalises', () => {
  it('f32 to the nearest single, NaN to the one NaN, -0 of an integer to 0', () => {
    expect(write(scalar('f32'), 0.1).kept).toBe(Math.fround(0.1))
    expect(write(scalar('f32'), 1e300).kept).toBe(Infinity)
    expect(write(scalar('f32'), -0).kept).toBe(-0)
    expect(toHex(write(f64, NaN).bytes)).toBe('487ff8000000000000')
    for (const kind of ['u8', 's8', 'u32', 's32'] as const) {
      expect(write(scalar(kind), -0)).toEqual({ kept: 0, bytes: fromHex('00') })
    }
  })

  it('NaN bits inside typed arrays, without touching what was given', () => {
    const f64s = new Float64Array(
      new BigUint64Array([0x7ff0000000000001n, 0xfff8000000000000n, 0x3ff0000000000000n]).buffer,
    )
    const given = new BigUint64Array(f64s.slice().buffer)
    const { kept } = write(list(f64), f64s)
    const bits = new BigUint64Array((kept as Float64Array).buffer)
    expect([...bits]).toEqual([0x7ff8000000000000n, 0x7ff8000000000000n, 0x3ff0000000000000n])
    expect(new BigUint64Array(f64s.buffer)).toEqual(given)
    const f32s = new Float32Array(new Uint32Array([0xffc00001]).buffer)
    const kept32 = write(list(scalar('f32')), f32s).kept as Float32Array
    expect(new Uint32Array(kept32.buffer)[0]).toBe(0x7fc00000)
  })

  it('unpaired surrogates to U+FFFD, at any length', () => {
    for (const pad of ['', 'a'.repeat(30), 'é'.repeat(40), 'x'.repeat(300), '😀'.repeat(9000)]) {
      const { kept, bytes } = write(string, `${pad}\ud800b\udc00`)
      expect(kept).toBe(`${pad}\ufffdb\ufffd`)
      expect(read(string, bytes)).toBe(kept)
    }
  })

  it('inside what contains it, leaving alone what needed nothing', () => {
    const type = record({ a: list(string), b: list(string), c: option(f64) })
    const value = { a: ['x'], b: ['\ud800', 'y'], c: 1 }
    const kept = write(type, value).kept as typeof value
    expect(kept).toEqual({ a: ['x'], b: ['\ufffd', 'y'], c: 1 })
    expect(kept.a).toBe(value.a)
    expect(value.b[0]).toBe('\ud800')
    const fine = { a: ['x'], b: [], c: undefined }
    expect(write(type, fine).kept).toBe(fine)
  })

  it('flags that are absent to false, plain arrays of numbers to typed arrays, Buffers to Uint8Arrays', () => {
    expect(write({ kind: 'flags', names: ['a', 'b-c'] }, { bC: true }).kept).toEqual({ a: false, bC: true })
    expect(write(list(u8), [1, 255]).kept).toEqual(new Uint8Array([1, 255]))
    expect(write(list(scalar('s64')), [-1n]).kept).toEqual(new BigInt64Array([-1n]))
    const kept = write(list(u8), Buffer.from('hi')).kept as Uint8Array
    expect(kept.constructor).toBe(Uint8Array)
    expect(refusal(() => write(list(u8), [256])).code).toBe('out-of-range')
    expect(refusal(() => write(list(u8), ['1'])).code).toBe('wrong-type')
    expect(refusal(() => write(list(scalar('s16')), [0, 40000]))).toMatchObject({
      code: 'out-of-range',
      path: '[1]',
    })
  })
})

describe('a copying codec', () => {
  it('hands on what it recorded of an accessor that answers otherwise each time', () => {
    let n = 0
    const moody = { get a() { return n++ } } // oxfmt-ignore
    const { kept, bytes } = write(record({ a: u8 }), moody, { copy: true })
    expect(kept).toEqual({ a: 0 })
    expect(read(record({ a: u8 }), bytes)).toEqual(kept)
  })

  it('hands on bytes that a reused buffer cannot change', () => {
    const buffer = new Uint8Array([1, 2, 3])
    const { kept } = write(list(u8), buffer.subarray(0, 2), { copy: true })
    buffer.fill(9)
    expect(kept).toEqual(new Uint8Array([1, 2]))
    expect((kept as Uint8Array).buffer.byteLength).toBe(2)
  })

  it('drops what is not of the type', () => {
    expect(write(record({ a: u8 }), { a: 1, secret: 2 }, { copy: true }).kept).toEqual({ a: 1 })
  })
})

describe('the shapes of values', () => {
  it('options are plain, tagged, plain from the inside out', () => {
    const one = option(u8)
    const two = option(one)
    const three = option(two)
    expect(read(one, fromHex('80'))).toBe(undefined)
    expect(read(two, fromHex('80'))).toEqual({ tag: 'none' })
    expect(read(two, fromHex('8180'))).toEqual({ tag: 'some', val: undefined })
    expect(read(three, fromHex('80'))).toBe(undefined)
    expect(read(three, fromHex('8180'))).toEqual({ tag: 'none' })
    expect(read(three, fromHex('818180'))).toEqual({ tag: 'some', val: undefined })
    expect(read(three, fromHex('81818105'))).toEqual({ tag: 'some', val: 5 })
  })

  it('bytes that are read are a copy', () => {
    const bytes = fromHex('4201ff')
    const value = read(list(u8), bytes) as Uint8Array
    value.fill(0)
    expect(toHex(bytes)).toBe('4201ff')
  })
})

describe('reading refuses', () => {
  it.each<[string, ValType, string, ValueErrorCode]>([
    ['a head that is not the shortest', u8, '1817', 'not-canonical'],
    ['one of two bytes', u8, '190005', 'not-canonical'],
    ['one of eight bytes', scalar('u64'), '1b00000000ffffffff', 'not-canonical'],
    ['an indefinite length', list(string), '9fff', 'not-canonical'],
    ['a reserved head', u8, '1c', 'not-canonical'],
    ['an end inside a head', scalar('u16'), '19ff', 'truncated'],
    ['no bytes', u8, '', 'truncated'],
    ['bytes after the value', u8, '0100', 'trailing'],
    ['a length beyond the bytes', string, '7affffffff', 'truncated'],
    ['a count beyond the bytes', list(scalar('u64')), '9b000000ffffffffff', 'truncated'],
    ['a count beyond 2^53', list(u8), '5bffffffffffffffff', 'out-of-range'],
    ['a number beyond the type', u8, '190100', 'out-of-range'],
    ['a negative number beyond the type', scalar('s8'), '3880', 'out-of-range'],
    ['a negative number for an unsigned type', u8, '20', 'wrong-type'],
    ['a surrogate as char', scalar('char'), '19d800', 'out-of-range'],
    ['a char beyond Unicode', scalar('char'), '1a00110000', 'out-of-range'],
    ['text that is not UTF-8', string, '61ff', 'bad-utf8'],
    ['an encoded surrogate', string, '63eda080', 'bad-utf8'],
    ['an overlong form', string, '62c080', 'bad-utf8'],
    ['long text that is not UTF-8', string, `781e${'61'.repeat(29)}ff`, 'bad-utf8'],
    ['another f32 NaN', scalar('f32'), '447fc00001', 'not-canonical'],
    ['a negative f64 NaN', f64, '48fff8000000000000', 'not-canonical'],
    ['a signalling f64 NaN', f64, '487ff0000000000001', 'not-canonical'],
    ['a float of another size', f64, '443f800000', 'wrong-type'],
    ['a CBOR float', f64, 'fb3ff0000000000000', 'wrong-type'],
    ['an unknown enum index', { kind: 'enum', cases: ['a', 'b'] }, '02', 'unknown-case'],
    [
      'an unknown variant index',
      { kind: 'variant', cases: [{ name: 'a', type: null }] },
      '8101',
      'unknown-case',
    ],
    [
      'a variant without index',
      { kind: 'variant', cases: [{ name: 'a', type: null }] },
      '80',
      'unknown-case',
    ],
    ['a payload too many', { kind: 'variant', cases: [{ name: 'a', type: null }] }, '820000', 'wrong-type'],
    ['a payload too few', { kind: 'variant', cases: [{ name: 'a', type: u8 }] }, '8100', 'wrong-type'],
    ['an option of two', option(u8), '820101', 'wrong-type'],
    ['a flag beyond the set', { kind: 'flags', names: ['a', 'b'] }, '04', 'unknown-case'],
    ['a flag of no flags', { kind: 'flags', names: [] }, '01', 'unknown-case'],
    [
      'a 34th flag of 33',
      { kind: 'flags', names: Array.from({ length: 33 }, (_, i) => `f${i}`) },
      '1b0000000200000000',
      'unknown-case',
    ],
    ['a bool that is a number', scalar('bool'), '01', 'wrong-type'],
    ['null', string, 'f6', 'wrong-type'],
    ['a tuple too short', { kind: 'tuple', elements: [u8, u8] }, '8101', 'wrong-type'],
    ['a map for a record', record({ a: u8 }), 'a1616101', 'wrong-type'],
    ['a resource here', { kind: 'own', resource: RESOURCE }, '01', 'wrong-type'],
  ])('%s', (_name, type, hex, code) => {
    expect(refusal(() => read(type, fromHex(hex))).code).toBe(code)
  })

  it('says where', () => {
    const type = record({ 'a-b': list({ kind: 'enum', cases: ['x'] }) })
    expect(refusal(() => read(type, fromHex('81820001')))).toMatchObject({
      code: 'unknown-case',
      path: '.aB[1]',
    })
  })
})

describe('types', () => {
  it('of more than 128 levels, or with more than 64 flags, or with two keys in one are refused', () => {
    let deep: ValType = u8
    for (let i = 0; i < 128; i++) deep = { kind: 'tuple', elements: [deep] }
    compileType(deep)
    expect(refusal(() => compileType(list(deep))).code).toBe('bad-model')
    expect(
      refusal(() => compileType({ kind: 'flags', names: Array.from({ length: 65 }, (_, i) => `f${i}`) }))
        .code,
    ).toBe('bad-model')
    expect(refusal(() => compileType(record({ 'a-1': u8, a1: u8 }))).code).toBe('bad-model')
    expect(refusal(() => compileType({ kind: 'flags', names: ['a-b', 'A-B'] })).code).toBe('bad-model')
  })

  it('written out at exponential size are compiled once for each object', () => {
    let type: ValType = u8
    for (let i = 0; i < 100; i++) type = { kind: 'tuple', elements: [type, type] }
    expect(() => compileType(option(type))).not.toThrow()
  })

  it('nested as deep as they may write and read values', () => {
    let type: ValType = u8
    let value: unknown = 7
    for (let i = 0; i < 127; i++) {
      type = list(type)
      value = [value]
    }
    const { bytes, kept } = write(type, value)
    expect(equal(read(type, bytes), kept)).toBe(true)
  })
})

describe('function codecs', () => {
  const fn: FunctionModel = {
    id: 'a:b/c#[method]thing.read',
    interface: 'a:b/c',
    name: '[method]thing.read',
    kind: 'method',
    resource: RESOURCE,
    params: [
      { name: 'self', type: { kind: 'borrow', resource: RESOURCE } },
      { name: 'len', type: scalar('u64') },
    ],
    result: { kind: 'result', ok: list(u8), err: string },
  }
  const codec = compileFunction(fn)

  it('write an array of arguments and an array of one result', () => {
    const handles = thingHandles
    const self = thing(3)
    const out = new Writer()
    expect(codec.writeArgs([self, 10n], out, handles)).toEqual([self, 10n])
    expect(toHex(out.bytes())).toBe('82030a')
    expect(codec.readArgs(new Reader(out.bytes()), handles)).toEqual([self, 10n])
    out.reset()
    codec.writeResult({ tag: 'ok', val: new Uint8Array([1]) }, out, handles)
    expect(toHex(out.bytes())).toBe('8182004101')
    expect(codec.readResult(new Reader(out.bytes()), handles)).toEqual({
      tag: 'ok',
      val: new Uint8Array([1]),
    })
  })

  it('write no result as the empty array, and take none', () => {
    const none = compileFunction({ ...fn, result: null, params: [] })
    const out = new Writer()
    expect(none.writeResult(undefined, out, noHandles)).toBe(undefined)
    expect(toHex(out.bytes())).toBe('80')
    expect(none.readResult(new Reader(fromHex('80')), noHandles)).toBe(undefined)
    expect(refusal(() => none.writeResult(Promise.resolve(), out, noHandles)).code).toBe('wrong-type')
    expect(refusal(() => none.readResult(new Reader(fromHex('8100')), noHandles)).code).toBe('wrong-type')
  })

  it('name arguments and result in their refusals', () => {
    const out = new Writer()
    expect(refusal(() => codec.writeArgs([thing(1), -1n], out, thingHandles))).toMatchObject({
      code: 'out-of-range',
      path: 'args[1]',
    })
    expect(refusal(() => codec.writeArgs([], out, thingHandles))).toMatchObject({
      code: 'wrong-type',
      path: 'args',
    })
    expect(refusal(() => codec.writeResult({ tag: 'err', val: 1 }, out, thingHandles))).toMatchObject({
      code: 'wrong-type',
      message: 'result.err: 1 is not a string',
    })
    expect(refusal(() => codec.readArgs(new Reader(fromHex('8103')), thingHandles)).code).toBe('wrong-type')
  })

  it('copy the side they are told to', () => {
    const bytes = new Uint8Array([1])
    const copying = compileFunction({ ...fn, params: [{ name: 'a', type: list(u8) }] }, { copyResult: true })
    const out = new Writer()
    expect(copying.writeArgs([bytes], out, noHandles)[0]).toBe(bytes)
    const kept = copying.writeResult({ tag: 'ok', val: bytes }, out, noHandles) as { val: unknown }
    expect(kept.val).toEqual(bytes)
    expect(kept.val).not.toBe(bytes)
  })
})

describe('ValueError', () => {
  it('is known by its brand', () => {
    expect(ValueError.is(new ValueError('truncated', 'x'))).toBe(true)
    expect(ValueError.is(new Error('x'))).toBe(false)
    expect(ValueError.is(null)).toBe(false)
  })
})

describe('names that every object of JavaScript has', () => {
  const names = ['constructor', 'to-string', 'value-of', 'has-own-property', 'is-prototype-of', 'then']
  const keys = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', 'then']

  it('are absent where they are not given', () => {
    const type = record(Object.fromEntries(names.map((name) => [name, option(u8)])))
    const handed = compileType(type).write({}, new Writer(), noHandles)
    expect(keys.filter((key) => Object.hasOwn(Object(handed), key))).toEqual(keys)
    expect(toHex(write(type, {}).bytes)).toBe('86808080808080')
    expect(toHex(write({ kind: 'flags', names }, { toString: true }).bytes)).toBe('02')
  })

  it('are values like others where they are', () => {
    const type = record(Object.fromEntries(names.map((name) => [name, u8])))
    const value = Object.fromEntries(keys.map((key, i) => [key, i]))
    expect(toHex(write(type, value).bytes)).toBe('86000102030405')
    expect(read(type, fromHex('86000102030405'))).toEqual(value)
    expect(refusal(() => write(type, {})).code).toBe('wrong-type')
  })
})
