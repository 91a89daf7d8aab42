import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import {
  cidOf,
  decodeData,
  encodeData,
  equal,
  items,
  link,
  Link,
  Reader,
  sha256,
  skip,
  Writer,
} from '../src/index.ts'
import type { Data, ValueErrorCode } from '../src/index.ts'
import { fromHex, refusal, toHex } from './support.ts'

const cid = cidOf('dag-cbor', sha256(new Uint8Array([1])))

const scalars = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }).filter((n) => !Number.isSafeInteger(Number(n))),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 2 ** 53, -(2 ** 53), 1e300),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 30 }),
)
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('__proto__', '', 'é', '\uffff', '😀'),
)

/** Plain data; `other` is a further kind of leaf. */
function anyData<T>(other: fc.Arbitrary<T>): fc.Arbitrary<Data> {
  return fc.letrec<{ data: Data }>((tie) => ({
    data: fc.oneof(
      { depthSize: 'small' },
      scalars as fc.Arbitrary<Data>,
      other as fc.Arbitrary<Data>,
      fc.array(tie('data'), { maxLength: 5 }),
      fc.array(fc.tuple(key, tie('data')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
    ),
  })).data
}

describe('plain data', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyData(fc.constant(null)), (data) => {
        const bytes = encodeData(data)
        const back = decodeData(bytes)
        expect(equal(back, data)).toBe(true)
        expect(encodeData(back)).toEqual(bytes)
      }),
      { numRuns: 1000 },
    )
  })

  it('has the bytes of @ipld/dag-cbor, both ways', () => {
    const plain = anyData(fc.constant(null)).filter(
      (data) => !JSON.stringify(data, negativeZero).includes('"-0"'),
    )
    fc.assert(
      fc.property(plain, (data) => {
        const bytes = encodeData(data)
        expect(toHex(dagCbor.encode(data))).toBe(toHex(bytes))
        expect(equal(dagCbor.decode(bytes), data)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('has the links of @ipld/dag-cbor', () => {
    const bytes = encodeData({ a: link(cid) })
    expect(toHex(dagCbor.encode({ a: CID.decode(cid) }))).toBe(toHex(bytes))
    const back = decodeData(bytes) as { a: Link }
    expect(Link.is(back.a)).toBe(true)
    expect(back.a.cid).toEqual(cid)
    expect(JSON.parse(JSON.stringify(back))).toEqual({ a: { '/': CID.decode(cid).toString() } })
  })

  it('from any bytes is refused or has just these bytes; where dag-cbor is stricter, nothing is taken that it refuses', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let data: Data
        try {
          data = decodeData(bytes)
        } catch {
          return
        }
        expect(encodeData(data)).toEqual(new Uint8Array(bytes))
        dagCbor.decode(bytes)
      }),
      { numRuns: 10_000 },
    )
  })

  it('changed in one byte is refused or has just these bytes', () => {
    fc.assert(
      fc.property(anyData(fc.constant(null)), fc.nat(), fc.nat({ max: 255 }), (data, at, byte) => {
        const bytes = encodeData(data)
        bytes[at % bytes.length] = byte
        let back: Data
        try {
          back = decodeData(bytes)
        } catch {
          return
        }
        expect(encodeData(back)).toEqual(bytes)
      }),
      { numRuns: 3000 },
    )
  })

  it('sorts keys by length, then by the bytes of UTF-8', () => {
    const data = { '\uffff': 1, '😀': 2, aa: 3, b: 4, é: 5, '': 6, '\ue000': 7 }
    expect(Object.keys(decodeData(encodeData(data)) as object)).toEqual([
      '',
      'b',
      'aa',
      'é',
      '\ue000',
      '\uffff',
      '😀',
    ])
  })

  it('keeps __proto__ a key', () => {
    const data = JSON.parse('{"__proto__":{"x":1}}') as Data
    const back = decodeData(encodeData(data)) as object
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(Object.keys(back)).toEqual(['__proto__'])
  })

  it('replaces unpaired surrogates in text', () => {
    expect(decodeData(encodeData(['\ud800']))).toEqual(['\ufffd'])
    expect(refusal(() => encodeData({ '\ud800': 1, '\ud801': 2 })).code).toBe('not-data')
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['NaN', NaN],
    ['an infinity', -Infinity],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a promise', Promise.resolve()],
    ['another typed array', new Uint16Array(1)],
    ['an instance of a class', new (class A {})()],
    ['a field that is undefined', { a: undefined }],
    ['a hole', [, 1]], // oxlint-disable-line no-sparse-arrays
  ])('is not %s', (_name, value) => {
    expect(refusal(() => encodeData(value as Data)).code).toBe('not-data')
  })

  it('says where it is not', () => {
    expect(refusal(() => encodeData({ a: [1, { b: NaN }] }))).toMatchObject({
      code: 'not-data',
      message: 'a[1].b: NaN is not plain data',
    })
  })

  it('has no cycle and no integer of more than 64 bits', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(refusal(() => encodeData(cycle as Data)).code).toBe('too-deep')
    expect(refusal(() => encodeData(2n ** 64n)).code).toBe('out-of-range')
    expect(refusal(() => encodeData(-(2n ** 64n) - 1n)).code).toBe('out-of-range')
    expect(decodeData(encodeData(-(2n ** 64n)))).toBe(-(2n ** 64n))
  })
})

