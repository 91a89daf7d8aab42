import { describe, expect, it } from 'vitest'
import { meterModule, meterNeeds } from '../../src/index.ts'
import { assemble, metered } from './harness.ts'

const trap = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('fuel', () => {
  const loop = assemble(`(module
    (func (export "sum") (param $n i32) (result i32) (local $s i32)
      (loop $again
        (local.set $s (i32.add (local.get $s) (local.get $n)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $s))
    (func (export "forever") (loop $again (br $again))))`)

  it('counts every instruction that runs, and nothing else', () => {
    const { run, meter } = metered(loop)
    expect(run('sum', 10)).toBe(55)
    // Nine instructions each time, and the last local.get.
    expect(meter.used).toBe(10n * 9n + 1n)
  })

  it('ends a loop that would not end, always at the same place', () => {
    const { run, meter } = metered(loop, { fuel: 1_000n })
    expect(trap(() => run('forever'))).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(meter.why).toBe(1)
    expect(meter.used).toBe(1_001n)
  })

  it('lets imports see what was used, and take of it', () => {
    const seen: bigint[] = []
    const bytes = assemble(`(module
      (import "host" "see" (func $see))
      (func (export "f") (param $n i32)
        (loop $again
          (call $see)
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`)
    const see = (): void => {
      seen.push(subject.meter.used)
      subject.meter.imports.fuel.value -= 1_000n
    }
    const subject = metered(bytes, {}, { host: { see } })
    subject.run('f', 3)
    expect(seen).toEqual([9n, 1_018n, 2_027n])
    expect(subject.meter.used).toBe(3_027n)
  })

  it('charges bulk operations by their length', () => {
    const bytes = assemble(`(module (memory 2)
      (func (export "fill") (param $n i32) (memory.fill (i32.const 0) (i32.const 7) (local.get $n))))`)
    const cost = (n: number): bigint => {
      const { run, meter } = metered(bytes)
      run('fill', n)
      return meter.used
    }
    expect(cost(0)).toBe(11n)
    expect(cost(65_536) - cost(0)).toBe(8_192n)
  })
})

describe('depth', () => {
  const recursion = assemble(`(module
    (func $down (export "down") (param $n i32) (result i32)
      (if (result i32) (local.get $n)
        (then (i32.add (i32.const 1) (call $down (i32.sub (local.get $n) (i32.const 1)))))
        (else (i32.const 0)))))`)

  it('is given back by every way out', () => {
    const { run, meter } = metered(recursion, { depth: 4_000 })
    expect(run('down', 100)).toBe(100)
    expect(meter.left.depth).toBe(4_000)
  })

  // The exceptions of both forms, thrown at every depth and caught at the top, a thousand times.
  const throwing = (body: string): Uint8Array =>
    assemble(`(module (tag $t (param i32))
      (func $down (param $n i32)
        (if (local.get $n)
          (then (call $down (i32.sub (local.get $n) (i32.const 1))))
          (else (throw $t (i32.const 7)))))
      ${body}
      (func (export "f") (param $n i32) (result i32) (local $s i32)
        (loop $again
          (local.set $s (i32.add (local.get $s) (call $catch (i32.const 50))))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))`)

  it.each([
    [
      'try_table',
      `(func $catch (param $n i32) (result i32)
        (block $caught (result i32)
          (try_table (catch $t $caught) (call $down (local.get $n)))
          (i32.const 0)))`,
    ],
    [
      'catch',
      `(func $catch (param $n i32) (result i32)
        (try (result i32)
          (do (call $down (local.get $n)) (i32.const 0))
          (catch $t (pop i32))))`,
    ],
    [
      'catch_all',
      `(func $catch (param $n i32) (result i32)
        (try (result i32)
          (do (call $down (local.get $n)) (i32.const 0))
          (catch_all (i32.const 7))))`,
    ],
  ])('does not leak through an exception that is caught: %s', (_, body) => {
    const { run, meter } = metered(throwing(body), { depth: 400 })
    expect(run('f', 1_000)).toBe(7_000)
    expect(meter.left.depth).toBe(400)
    expect(run('f', 1)).toBe(7)
  })

  it('is not taken by tail calls', () => {
    const bytes = assemble(`(module
      (func $even (export "even") (param $n i32) (result i32)
        (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
        (return_call $odd (i32.sub (local.get $n) (i32.const 1))))
      (func $odd (param $n i32) (result i32)
        (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
        (return_call $even (i32.sub (local.get $n) (i32.const 1)))))`)
    const { run, meter } = metered(bytes, { depth: 100 })
    expect(run('even', 100_001)).toBe(0)
    expect(meter.left.depth).toBe(100)
    const endless = metered(assemble(`(module (func $f (export "f") (return_call $f)))`), { fuel: 100_000n })
    expect(trap(() => endless.run('f'))).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(endless.meter.why).toBe(1)
  })

  it('ends what goes too deep', () => {
    const { run, meter } = metered(recursion, { depth: 4_000 })
    expect(trap(() => run('down', 100_000))).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(meter.why).toBe(2)
  })
})

describe('memory and tables', () => {
  const growing = assemble(`(module (memory 1 20) (table $t 2 funcref)
    (func (export "grow") (param $n i32) (result i32) (memory.grow (local.get $n)))
    (func (export "table") (param $n i32) (result i32) (table.grow $t (ref.null func) (local.get $n))))`)

  it('grow within the cap, and fail beyond the own maximum', () => {
    const { run, meter } = metered(growing)
    expect([run('grow', 2), run('grow', 3), run('grow', 15), run('grow', -1)]).toEqual([1, 3, -1, -1])
    expect(meter.left.pages).toBe(95n)
    expect([run('table', 5), run('table', 1)]).toEqual([2, 7])
    expect(meter.left.elements).toBe(994n)
  })

  it('end a guest that wants more than the cap', () => {
    const memory = metered(growing, { pages: 4n })
    expect(trap(() => memory.run('grow', 5))).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(memory.meter.why).toBe(3)
    const table = metered(growing, { elements: 4n })
    expect(trap(() => table.run('table', 5))).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(table.meter.why).toBe(5)
  })

  it('tell what a module has from the start', () => {
    expect(meterNeeds(growing)).toEqual({ pages: 1, elements: 2 })
  })
})

describe('a module is refused by name', () => {
  const vector = '(v128.const i32x4 0 0 0 0)'
  it.each([
    [
      'imports under the name of the meter',
      '(module (import "theater:meter" "fuel" (global (mut i64))))',
      /theater:meter/,
    ],
    ['exports that name', '(module (func (export "theater:meter")))', /theater:meter/],
    [
      'threads',
      '(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))',
      /an instruction of threads, atomic load \(i32\)/,
    ],
    ['shared memory', '(module (memory 1 1 shared))', /shared memory/],
    [
      'relaxed SIMD',
      `(module (func (drop (f32x4.relaxed_madd ${vector} ${vector} ${vector}))))`,
      /f32x4\.relaxed_madd/,
    ],
  ])('%s', (_, text, name) => {
    expect(() => meterModule(assemble(text), { nan: 'canonical' })).toThrow(name)
  })
})
