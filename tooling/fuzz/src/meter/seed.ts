/**
 * What binaryen is given to begin with, beside random bytes: functions that do on purpose what random ones hardly ever
 * get to. It changes them too, mixes their parts with its own, and calls them from what it makes.
 */
import type { Random } from '../random.ts'

interface Piece {
  /** The feature of the engine that it needs. */
  readonly needs?: string
  readonly text: string
}

const pieces: readonly Piece[] = [
  {
    text: `(func $down (param $n i32) (result i32)
      (if (result i32) (i32.eqz (local.tee $n (i32.and (local.get $n) (i32.const 7)))) (then (i32.const 1))
        (else (i32.add (call $down (i32.sub (local.get $n) (i32.const 1))) (local.get $n)))))
    (func (export "down") (param $n i32) (result i32) (call $down (local.get $n)))`,
  },
  {
    text: `(func $even (param $n i32) (param $s i64) (result i64) (local $t i64)
      (local.set $t (i64.add (local.get $s) (i64.const 3)))
      (if (i32.le_s (local.get $n) (i32.const 0)) (then (return (local.get $t))))
      (i64.xor (call $odd (i32.sub (local.get $n) (i32.const 1)) (local.get $t)) (i64.const 5)))
    (func $odd (param $n i32) (param $s i64) (result i64) (local $a i32) (local $b f64) (local $c i32)
      (local.set $a (i32.const 1)) (local.set $c (i32.sub (local.get $n) (local.get $a)))
      (if (i32.le_s (local.get $n) (i32.const 0)) (then (return (local.get $s))))
      (i64.mul (call $even (local.get $c) (local.get $s)) (i64.const 7)))
    (func (export "mutual") (param $n i32) (result i64)
      (call $even (i32.and (local.get $n) (i32.const 15)) (i64.const 1)))`,
  },
  {
    text: `(func $deep (export "deep") (param $n i32) (result i32)
      (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 0))
        (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))))`,
  },
  {
    text: `(func $grow (param $n i32) (result i32)
      (if (result i32) (i32.gt_u (memory.size) (i32.const 40)) (then (i32.const -2))
        (else (memory.grow (i32.and (local.get $n) (i32.const 3))))))
    (func (export "grow") (param $n i32) (result i32) (i32.add (call $grow (local.get $n)) (memory.size)))`,
  },
  {
    text: `(func (export "grow too far") (param $n i32) (result i32) (memory.grow (i32.const 65)))`,
  },
  {
    text: `(func (export "grow table") (param $n i32) (result i32)
      (table.grow $t (ref.null func) (i32.and (local.get $n) (i32.const 3))))`,
  },
  {
    text: `(type $unary (func (param i32) (result i32)))
    (func $one (type $unary) (i32.add (local.get 0) (i32.const 1)))
    (func $two (type $unary) (i32.mul (local.get 0) (i32.const 3)))
    (elem (table $t) (i32.const 0) func $one $two)
    (func $dispatch (param $i i32) (param $x i32) (result i32)
      (call_indirect $t (type $unary) (local.get $x) (i32.and (local.get $i) (i32.const 1))))
    (func (export "dispatch") (param $i i32) (result i32) (local $n i32)
      (loop $l
        (local.set $i (call $dispatch (local.get $n) (local.get $i)))
        (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 5))))
      (local.get $i))`,
  },
  {
    text: `(func $sum (param $n i32) (result i32) (local $s i32) (local $i i32)
      (block $out
        (loop $l
          (br_if $out (i32.ge_u (local.get $i) (i32.and (local.get $n) (i32.const 15))))
          (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $i))))
          (i32.store8 (local.get $i) (local.get $s))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $l)))
      (local.get $s))
    (func (export "sum") (param $n i32) (result i32) (call $sum (local.get $n)))`,
  },
  {
    text: `(func $interpret (param $n i32) (result i32) (local $s i32)
      (loop $outer
        (loop $next
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (if (i32.lt_s (local.get $n) (i32.const 0)) (then (return (local.get $s))))
          (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) (local.get $n)))
          (block $c
            (block $b
              (block $a (br_table $a $b $next $c $next $b $a (i32.and (local.get $s) (i32.const 7))))
              (br $next))
            (br_if $next (i32.and (local.get $s) (i32.const 8)))
            (local.set $s (i32.add (local.get $s) (i32.const 1)))
            (br $next))
          (br_if $outer (i32.and (local.get $s) (i32.const 16)))
          (br $next)))
      (unreachable))
    (func (export "interpret") (param $n i32) (result i32)
      (call $interpret (i32.and (local.get $n) (i32.const 31))))`,
  },
  {
    text: `(func $divide (param $a i32) (param $b i32) (result i32) (i32.div_s (local.get $a) (local.get $b)))
    (func (export "divide") (param $a i32) (result i32)
      (call $divide (i32.const 100) (i32.rem_s (local.get $a) (i32.const 3))))`,
  },
  {
    needs: 'tail-call',
    text: `(func $count (param $n i32) (param $s i32) (result i32)
      (if (i32.eqz (local.get $n)) (then (return (local.get $s))))
      (return_call $count (i32.sub (local.get $n) (i32.const 1)) (i32.add (local.get $s) (i32.const 2))))
    (func (export "count") (param $n i32) (result i32) (call $count (i32.and (local.get $n) (i32.const 15)) (i32.const 0)))`,
  },
  {
    needs: 'exception-handling',
    text: `(tag $thrown (param i32))
    (func $thrower (param $n i32) (result i32)
      (if (i32.and (local.get $n) (i32.const 1)) (then (throw $thrown (local.get $n))))
      (local.get $n))
    (func $through (param $n i32) (result i32) (i32.add (call $thrower (local.get $n)) (i32.const 1)))
    (func (export "catches") (param $n i32) (result i32) (local $i i32) (local $s i32)
      (loop $l
        (local.set $s (i32.add (local.get $s)
          (block $c (result i32)
            (try_table (result i32) (catch $thrown $c) (call $through (i32.add (local.get $n) (local.get $i)))))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
      (local.get $s))
    (func (export "throws") (param $n i32) (result i32) (call $through (i32.or (local.get $n) (i32.const 1))))`,
  },
  {
    needs: 'multivalue',
    text: `(func $pair (param $n i32) (result i32 i64) (local.get $n) (i64.extend_i32_s (local.get $n)))
    (func (export "pair") (param $n i32) (result i64) (local $i i32)
      (call $pair (local.get $n)) (drop) (local.set $i) (call $pair (local.get $i)) (local.set $n (i32.const 0)) (i64.add (i64.const 1)) (return))`,
  },
]

/** The text of a module with some of the pieces. `without` are the features that there are not. */
export function seed(random: Random, without: readonly string[]): string {
  const chosen = pieces.filter(
    ({ needs }) => random.chance(0.3) && (needs === undefined || !without.includes(needs)),
  )
  return `(module (memory 1 64) (table $t 4 20 funcref)\n${chosen.map(({ text }) => text).join('\n')})`
}