describe('hostile bytes of plain data', () => {
  it.each<[string, string, ValueErrorCode]>([
    ['keys out of order', 'a2616201616101', 'not-canonical'],
    ['a longer key first', 'a262616101616201', 'not-canonical'],
    ['a key twice', 'a2616101616102', 'not-canonical'],
    ['a key twice, behind an array and a map', 'a3616181016162a0616203', 'not-canonical'],
    ['a key twice in a map that is in one', 'a1616182a0a2616101616102', 'not-canonical'],
    ['a key that is no text', 'a10101', 'wrong-type'],
    ['a key that is not UTF-8', 'a161ff01', 'bad-utf8'],
    ['text that is not UTF-8', '61ff', 'bad-utf8'],
    ['long text that is not UTF-8', `79012c${'61'.repeat(299)}ff`, 'bad-utf8'],
    ['a whole number as float', 'fb3ff0000000000000', 'not-canonical'],
    ['NaN', 'fb7ff8000000000000', 'not-canonical'],
    ['an infinity', 'fb7ff0000000000000', 'not-canonical'],
    ['a half float', 'f93e00', 'not-canonical'],
    ['a single float', 'fa3fc00000', 'not-canonical'],
    ['undefined', 'f7', 'wrong-type'],
    ['another simple value', 'f0', 'wrong-type'],
    ['a break', 'ff', 'wrong-type'],
    ['another tag', 'c001', 'not-canonical'],
    ['a tag with a long head', 'd9002a', 'not-canonical'],
    ['a link that is no CID', 'd82a4100', 'bad-cid'],
    ['a link without its zero', `d82a5825${'01'.repeat(37)}`, 'bad-cid'],
    ['a link that is text', 'd82a6161', 'wrong-type'],
    ['an array of indefinite length', '9fff', 'not-canonical'],
    ['a map of indefinite length', 'bfff', 'not-canonical'],
    ['text of indefinite length', '7fff', 'not-canonical'],
    ['a count beyond the bytes', '9affffffff', 'truncated'],
    ['a map beyond the bytes', 'a201', 'truncated'],
    ['nothing', '', 'truncated'],
    ['two values', '0101', 'trailing'],
    ['600 levels of arrays', `${'81'.repeat(600)}00`, 'too-deep'],
    ['600 levels of maps', `${'a160'.repeat(600)}00`, 'too-deep'],
  ])('%s', (_name, hex, code) => {
    expect(refusal(() => decodeData(fromHex(hex))).code).toBe(code)
    expect(refusal(() => items(fromHex(`81${hex}`))).code).toBe(code)
  })

  it('nested 512 levels is read and skipped, a million refused', () => {
    const fine = fromHex('81'.repeat(511) + '80')
    expect(toHex(encodeData(decodeData(fine)))).toBe(toHex(fine))
    skip(new Reader(fine))
    const deeper = fromHex('81'.repeat(512) + '80')
    expect(refusal(() => decodeData(deeper)).code).toBe('too-deep')
    expect(refusal(() => skip(new Reader(deeper))).code).toBe('too-deep')
    expect(refusal(() => skip(new Reader(new Uint8Array(1_000_000).fill(0x81)))).code).toBe('too-deep')
    expect(refusal(() => decodeData(new Uint8Array(1_000_000).fill(0x81))).code).toBe('too-deep')
  })
})

