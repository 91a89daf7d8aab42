import { describe, expect, it } from 'vitest'
import { assemble, metered } from './harness.ts'

/** What is given to a function that only this module's own calls reach, and what it answers. */
describe('a function that only direct calls reach', () => {
  it('keeps its locals, wherever they are, of whatever type', () => {
    const { run, meter } = metered(
      assemble(`(module
        (func $none (param $a i32) (result i32) (local.get $a))
        (func $one (param $a i32) (result i64) (local $x i64)
          (local.set $x (i64.add (local.get $x) (i64.extend_i32_u (local.get $a)))) (local.get $x))
        (func $many (param $a i32) (result f64) (local $x f64) (local $y v128) (local $z i32) (local i32 i32)
          (local.set $y (f64x2.splat (f64.const 2)))
          (local.set $x (f64.add (local.get $x) (f64x2.extract_lane 1 (local.get $y))))
          (local.set $z (i32.add (local.get $z) (local.get $a)))
          (f64.mul (local.get $x) (f64.convert_i32_s (local.get $z))))
        (func $deep (param $a i32) (result i32) (local $x i64) (local $y f32) (local $z i32)
          (if (i32.eqz (local.get $a)) (then (return (i32.const 0))))
          (local.set $y (f32.const 1.5)) (local.set $x (i64.const 2)) (local.set $z (i32.const 3))
          (i32.add
            (call $deep (i32.sub (local.get $a) (i32.const 1)))
            (i32.add (i32.add (i32.trunc_f32_s (local.get $y)) (i32.wrap_i64 (local.get $x))) (local.get $z))))
        (func (export "f") (param $a i32) (result f64)
          (f64.add
            (f64.add (call $many (local.get $a)) (f64.convert_i64_s (call $one (local.get $a))))
            (f64.convert_i32_s (i32.add (call $none (local.get $a)) (call $deep (local.get $a)))))))`),
    )
    expect(run('f', 5)).toBe(10 + 5 + 5 + 30)
    // As the reference counts them (`tooling/fuzz`).
    expect(meter.used).toBe(174n)
  })

  it('answers its own values, and leaves by branches and in the middle too', () => {
    const { run, meter } = metered(
      assemble(`(module
        (func $two (param $n i32) (result i32 i64)
          (if (i32.eq (local.get $n) (i32.const 1)) (then (return (i32.const 10) (i64.const 20))))
          (br_if 0 (i32.const 30) (i64.const 40) (i32.eq (local.get $n) (i32.const 2)))
          (drop) (drop) (i32.const 30) (i64.const 50))
        (func (export "f") (param $n i32) (result i64) (local $x i64)
          (call $two (local.get $n)) (local.set $x) (i64.extend_i32_s) (i64.mul (i64.const 100)) (i64.add (local.get $x))))`),
    )
    expect([run('f', 1), run('f', 2), run('f', 3)]).toEqual([1_020n, 3_040n, 3_050n])
    expect(meter.used).toBe(85n)
  })

  it('has the fuel and depth of its caller, across an exception too', () => {
    const seen: bigint[] = []
    const subject = metered(
      assemble(`(module (import "host" "see" (func $see)) (tag $t)
        (func $thrower (param $n i32)
          (call $see)
          (if (local.get $n) (then (call $thrower (i32.sub (local.get $n) (i32.const 1)))))
          (throw $t))
        (func $through (call $thrower (i32.const 2)) (call $see))
        (func (export "f") (call $see) (try (do (call $through)) (catch_all)) (call $see)))`),
      {},
      { host: { see: () => void seen.push(subject.meter.used) } },
    )
    subject.run('f')
    expect(seen).toEqual([4n, 17n, 30n, 43n, 1_073n])
    expect(subject.meter.used).toBe(1_073n)
    expect(subject.meter.left.depth).toBe(4_000)
  })

  it('is called in place of its caller, by its own type', () => {
    const { run } = metered(
      assemble(`(module
        (func $add (param $a i32) (result i32) (local $x i32) (local.set $x (local.get $a)) (i32.add (local.get $x) (i32.const 1)))
        (func $tail (param $a i32) (result i32) (return_call $add (local.get $a)))
        (func $inner (param $a i32) (result i32) (call $tail (local.get $a)))
        (func (export "f") (param $a i32) (result i32) (i32.add (call $inner (local.get $a)) (call $add (local.get $a)))))`),
    )
    expect(run('f', 5)).toBe(12)
  })

  it('may be referred to, and then is called by its own type', () => {
    const { run } = metered(
      assemble(`(module (type $u (func (param i32) (result i32)))
        (table $t 3 funcref) (elem (i32.const 0) func $a) (elem declare func $c)
        (global $g (mut funcref) (ref.func $b))
        (func $a (type $u) (i32.add (local.get 0) (i32.const 1)))
        (func $b (type $u) (i32.add (local.get 0) (i32.const 2)))
        (func $c (type $u) (i32.add (local.get 0) (i32.const 3)))
        (func (export "f") (param $i i32) (result i32)
          (table.set $t (i32.const 1) (global.get $g)) (table.set $t (i32.const 2) (ref.func $c))
          (i32.add (call $b (i32.const 100))
            (i32.add (call_indirect $t (type $u) (i32.const 0) (local.get $i)) (call $a (i32.const 1000))))))`),
    )
    expect([run('f', 0), run('f', 1), run('f', 2)]).toEqual([1_104, 1_105, 1_106])
  })

  it.each([998, 999, 1_000])(
    'has %i parameters, or results, of which an engine takes a thousand',
    (count) => {
      const values = Array.from({ length: count }, () => '(i32.const 1)').join(' ')
      const types = Array.from({ length: count }, () => 'i32').join(' ')
      const { run } = metered(
        assemble(`(module
        (func $takes (param ${types}) (result i32) (local i64) (local.get 5))
        (func $gives (result ${types}) ${values})
        (func (export "takes") (result i32) (call $takes ${values}))
        (func (export "gives") (result i32) (call $gives) ${'(drop) '.repeat(count - 1)}))`),
      )
      expect([run('takes'), run('gives')]).toEqual([1, 1])
    },
  )

  it('is paid for up to an `unreachable`; of another trap what is known is told', () => {
    const bytes = assemble(`(module (memory 1)
      (func $work (param $n i32) (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func $stops (call $work (i32.const 100)) (unreachable))
      (func $fails (call $work (i32.const 100)) (drop (i32.load (i32.const -1))))
      (func (export "stops") (call $stops))
      (func (export "fails") (call $fails)))`)
    const used = (name: string): bigint => {
      const { run, meter } = metered(bytes)
      expect(() => run(name)).toThrow(WebAssembly.RuntimeError)
      return meter.used
    }
    expect(used('stops')).toBe(4n + 5n + 500n)
    expect(used('fails')).toBe(4n)
  })
})
