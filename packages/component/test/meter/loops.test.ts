import { describe, expect, it } from 'vitest'
import { meterModule } from '../../src/index.ts'
import { assemble, metered } from './harness.ts'

/** What is interpreted, one byte an instruction; each comes back to the loop in another way. */
const program = [0, 0, 4, 1, 0, 1, 2, 0, 2, 5, 1, 0, 2, 3]

/** An interpreter: seven branches back to its loop, by `br`, `br_if`, and `br_table` in the middle and as what is left. */
const interpreter = assemble(`(module (memory 1) (global $turns (export "turns") (mut i32) (i32.const 0))
  (data (i32.const 0) "${program.map((op) => `\\0${op}`).join('')}")
  (func (export "run") (result i32) (local $pc i32) (local $op i32) (local $acc i32)
    (loop $next
      (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (local.set $op (i32.load8_u (local.get $pc)))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (block $halt
        (block $c
          (block $b
            (block $a
              (br_table $a $b $c $halt $next $next (local.get $op)))
            (local.set $acc (i32.add (local.get $acc) (i32.const 1)))
            (br $next))
          (br_if $next (i32.and (local.get $acc) (i32.const 1)))
          (local.set $acc (i32.mul (local.get $acc) (i32.const 2)))
          (br $next))
        (br_if $next (i32.eqz (local.get $acc)))
        (local.set $acc (i32.sub (local.get $acc) (i32.const 1)))
        (br_if $next (i32.and (local.get $acc) (i32.const 1)))
        (br_table $halt $next (i32.const 1))))
    (local.get $acc)))`)

interface Ended {
  readonly answer: number | undefined
  readonly turns: number
  readonly used: bigint
}

/** The same by the letter: a turn is paid for at its start, and begins only if that is there. */
function interpret(fuel: bigint): Ended {
  let acc = 0
  // What stands behind the loop is paid for with what stands before it.
  let used = 1n
  if (used > fuel) return { answer: undefined, turns: 0, used }
  for (let pc = 0, turns = 0; ; pc++, turns++) {
    used += 4n + 3n + 4n + 3n
    if (used > fuel) return { answer: undefined, turns, used }
    const op = program[pc]
    if (op === 3) return { answer: acc, turns: turns + 1, used }
    if (op === 0) {
      acc++
      used += 5n
    } else if (op === 1) {
      used += 4n
      if (acc & 1) continue
      acc *= 2
      used += 5n
    } else if (op === 2) {
      used += 3n
      if (acc === 0) continue
      acc--
      used += 8n
      if ((acc & 1) === 0) used += 3n
    }
  }
}

/** What a call answers; nothing if the guest is ended. */
function ended(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return undefined
    throw error
  }
}

describe('a loop to which many places branch back', () => {
  it('ends for every fuel at the start of the same turn as if that was looked at there', () => {
    const { run, meter, exports } = metered(interpreter)
    const turns = exports['turns'] as WebAssembly.Global<'i32'>
    const all = interpret(1_000_000n)
    expect(all.turns).toBe(program.length)
    for (let fuel = 0n; fuel <= all.used + 2n; fuel++) {
      meter.imports.fuel.value = fuel
      meter.imports.why.value = 0
      turns.value = 0
      const answer = ended(() => run('run'))
      const used = fuel - (meter.imports.fuel.value as bigint)
      expect({ answer, turns: turns.value, used }).toEqual(interpret(fuel))
      expect(meter.why).toBe(answer === undefined ? 1 : 0)
    }
  })

  it('has nothing of the meter at its head', () => {
    const head = '0340' + '23' // loop, global.get
    expect(Buffer.from(interpreter).toString('hex')).toContain(head)
    const made = Buffer.from(meterModule(interpreter, { nan: 'canonical' })).toString('hex')
    expect(made).toContain(head + '05') // the global behind those of the meter
  })

  it('may be one of two that a branch knows, have values, and be in a handler', () => {
    const { run, meter } = metered(
      assemble(`(module (tag $t) (func $throws (param $n i32) (if (local.get $n) (then (throw $t))))
        (func (export "two") (param $n i32) (result i32) (local $s i32)
          (loop $outer
            (local.set $s (i32.add (local.get $s) (i32.const 100)))
            (br_if $outer (i32.lt_u (local.get $s) (i32.const 200)))
            (loop $inner
              (local.set $s (i32.add (local.get $s) (i32.const 1)))
              (local.set $n (i32.sub (local.get $n) (i32.const 1)))
              (br_if $inner (i32.eq (local.get $n) (i32.const 9)))
              (br_if $inner (i32.eq (local.get $n) (i32.const 8)))
              (br_if $outer (i32.eq (local.get $n) (i32.const 7)))
              (if (i32.eq (local.get $n) (i32.const 10)) (then (br $outer)))
              (if (i32.eq (local.get $n) (i32.const 6)) (then (br $outer)))
              (if (i32.eq (local.get $n) (i32.const 5)) (then (br $inner)))
              (if (i32.eq (local.get $n) (i32.const 4)) (then (br $inner)))
              (block $out (br_table $out $inner $outer $inner (local.get $n)))))
          (local.get $s))
        (func (export "values") (param $n i32) (result i32)
          (i32.const 0)
          (loop $l (param i32) (result i32)
            (i32.add (i32.const 3))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (if (param i32) (result i32) (i32.eq (local.get $n) (i32.const 4)) (then (br $l)))
            (if (param i32) (result i32) (i32.eq (local.get $n) (i32.const 3)) (then (br $l)))
            (if (param i32) (result i32) (i32.eq (local.get $n) (i32.const 2)) (then (br $l)))
            (if (param i32) (result i32) (i32.eq (local.get $n) (i32.const 1)) (then (br $l)))))
        (func (export "caught") (param $n i32) (result i32) (local $s i32)
          (loop $l
            (local.set $s (i32.add (local.get $s) (i32.const 1)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (if (i32.eq (local.get $n) (i32.const 4)) (then (br $l)))
            (if (i32.eq (local.get $n) (i32.const 3)) (then (br $l)))
            (if (i32.eq (local.get $n) (i32.const 2)) (then (br $l)))
            (if (i32.eq (local.get $n) (i32.const 1)) (then (br $l)))
            (if (i32.gt_s (local.get $n) (i32.const 4))
              (then (try_table (catch_all $l) (call $throws (local.get $n))))))
          (local.get $s)))`),
    )
    // As the reference counts them (`tooling/fuzz`).
    const used = (name: string, n: number): unknown[] => {
      const before = meter.used
      return [run(name, n), meter.used - before]
    }
    expect(used('two', 12)).toEqual([612, 416n])
    expect(used('values', 5)).toEqual([15, 145n])
    expect(used('caught', 7)).toEqual([7, 2_223n])
  })
})
