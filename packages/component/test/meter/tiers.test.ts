import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { meterModule } from '../../src/index.ts'
import { assemble } from './harness.ts'

/** A bit of everything, long enough for each tier, and two that are ended. */
const programs: Readonly<Record<string, string>> = {
  recursion: `(func $fib (param $n i32) (result i32)
      (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
        (then (local.get $n))
        (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
    (func (export "f") (result i32) (call $fib (i32.const 20)))`,
  floats: `(func (export "f") (result i32) (local $i i32) (local $x f64) (local $y f32)
      (local.set $x (f64.const nan:0x123))
      (loop $l
        (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.add (local.get $x) (f64.convert_i32_s (local.get $i))))
        (local.set $x (f64.div (f64.sqrt (f64.neg (f64.convert_i32_u (local.get $i)))) (f64.const 0)))
        (f32.store offset=40000 (i32.shl (local.get $i) (i32.const 2)) (f32.demote_f64 (local.get $x)))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4000))))
      (local.get $i))`,
  exceptions: `(tag $t (param i32))
    (func $down (param $n i32) (if (local.get $n) (then (call $down (i32.sub (local.get $n) (i32.const 1)))) (else (throw $t (i32.const 3)))))
    (func (export "f") (result i32) (local $i i32) (local $s i32)
      (loop $l
        (local.set $s (i32.add (local.get $s)
          (block $c (result i32) (try_table (catch $t $c) (call $down (i32.const 20))) (i32.const 0))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))
      (local.get $s))`,
  bulk: `(func (export "f") (result i32) (local $i i32)
      (loop $l
        (memory.fill (local.get $i) (local.get $i) (i32.const 300))
        (memory.copy (i32.const 1000) (local.get $i) (local.get $i))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500))))
      (memory.grow (i32.const 2)))`,
  indirect: `(type $v (func (param i32) (result i32))) (table funcref (elem $a $b))
    (func $a (type $v) (i32.add (local.get 0) (i32.const 1)))
    (func $b (type $v) (i32.mul (local.get 0) (i32.const 3)))
    (func (export "f") (result i32) (local $i i32) (local $x i32)
      (loop $l
        (local.set $x (call_indirect (type $v) (local.get $x) (i32.and (local.get $x) (i32.const 1))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000))))
      (local.get $x))`,
  endless: `(func $f (export "f") (result i32) (local $i i32)
      (loop $l (i32.store (i32.const 0) (local.tee $i (i32.add (local.get $i) (i32.const 1)))) (br $l)) (i32.const 0))`,
  'too deep': `(func $f (export "f") (result i32)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (i32.add (call $f) (i32.const 1)))`,
}

/** Runs in a process of its own: what each module does, three times, in fresh instances, without JSPI and with it. */
const child = `
const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const global = (value, initial) => new WebAssembly.Global({ value, mutable: true }, initial)
const out = []
for (const [name, text] of Object.entries(JSON.parse(Buffer.concat(chunks)))) {
  const module = new WebAssembly.Module(Buffer.from(text, 'base64'))
  for (const mode of ['plain', 'plain', 'jspi']) {
    const meter = { fuel: global('i64', 5000000n), depth: global('i32', 5000), pages: global('i64', 50n), elements: global('i64', 50n), why: global('i32', 0) }
    const { exports } = new WebAssembly.Instance(module, { 'theater:meter': meter })
    let result
    try {
      result = String(await (mode === 'jspi' ? WebAssembly.promising(exports.f) : exports.f)())
    } catch (error) {
      result = error.constructor.name
    }
    let sum = 0
    for (const byte of new Uint8Array(exports.m.buffer)) sum = (Math.imul(sum, 31) + byte) | 0
    out.push([name, result, String(meter.fuel.value), meter.why.value, meter.pages.value.toString(), sum].join(' '))
  }
}
process.stdout.write(JSON.stringify(out))`

function run(flags: readonly string[]): string[] {
  const modules = Object.fromEntries(
    Object.entries(programs).map(([name, body]) => {
      const bytes = assemble(`(module (memory (export "m") 2) ${body})`)
      return [name, Buffer.from(meterModule(bytes, { nan: 'canonical' })).toString('base64')]
    }),
  )
  const printed = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', child], {
    input: JSON.stringify(modules),
    encoding: 'utf8',
  })
  return JSON.parse(printed) as string[]
}

describe('results, fuel, memory and why are the same', () => {
  const expected = run([])

  it('in every instance of a process, with JSPI and without', () => {
    const names = Object.keys(programs)
    expect(expected).toHaveLength(names.length * 3)
    for (const [i, line] of expected.entries()) expect(line).toBe(expected[i - (i % 3)])
    expect(expected.map((line) => line.split(' ').at(-3)).filter((why) => why !== '0')).toEqual([
      '1',
      '1',
      '1',
      '2',
      '2',
      '2',
    ])
  })

  it.each([
    ['in another process', []],
    ['without the optimising compiler', ['--liftoff-only']],
    ['with nothing but it', ['--no-liftoff']],
    ['with functions compiled when they are first called', ['--wasm-lazy-compilation']],
    ['on a stack a third of the size', ['--stack-size=400']],
  ])('%s', (_, flags) => {
    expect(run(flags)).toEqual(expected)
  })
})
