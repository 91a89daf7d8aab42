import { describe, expect, it } from 'vitest'
import { meterModule } from '../../src/index.ts'
import { assemble, metered } from './harness.ts'

/** The `why` by which a run was ended; a `RangeError` is the engine's own limit, which must never come first. */
function ended(
  text: string | Uint8Array,
  budget: Parameters<typeof metered>[1],
  ...args: unknown[]
): unknown {
  const { run, meter } = metered(typeof text === 'string' ? assemble(text) : text, budget)
  try {
    return run('f', ...args)
  } catch (error) {
    return error instanceof WebAssembly.RuntimeError ? meter.why : error
  }
}

function leb(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest & 0x7f) | 0x80)
  return [...out, rest]
}

/** A module with one exported function of no parameters: how many locals of i32, and the instructions. */
function single(locals: number, code: Uint8Array): Uint8Array {
  const groups = locals === 0 ? [0] : [1, ...leb(locals), 0x7f]
  const body = [...leb(groups.length + code.length + 1), ...groups]
  const content = leb(1).length + body.length + code.length + 1
  const head = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    [0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
    [0x03, 0x02, 0x01, 0x00],
    [0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
    [0x0a, ...leb(content), 0x01, ...body],
  ].flat()
  const bytes = new Uint8Array(head.length + code.length + 1)
  bytes.set(head)
  bytes.set(code, head.length)
  bytes[bytes.length - 1] = 0x0b
  return bytes
}

function repeated(times: number, pattern: readonly number[], behind: readonly number[] = []): Uint8Array {
  const code = new Uint8Array(times * (pattern.length + behind.length))
  for (let i = 0; i < times; i++) code.set(pattern, i * pattern.length)
  for (let i = 0; i < times; i++) code.set(behind, times * pattern.length + i * behind.length)
  return code
}

const meterOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  meterModule(bytes, { nan: 'canonical' }) as Uint8Array<ArrayBuffer>

describe('what is written to be hard to read', () => {
  it('a million blocks, one in another', () => {
    const bytes = single(0, repeated(1_000_000, [0x02, 0x40], [0x0b]))
    expect(WebAssembly.validate(meterOf(bytes))).toBe(true)
  })

  it('a hundred thousand loops, one in another, that all go on at once', () => {
    const deep = 100_000
    const targets = [
      0x41,
      0x00,
      0x0e,
      ...leb(60_000),
      ...Array.from({ length: 60_001 }, (_, i) => leb(i)).flat(),
    ]
    const code = Uint8Array.from([...repeated(deep, [0x03, 0x40]), ...targets, ...repeated(deep, [0x0b])])
    expect(ended(single(0, code), { fuel: 1_000_000n })).toBe(1)
  })

  it.each([
    [
      'more locals than an engine takes, with those of the meter',
      () => single(50_000, Uint8Array.of(0x03, 0x40, 0x0c, 0x00, 0x0b)),
      /locals/,
    ],
    [
      'a function that is too long with the counting',
      () => single(1, repeated(1_500_000, [0x20, 0x00, 0x0d, 0x00])),
      /longer than 7654321 bytes/,
    ],
  ])('is refused by name: %s', (_, bytes, message) => {
    expect(WebAssembly.validate(bytes() as Uint8Array<ArrayBuffer>)).toBe(true)
    expect(() => meterOf(bytes())).toThrow(message)
  })
})

describe('what goes on for ever is ended by fuel', () => {
  it.each([
    ['a loop of nothing', '(loop $l (br $l))'],
    ['a loop in a loop', '(loop $l (loop $m (br_if $m (i32.const 0)) (br $l)))'],
    ['br_table', '(loop $l (br_table $l $l (i32.const 1)))'],
    ['br_on_null', '(loop $l (drop (br_on_null $l (ref.null func))))'],
    [
      'br_on_non_null',
      '(loop $l (drop (block $b (result (ref $v)) (br_on_non_null $b (ref.func $f)) (unreachable))) (br $l))',
    ],
    ['an exception', '(loop $l (block $c (try_table (catch_all $c) (throw $t))) (br $l))'],
    ['a handler that is a loop', '(loop $l (try_table (catch_all $l) (throw $t)))'],
    ['an exception of the old form', '(loop $l (try (do (throw $t)) (catch_all (br $l))))'],
    ['a tail call', '(return_call $f)'],
    ['an indirect tail call', '(return_call_indirect (type $v) (i32.const 0))'],
    ['a tail call by reference', '(return_call_ref $v (ref.func $f))'],
  ])('%s', (_, body) => {
    const text = `(module (type $v (func)) (tag $t) (table 1 funcref) (elem (i32.const 0) $f)
      (func $f (export "f") (type $v) ${body}))`
    expect(ended(text, { fuel: 3_000_000n })).toBe(1)
  })

  it('calls that double sixty times', () => {
    const levels = Array.from(
      { length: 60 },
      (_, i) => `(func $f${i} (call $f${i + 1}) (call $f${i + 1}))`,
    ).join('')
    expect(ended(`(module ${levels} (func $f60) (func (export "f") (call $f0)))`, { fuel: 1_000_000n })).toBe(
      1,
    )
  })

  it('the start function', () => {
    const bytes = assemble('(module (start $s) (func $s (loop $l (br $l))))')
    expect(() => metered(bytes, { fuel: 1_000n })).toThrow(WebAssembly.RuntimeError)
  })

  it('copying, filling and growing, each by its length', () => {
    const grown = `(module (memory 1 1000) (table $t 1 10000 funcref) (func (export "f") (param i32)
      (if (i32.eq (local.get 0) (i32.const 0)) (then (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (drop (memory.grow (i32.const 1)))))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (drop (table.grow $t (ref.null func) (i32.const 900)))))))`
    for (const what of [0, 1, 2]) {
      expect(ended(grown, { fuel: 6_000n }, what)).toBe(1)
      expect(ended(grown, { fuel: 100_000n }, what)).toBeUndefined()
    }
  })

  it('locals that are set to zero in each call', () => {
    const text = `(module (func $g (local ${'i64 '.repeat(40_000)})) (func (export "f") (loop $l (call $g) (br $l))))`
    const { run, meter } = metered(assemble(text), { fuel: 1_000_000n, depth: 100_000 })
    expect(() => run('f')).toThrow(WebAssembly.RuntimeError)
    expect(meter.why).toBe(1)
  })
})

describe('what nests too deep is ended by depth', () => {
  const depth = 7_000

  it.each([
    ['itself', '(func $f (export "f") (call $f))'],
    ['one that calls the other', '(func $f (export "f") (call $g)) (func $g (call $f))'],
    [
      'an indirect call',
      '(type $v (func)) (table 1 funcref) (elem (i32.const 0) $f) (func $f (export "f") (call_indirect (type $v) (i32.const 0)))',
    ],
    [
      'a call by reference',
      '(type $v (func)) (elem declare func $f) (func $f (export "f") (type $v) (call_ref $v (ref.func $f)))',
    ],
    ['in a try block', '(func $f (export "f") (block $c (try_table (catch_all $c) (call $f))))'],
    ['with large frames', `(func $f (export "f") (local ${'v128 '.repeat(500)}) (call $f))`],
    [
      'with many parameters',
      `(func $f (export "f") (call $g ${'(i32.const 1)'.repeat(500)})) (func $g (param ${'i32 '.repeat(500)}) (call $f))`,
    ],
    [
      'a thousand functions in a ring',
      Array.from(
        { length: 1000 },
        (_, i) => `(func $f${i} ${i === 0 ? '(export "f")' : ''} (call $f${(i + 1) % 1000}))`,
      ).join(''),
    ],
    [
      'a chain of four thousand functions',
      `(func (export "f") (call $f0)) ${Array.from({ length: 4_000 }, (_, i) => `(func $f${i} (call $f${i + 1}))`).join('')} (func $f4000)`,
    ],
  ])('%s', (_, body) => {
    expect(ended(`(module ${body})`, { depth })).toBe(2)
  })

  it('a function with a very large frame, called once', () => {
    expect(
      ended(
        `(module (func (export "f") (local ${'v128 '.repeat(49_000)}) (local.set 7 (v128.const i32x4 1 2 3 4))))`,
        { depth: 1_000 },
      ),
    ).toBe(2)
  })
})

describe('what takes memory is ended by its cap', () => {
  it.each([
    [
      'a list of objects that the engine keeps',
      '(type $n (struct (field (ref null $n)))) (func (export "f") (local $x (ref null $n)) (loop $l (local.set $x (struct.new $n (local.get $x))) (br $l)))',
    ],
    [
      'an array',
      '(type $a (array (mut i64))) (func (export "f") (drop (array.new_default $a (i32.const 100000000))))',
    ],
    ['memories of 64 bits', '(memory i64 1) (func (export "f") (drop (memory.grow (i64.const 200))))'],
    [
      'the second memory',
      '(memory 1) (memory $m 1) (func (export "f") (drop (memory.grow $m (i32.const 200))))',
    ],
  ])('%s', (_, body) => {
    expect(ended(`(module ${body})`, { pages: 100n })).toBe(3)
  })

  it('and what no memory has is refused by the memory itself', () => {
    expect(
      ended('(module (memory i64 1) (func (export "f") (result i64) (memory.grow (i64.const -1))))', {}),
    ).toBe(-1n)
  })
})
