import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guest } from '@theater/guests'
import { relayed, relayGuest } from '@theater/guests/relay'
import { assemble } from '@theater/guests/wat'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import type { WrittenCall } from '../src/certify/calls.ts'
import type { Order, Report } from '../src/certify/run-process.ts'
import { RunProcess } from '../src/certify/runs.ts'
import type { Place } from '../src/certify/runs.ts'

/** Loops, recursion, growth, floats down to the bits of a NaN, and traps, as its arguments will have it. */
const mill = () =>
  assemble(`(component
    (core module $m
      (memory 1 40)
      (func $fib (param $n i32) (result i32)
        (if (i32.lt_u (local.get $n) (i32.const 2)) (then (return (local.get $n))))
        (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))
      (func (export "fib") (param i32) (result i32) (call $fib (i32.rem_u (local.get 0) (i32.const 16))))
      (func (export "hash") (param $n i32) (param $x i64) (result i64)
        (loop $again
          (local.set $x (i64.rotl (i64.mul (i64.xor (local.get $x) (i64.extend_i32_u (local.get $n)))
            (i64.const 0x9e3779b97f4a7c15)) (i64.const 7)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $again (i32.gt_s (local.get $n) (i32.const 0))))
        (local.get $x))
      (func (export "bits") (param $x f64) (param $y f64) (result i64)
        (i64.xor
          (i64.reinterpret_f64 (f64.min (f64.div (local.get $x) (local.get $y)) (f64.sqrt (local.get $y))))
          (i64.reinterpret_f64 (f64.add (f64.mul (local.get $x) (local.get $y)) (f64.sub (local.get $x) (local.get $x))))))
      (func (export "grow") (param $n i32) (result i32)
        (memory.fill (i32.const 0) (i32.and (local.get $n) (i32.const 255)) (i32.const 65536))
        (memory.grow (i32.rem_u (local.get $n) (i32.const 6))))
      (func (export "part") (param $a i32) (param $b i32) (result i32) (i32.div_s (local.get $a) (local.get $b))))
    (core instance $i (instantiate $m))
    (func (export "fib") (param "n" u32) (result u32) (canon lift (core func $i "fib")))
    (func (export "hash") (param "n" u32) (param "x" u64) (result u64) (canon lift (core func $i "hash")))
    (func (export "bits") (param "x" f64) (param "y" f64) (result u64) (canon lift (core func $i "bits")))
    (func (export "grow") (param "n" u32) (result s32) (canon lift (core func $i "grow")))
    (func (export "part") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "part")))
  )`)

type Calls = fc.Arbitrary<WrittenCall>

const call = (name: string, ...args: fc.Arbitrary<unknown>[]): Calls =>
  fc.tuple(...args).map((values) => ({ name, args: values }) as WrittenCall)

/** JSON has words for what is no number. */
const float = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom('NaN', 'Infinity', '-0', 0, 1, -4),
)
const small = fc.integer({ min: -3, max: 3 })

const guests: readonly (readonly [
  name: string,
  bytes: () => Uint8Array | Promise<Uint8Array>,
  calls: Calls,
  grants: Order['grants'],
])[] = [
  [
    'mill',
    mill,
    fc.oneof(
      call('fib', fc.nat()),
      call('hash', fc.nat(5000), fc.nat()),
      call('bits', float, float),
      call('grow', fc.nat(1000)),
      // Some of them divide by zero, and the instance is made again from the record.
      call('part', small, small),
    ),
    {},
  ],
  [
    'echo',
    () => guest('echo'),
    fc.oneof(call('divide', small, small), call('say', fc.string({ unit: 'grapheme' }))),
    { log: {} },
  ],
  [
    'random',
    () => relayGuest('random'),
    fc.oneof(
      call(relayed('wasi:random/random@0.2#get-random-bytes'), fc.nat(200)),
      call(relayed('wasi:random/insecure-seed@0.2#insecure-seed')),
    ),
    {},
  ],
  ['clocks', () => relayGuest('clocks'), call(relayed('wasi:clocks/monotonic-clock@0.2#now')), {}],
]

const [first, ...others] = [
  { tier: 'default', stackMb: 1 },
  { tier: 'liftoff', stackMb: 4 },
  { tier: 'turbofan', stackMb: 1 },
] as const satisfies readonly Place[]

const cache = mkdtempSync(join(tmpdir(), 'theater-tiers-'))
afterAll(() => rmSync(cache, { recursive: true, force: true }))

it('whatever guests are called with, every tier makes the same record, and runs that of another again', async () => {
  const signal = new AbortController().signal
  const ran = (report: Report): Extract<Report, { did: 'run' }> => {
    if (report.did !== 'run') throw new Error(JSON.stringify(report))
    return report
  }
  const orders: Order[] = []
  for (const [file, bytes, calls, grants] of guests) {
    const sample = fc.sample(calls, { seed: 4, numRuns: 25 })
    orders.push({
      component: await bytes(),
      file,
      calls: sample,
      grants,
      instance: 'actor',
      modules: [],
      cache,
      record: null,
      head: null,
    })
  }
  const expected: Extract<Report, { did: 'run' }>[] = []
  {
    using process = new RunProcess(first)
    for (const order of orders) expected.push(ran(await process.run(order, signal)))
  }
  expect(expected[0]?.answers).toContainEqual({ err: { trapped: 'guest' } })
  expect(new Set(expected.map(({ head }) => head)).size).toBe(guests.length)
  await Promise.all(
    others.map(async (place) => {
      using process = new RunProcess(place)
      for (const [i, order] of orders.entries()) {
        const { head = '', record = null, answers } = expected[i] ?? {}
        const again = ran(await process.run({ ...order, head }, signal))
        expect([order.file, again.answers]).toEqual([order.file, answers])
        expect([order.file, again.head]).toEqual([order.file, head])
        const rerun = await process.run({ ...order, record }, signal)
        expect([order.file, rerun]).toMatchObject([
          order.file,
          { did: 're-run', verdict: { verdict: 'verified', head } },
        ])
      }
    }),
  )
})
