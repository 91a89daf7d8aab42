import { describe, expect, it } from 'vitest'
import { assemble, metered } from './harness.ts'

/** Not canonical, and what arithmetic would hand on. */
const odd32 = 'nan:0x200123'
const odd64 = 'nan:0x4000000000123'

/** Stores what an expression gives, of either width or a vector, and answers its bytes as hexadecimal numbers of 32 bits. */
function bits(store: string, expression: string, nan: 'canonical' | 'native' = 'canonical'): string {
  const bytes = assemble(`(module (memory (export "m") 1)
    (func (export "run") (param $a f32) (param $b f64) (local $i i32)
      (${store} (i32.const 0) ${expression})))`)
  const { run, exports } = metered(bytes, {}, {}, { nan })
  run('run', 1, 1)
  const view = new DataView((exports['m'] as WebAssembly.Memory).buffer)
  return [0, 4, 8, 12].map((at) => view.getUint32(at, true).toString(16)).join(' ')
}

const one = '(local.get $a)'
const two = '(local.get $b)'
const f32 = `(f32.add (f32.const ${odd32}) ${one})`
const splat32 = '(f32x4.splat (f32.const nan:0x200123))'
const splat64 = `(f64x2.splat (f64.const ${odd64}))`

describe('a NaN that an instruction makes is canonical', () => {
  it.each([
    ['f32.add', f32],
    ['f32.sub', `(f32.sub ${one} (f32.const ${odd32}))`],
    ['f32.mul', `(f32.mul ${one} (f32.const ${odd32}))`],
    ['f32.div', `(f32.div (f32.const 0) (f32.sub ${one} ${one}))`],
    ['f32.min', `(f32.min ${one} (f32.const ${odd32}))`],
    ['f32.max', `(f32.max ${one} (f32.const ${odd32}))`],
    ['f32.sqrt', `(f32.sqrt (f32.neg ${one}))`],
    ['f32.ceil', `(f32.ceil (f32.mul ${one} (f32.const ${odd32})))`],
    ['f32.nearest', `(f32.nearest (f32.const ${odd32}))`],
    ['f32.demote', `(f32.demote_f64 (f64.const ${odd64}))`],
  ])('%s', (_, expression) => {
    expect(bits('f32.store', expression)).toBe('7fc00000 0 0 0')
  })

  it.each([
    ['f64.add', `(f64.add (f64.const ${odd64}) ${two})`],
    ['f64.div', `(f64.div (f64.const 0) (f64.sub ${two} ${two}))`],
    ['f64.sqrt', `(f64.sqrt (f64.neg ${two}))`],
    ['f64.trunc', `(f64.trunc (f64.const ${odd64}))`],
    ['f64.promote', `(f64.promote_f32 (f32.const ${odd32}))`],
    [
      'of operands that were not made so',
      `(f64.add (f64.mul (f64.const ${odd64}) ${two}) (f64.sub ${two} ${two}))`,
    ],
  ])('%s', (_, expression) => {
    expect(bits('f64.store', expression)).toBe('0 7ff80000 0 0')
  })

  it.each([
    ['f32x4.add', `(f32x4.add ${splat32} (f32x4.splat ${one}))`],
    ['f32x4.max', `(f32x4.max (f32x4.splat ${one}) ${splat32})`],
    ['f32x4.sqrt', `(f32x4.sqrt (f32x4.splat (f32.neg ${one})))`],
  ])('%s', (_, expression) => {
    expect(bits('v128.store', expression)).toBe('7fc00000 7fc00000 7fc00000 7fc00000')
  })

  it.each([
    ['f64x2.mul', `(f64x2.mul ${splat64} (f64x2.splat ${two}))`],
    ['f64x2.floor', `(f64x2.floor ${splat64})`],
    ['f64x2.promote_low', `(f64x2.promote_low_f32x4 ${splat32})`],
  ])('%s', (_, expression) => {
    expect(bits('v128.store', expression)).toBe('0 7ff80000 0 7ff80000')
  })

  it('also where the lanes are read as others', () => {
    expect(
      bits(
        'v128.store',
        `(f32x4.add (f64x2.mul ${splat64} (f64x2.splat ${two})) (f32x4.splat (f32.const 0)))`,
      ),
    ).toBe('0 7fc00000 0 7fc00000')
  })

  it('also where one arm takes it as a number and another as bits', () => {
    const expression = `(f32.mul ${one} (f32.const ${odd32}))
      (if (param f32) (result i32) (local.get $i)
        (then (drop (f32.add (f32.const 1))) (i32.const 0))
        (else (i32.reinterpret_f32)))`
    expect(bits('i32.store', expression)).toBe('7fc00000 0 0 0')
  })

  it('also where a branch takes it along', () => {
    const expression = `(i32.reinterpret_f32
      (block $out (result f32)
        (f32.add (br_if $out (f32.mul ${one} (f32.const ${odd32})) (i32.const 1)) ${one})))`
    expect(bits('i32.store', expression)).toBe('7fc00000 0 0 0')
  })
})

describe('bits are kept', () => {
  it.each([
    ['constants', `(f64.const ${odd64})`, '123 7ff40000 0 0'],
    ['neg', `(f64.neg (f64.const ${odd64}))`, '123 fff40000 0 0'],
    ['copysign', `(f64.copysign (f64.const ${odd64}) (f64.neg ${two}))`, '123 fff40000 0 0'],
    ['select', `(select (f64.const ${odd64}) ${two} (i32.const 1))`, '123 7ff40000 0 0'],
    ['reinterpret', `(f64.reinterpret_i64 (i64.reinterpret_f64 (f64.const ${odd64})))`, '123 7ff40000 0 0'],
  ])('by %s', (_, expression, expected) => {
    expect(bits('f64.store', expression)).toBe(expected)
  })

  it("by everything where the machine's own are asked for", () => {
    expect(bits('f32.store', f32, 'native')).not.toBe('7fc00000 0 0 0')
  })
})
