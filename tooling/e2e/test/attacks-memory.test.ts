import { assemble } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import { call, host, stage } from './support/attack.ts'

// A few megabytes of a guest that are terabytes of its host: lists whose elements are all the same piece of memory. The
// host died of it (`JavaScript heap out of memory`), with all other actors.

/** How the body of a list is made: `count` elements of `size` bytes from 65536 on, each (pointer, length). */
const fill = (count: number, pointer: number, length: number): string =>
  `(loop $fill
    (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $i) (i32.const 8))) (i32.const ${pointer}))
    (i32.store (i32.add (i32.const 65540) (i32.mul (local.get $i) (i32.const 8))) (i32.const ${length}))
    (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count}))))`

const guest = (element: string, body: string, at: number, count: number): string => `(component
  (type $e ${element})
  (import "attack:memory/host" (instance $h
    (alias outer 1 $e (type $e')) (export "e" (type $e2 (eq $e')))
    (export "take" (func (param "a" (list $e2))))
    (export "wait" (func))))
  (alias export $h "take" (func $take))
  (alias export $h "wait" (func $wait))
  (alias export $h "e" (type $E))
  (core module $mem (memory (export "memory") 64))
  (core instance $mi (instantiate $mem))
  (alias core export $mi "memory" (core memory $memory))
  (core func $t (canon lower (func $take) (memory $memory)))
  (core func $w (canon lower (func $wait)))
  (core module $m
    (import "h" "take" (func $take (param i32 i32)))
    (import "h" "wait" (func $wait))
    (import "m" "memory" (memory 1))
    (func (export "send") (local $i i32) ${body} (call $take (i32.const ${at}) (i32.const ${count})))
    (func (export "give") (result i32) (local $i i32) ${body}
      (call $wait)
      (i32.store (i32.const 8) (i32.const ${at})) (i32.store (i32.const 12) (i32.const ${count}))
      (i32.const 8))
    (func (export "fine") (result i32) (i32.const 7)))
  (core instance $i (instantiate $m
    (with "h" (instance (export "take" (func $t)) (export "wait" (func $w)))) (with "m" (instance $mi))))
  (func (export "send") (canon lift (core func $i "send")))
  (func (export "give") (result (list $E)) (canon lift (core func $i "give") (memory $memory)))
  (func (export "fine") (result u32) (canon lift (core func $i "fine"))))`

const attacks: readonly (readonly [name: string, guest: string])[] = [
  ['strings that are one string', guest('string', fill(100_000, 0, 60_000), 65_536, 100_000)],
  ['lists of bytes that are one', guest('(list u8)', fill(100_000, 0, 60_000), 65_536, 100_000)],
  ['lists of numbers that are one', guest('(list f64)', fill(100_000, 0, 7000), 65_536, 100_000)],
  ['lists of booleans that are one', guest('(list bool)', fill(100_000, 0, 60_000), 65_536, 100_000)],
  ['records of text that is one', guest('(tuple string)', fill(100_000, 0, 60_000), 65_536, 100_000)],
]

describe('a guest cannot make its host read more than there is memory for', () => {
  for (const mode of ['sync', 'async'] as const) {
    it.each(mode === 'sync' ? attacks : attacks.slice(0, 1))(`%s (${mode})`, async (_name, wat) => {
      let taken = 0
      await using made = await stage(wat, {
        handlers: [
          host('attack:memory/host', {
            take: { run: () => void taken++ },
            wait: { mode, run: () => (mode === 'async' ? Promise.resolve() : undefined) },
          }),
        ],
      })
      const trapped = 'trapped: guest trapped (guest)'
      expect([await made.call('send'), await made.call('give'), await made.call('fine'), taken]).toEqual([
        trapped,
        trapped,
        7,
        0,
      ])
      expect(await made.verify()).toMatchObject({ verdict: 'verified', turns: 1, undone: 2 })
    })
  }
})

describe('a guest cannot make its host hold more of its record than there is memory for', () => {
  // It never waits, so nothing could be written before its end: the host died of the events that it held.
  it('calls without end', async () => {
    const wat = `(component
      (import "attack:memory/host" (instance $h (export "take" (func (param "a" (list u8))))))
      (alias export $h "take" (func $take))
      (core module $mem (memory (export "memory") 17))
      (core instance $mi (instantiate $mem))
      (alias core export $mi "memory" (core memory $memory))
      (core func $t (canon lower (func $take) (memory $memory)))
      (core module $m
        (import "h" "take" (func $take (param i32 i32)))
        (func (export "spam") (loop $for-ever (call $take (i32.const 0) (i32.const 1000000)) (br $for-ever)))
        (func (export "fine") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m (with "h" (instance (export "take" (func $t))))))
      (func (export "spam") (canon lift (core func $i "spam")))
      (func (export "fine") (result u32) (canon lift (core func $i "fine"))))`
    let taken = 0
    const handlers = [host('attack:memory/host', { take: { run: () => void taken++ } })]
    await using made = await stage(wat, { handlers })
    const component = await assemble(wat)
    await made.theater.spawn({ id: 'neighbour', component, grants: { host: {} } })
    expect(await made.call('spam')).toMatch(/^aborted: .*turn-bytes/)
    expect(await made.call('fine')).toBe(7)
    expect(await call(made.theater, 'neighbour', 'fine')).toBe(7)
    expect(await made.aborts()).toEqual(['turn-bytes'])
    expect(taken).toBeLessThan(220)
    expect(await made.verify()).toMatchObject({ verdict: 'verified', undone: 1 })
  })
})
