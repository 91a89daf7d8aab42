import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assemble } from '@theater/guests/wat'
import { beforeAll, describe, expect, it } from 'vitest'
import { meter } from '../../src/index.ts'
import { jcoVersion } from '../../src/version.ts'

const realloc = `(global $next (mut i32) (i32.const 1024))
  (func (export "realloc") (param $old i32) (param $from i32) (param $align i32) (param $to i32) (result i32) (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $to)))
    (local.get $at))
  (func (export "done") (param i32) (global.set $next (i32.const 1024)))`

/** One component that changes each byte of a string, and one that gives it a string twice: jco copies it between their memories. */
const composed = `(component
  (component $changer
    (core module $m (memory (export "memory") 1) ${realloc}
      (func (export "change") (param $s i32) (param $n i32) (result i32) (local $i i32)
        (i32.store (i32.const 16) (local.get $s))
        (i32.store (i32.const 20) (local.get $n))
        (block $out
          (loop $l
            (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
            (i32.store8 (i32.add (local.get $s) (local.get $i))
              (i32.xor (i32.load8_u (i32.add (local.get $s) (local.get $i))) (i32.const 1)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $l)))
        (i32.const 16)))
    (core instance $i (instantiate $m))
    (func (export "change") (param "s" string) (result string)
      (canon lift (core func $i "change") (memory (core memory $i "memory")) (realloc (core func $i "realloc")) (post-return (core func $i "done")))))
  (component $caller
    (import "change" (func $change (param "s" string) (result string)))
    (core module $libc (memory (export "memory") 1) ${realloc})
    (core instance $libc (instantiate $libc))
    (core func $change (canon lower (func $change) (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $m
      (import "env" "memory" (memory 1)) (import "env" "change" (func $change (param i32 i32 i32)))
      (func (export "run") (param $s i32) (param $n i32) (result i32)
        (call $change (local.get $s) (local.get $n) (i32.const 32))
        (call $change (i32.load (i32.const 32)) (i32.load (i32.const 36)) (i32.const 16))
        (i32.const 16)))
    (core instance $env (export "memory" (memory $libc "memory")) (export "change" (func $change)))
    (core instance $i (instantiate $m (with "env" (instance $env))))
    (func (export "run") (param "s" string) (result string)
      (canon lift (core func $i "run") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")) (post-return (core func $libc "done")))))
  (instance $a (instantiate $changer))
  (instance $b (instantiate $caller (with "change" (func $a "change"))))
  (export "run" (func $b "run")))`

interface Ran {
  readonly meter: unknown
  /** What instantiation used; then of each call the beginning of its answer, its length, and what it used. */
  readonly lines: readonly [number, ...(readonly [string, number, number])[]]
}

describe('components that jco connects with adapters that copy strings', () => {
  let bytes: Uint8Array
  let expected: readonly Ran[]
  const run = (...flags: string[]): readonly Ran[] => {
    const child = fileURLToPath(new URL('composed-run.ts', import.meta.url))
    const output = execFileSync(process.execPath, ['--conditions=theater-source', ...flags, child], {
      input: bytes,
      encoding: 'utf8',
    })
    return JSON.parse(output) as readonly Ran[]
  }
  beforeAll(async () => {
    bytes = await assemble(composed)
    expected = run()
  })

  it('are metered with them, by rules that jco is part of, with JSPI and without', () => {
    const [sync, jspi] = expected
    expect(jspi).toEqual(sync)
    expect(sync?.meter).toEqual({ name: meter.name, version: `${meter.version}+jco-${jcoVersion}` })
    const [, ...calls] = sync?.lines ?? []
    expect(calls.map(([answer, length]) => [answer, length])).toEqual([
      ['', 0],
      ['one', 3],
      ['größer', 6],
      ['x'.repeat(20), 1_000],
      ['y'.repeat(20), 2_000],
      ['z'.repeat(20), 3_000],
    ])
    // What a byte costs: 19 instructions in `$change`, and two copies, there and back; all of it twice.
    const [, , , one = 0, two = 0, three = 0] = calls.map(([, , fuel]) => fuel)
    expect(three - two).toBe(two - one)
    expect(two - one).toBe(2 * (19 + 2) * 1_000)
  })

  it.each([[[]], [['--liftoff-only']], [['--no-liftoff']], [['--stack-size=400']]])(
    'use the same fuel in another process: %j',
    (flags) => {
      expect(run(...flags)).toEqual(expected)
    },
  )
})