describe('items', () => {
  it('are views of the bytes of each', () => {
    const bytes = encodeData([[1, [2, { a: 'x' }]], 'text', new Uint8Array(300), -1.5, link(cid)])
    const parts = items(bytes)
    expect(parts.map((part) => decodeData(part))).toEqual(decodeData(bytes))
    expect(parts.every((part) => part.buffer === bytes.buffer)).toBe(true)
    expect(items(encodeData([]))).toEqual([])
  })

  it('are of one array and nothing else', () => {
    expect(refusal(() => items(encodeData({}))).code).toBe('wrong-type')
    expect(refusal(() => items(fromHex('8000'))).code).toBe('trailing')
    expect(refusal(() => items(fromHex('8201'))).code).toBe('truncated')
  })
})

describe('Reader and Writer', () => {
  it('write and read every kind of item within a range of bytes', () => {
    const out = new Writer()
    out.raw(fromHex('ffff'))
    out.array(8)
    out.bool(false)
    out.null()
    out.int(-(2 ** 53) + 1)
    out.uint(2 ** 53 - 1)
    out.bigint(-(2n ** 64n))
    out.double(-0)
    out.link(cid)
    out.map(0)
    const end = out.length
    out.raw(fromHex('ffff'))
    const input = new Reader(out.bytes(), 2, end)
    expect(input.array()).toBe(8)
    expect(input.bool()).toBe(false)
    expect(input.nullNext()).toBe(true)
    expect(input.nullNext()).toBe(false)
    expect(input.int()).toBe(-(2 ** 53) + 1)
    expect(input.uint()).toBe(2 ** 53 - 1)
    expect(input.bigint()).toBe(-(2n ** 64n))
    expect(input.doubleNext()).toBe(true)
    expect(input.double()).toBe(-0)
    expect(input.link()).toEqual(cid)
    expect(input.peekMajor()).toBe(5)
    expect(input.map()).toBe(0)
    expect(input.done).toBe(true)
    input.finish()
    expect(refusal(() => input.uint()).code).toBe('truncated')
  })

  it('refuse what is out of reach', () => {
    const out = new Writer()
    expect(refusal(() => out.uint(2 ** 53)).code).toBe('out-of-range')
    expect(refusal(() => out.uint(2 ** 32 + 0.5)).code).toBe('out-of-range')
    expect(refusal(() => out.link(new Uint8Array(36))).code).toBe('bad-cid')
    expect(refusal(() => new Reader(fromHex('3b001fffffffffffff')).int()).code).toBe('out-of-range')
    expect(() => new Reader(new Uint8Array(2), 1, 3)).toThrow(RangeError)
    expect(() => out.truncate(out.length + 1)).toThrow(RangeError)
  })

  it('a writer that is used again gives what it holds now, whatever its length was before', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 40 }), (parts) => {
        const out = new Writer(1)
        for (const part of parts) {
          out.reset()
          out.raw(part)
          expect(out.bytes()).toEqual(part)
        }
      }),
    )
  })

  it('a writer holds what its bytes are, and nothing longer, shorter or else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(), (all, a, b) => {
        const out = new Writer(1)
        out.raw(all)
        const from = a % all.length
        const rest = all.slice(from)
        const at = b % rest.length
        expect(out.holds(rest, from)).toBe(true)
        expect(out.holds(all)).toBe(true)
        expect(out.holds(new Uint8Array(0), all.length)).toBe(true)
        expect(out.holds(Uint8Array.of(...rest, 0), from)).toBe(false)
        expect(out.holds(rest.subarray(1), from)).toBe(false)
        expect(out.holds(rest.with(at, (rest[at] as number) ^ 1), from)).toBe(false)
      }),
    )
  })

  it('take back, keep views apart from copies, and do not keep a large buffer', () => {
    const out = new Writer(1)
    out.text('a')
    const at = out.length
    out.text('b'.repeat(100))
    out.truncate(at)
    expect(toHex(out.bytes())).toBe('6161')
    const copy = out.copy()
    out.reset()
    out.uint(1)
    expect(toHex(copy)).toBe('6161')
    out.byteString(new Uint8Array(3 << 20))
    out.reset()
    out.uint(1)
    expect(out.bytes().buffer.byteLength).toBeLessThan(1 << 20)
  })

  it('read a slice of a larger buffer', () => {
    const whole = fromHex('ffff487ff8000000000000ff')
    const input = new Reader(whole.subarray(2, 11))
    expect(input.f64()).toBe(NaN)
    expect(input.done).toBe(true)
  })
})

function negativeZero(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return 'bigint'
  return Object.is(value, -0) ? '-0' : value
}
