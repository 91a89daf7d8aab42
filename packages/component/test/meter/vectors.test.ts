import { describe, expect, it } from 'vitest'
import { meter, meterModule } from '../../src/index.ts'
import { assemble, metered } from './harness.ts'

/** What each of these costs, with what gives its operands: one a line, so that a change of the table shows. */
const costs: readonly (readonly [body: string, units: number])[] = [
  ['(nop)', 0],
  ['(drop (i32.const 1))', 1],
  ['(drop (i32.add (i32.const 1) (i32.const 2)))', 3],
  ['(drop (i32.div_u (i32.const 1) (i32.const 2)))', 10],
  ['(drop (i64.rem_s (i64.const 1) (i64.const 2)))', 18],
  ['(drop (f32.sqrt (f32.const 2)))', 5],
  ['(drop (f32.div (f32.const 2) (f32.const 3)))', 6],
  ['(drop (f64.sqrt (f64.const 2)))', 9],
  ['(drop (f64.div (f64.const 2) (f64.const 3)))', 10],
  ['(drop (select (i32.const 1) (i32.const 2) (i32.const 3)))', 4],
  ['(local.set $i (i32.const 1))', 2],
  ['(global.set $g (global.get $g))', 2],
  ['(drop (i32.load (i32.const 0)))', 2],
  ['(i32.store (i32.const 0) (i32.const 1))', 3],
  ['(drop (memory.size))', 1],
  ['(drop (memory.grow (i32.const 0)))', 513],
  ['(drop (memory.grow (i32.const 1)))', 513 + 8192],
  ['(memory.fill (i32.const 0) (i32.const 0) (i32.const 7))', 11],
  ['(memory.fill (i32.const 0) (i32.const 0) (i32.const 8))', 12],
  ['(memory.copy (i32.const 0) (i32.const 0) (i32.const 80))', 21],
  ['(memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))', 13],
  ['(data.drop $d)', 1],
  ['(drop (table.get $t (i32.const 0)))', 3],
  ['(table.set $t (i32.const 0) (ref.null func))', 10],
  ['(drop (table.size $t))', 1],
  ['(drop (table.grow $t (ref.null func) (i32.const 3)))', 130 + 24],
  ['(table.fill $t (i32.const 0) (ref.null func) (i32.const 2))', 11 + 16],
  ['(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))', 11 + 8],
  ['(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))', 11 + 8],
  ['(elem.drop $e)', 1],
  ['(drop (ref.func $nothing))', 4],
  ['(drop (ref.is_null (ref.null func)))', 2],
  ['(call $nothing)', 4],
  ['(drop (call $values (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)))', 8 + 1],
  [
    '(drop (call $many (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7)))',
    7 + 5 + 1,
  ],
  ['(call_indirect (type $v) (i32.const 1))', 1 + 8],
  ['(call $locals)', 4 + 2],
  ['(block (br 0))', 1],
  ['(block (br_if 0 (i32.const 1)))', 2],
  ['(block (br_table 0 0 (i32.const 1)))', 3],
  ['(if (i32.const 1) (then (nop)) (else (drop (i32.const 1))))', 2],
  ['(if (i32.const 0) (then (nop)) (else (drop (i32.const 1))))', 3],
  ['(return)', 1],
  ['(block $c (try_table (catch_all $c) (throw $x)))', 1024],
  [
    '(block $c (drop (block $p (result i32) (try_table (catch $y $p) (throw $y (i32.const 1))) (unreachable))))',
    1026,
  ],
  ['(drop (v128.const i64x2 1 2))', 1],
  [
    '(drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i64x2 1 2) (v128.const i64x2 1 2)))',
    4,
  ],
  ['(drop (f64x2.div (v128.const i64x2 1 2) (v128.const i64x2 1 2)))', 18],
  ['(drop (i64x2.mul (v128.const i64x2 1 2) (v128.const i64x2 1 2)))', 6],
  ['(drop (struct.new $s (i64.const 1) (i64.const 2)))', 2 + 8 + 4],
  ['(drop (array.new_default $a (i32.const 10)))', 1 + 8 + 10],
  ['(drop (array.new_fixed $a 2 (i64.const 1) (i64.const 2)))', 2 + 8 + 4],
  ['(drop (ref.i31 (i32.const 1)))', 2],
]

function program(body: string): Uint8Array {
  return assemble(`(module (memory 1 10) (table $t 2 20 funcref) (elem (table $t) (i32.const 1) func $nothing)
    (type $v (func)) (type $s (struct (field i64) (field i64))) (type $a (array (mut i64)))
    (tag $x) (tag $y (param i32)) (global $g (mut i32) (i32.const 0))
    (data $d "0123456789abcdef") (elem $e func $nothing)
    (func $nothing (type $v))
    (func $values (param i32 i32 i32 i32) (result i32) (local.get 0))
    (func $many (param i64 i64 i64 i64 i64 i64 i64) (result i64) (local.get 0))
    (func $locals (local i32 i32 i32 i32 i32 i32 i32 i32 i32))
    (func (export "f") (local $i i32) ${body}))`)
}

describe('the cost of', () => {
  it.each(costs)('%s is %i', (body, units) => {
    const { run, meter: used } = metered(program(body))
    run('f')
    expect(used.used).toBe(BigInt(units))
  })
})

describe('the encoding of version 3', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

  it('of a loop that adds up, and of a function that only it calls', () => {
    expect(meter).toEqual({ name: 'theater', version: 3 })
    // (func $sum (param i32) (result i32) (local i32) …) (func (export "sum") … (call $sum …))
    const bytes = Uint8Array.from(
      Buffer.from(
        '0061736d0100000001060160017f017f03030200000707010373756d00010a1e021401017f0340200020016a210120000d000b20010b0700200010000f0b',
        'hex',
      ),
    )
    expect(WebAssembly.validate(bytes)).toBe(true)
    expect(hex(meterModule(bytes, { nan: 'canonical' }))).toBe(
      '0061736d01000000018d808080000260017f017f60027f7e027f7e02f480808000050d746865617465723a6d65746572046675656c037e010d746865617465723a6d65746572056465707468037f010d746865617465723a6d65746572057061676573037e010d746865617465723a6d6574657208656c656d656e7473037e010d746865617465723a6d6574657203776879037f01038380808000020100078780808000010373756d000100a880808000196d657461646174612e636f64652e6272616e63685f68696e7402000208010025010001010601000afd8080800002cc8080800001017f20014201530440200142017d240041012404000b200142017d2101034020014206530440200142067d240041012404000b200142067d2101200020026a210220000d000b200220010ba6808080000023004206530440230042067d240041012404000b230042067d240020002300100024000f0b' +
        // What it says of its state: no code that drops or writes tables, no memories, globals, tables.
        '0092808080000d746865617465723a737461746500000000',
    )
  })
})
