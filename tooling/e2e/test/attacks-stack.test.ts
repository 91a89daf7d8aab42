import { assemble } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import { call, host, stage } from './support/attack.ts'

// A guest recurses and calls its host from as deep as it gets: the limit on its depth ends it while the host still has
// stack for its own code, wherever in that it is just then. Without the limit it ended in the host's.

/**
 * Recurses for ever and calls an import at every 128th level, the first time after 128 - `n`: so the last call comes from
 * another depth for each `n`. It catches what it can.
 */
const digger = `(component
  (import "attack:stack/host" (instance $h
    (export "take" (func (param "a" string) (result string)))
    (export "survived" (func))))
  (alias export $h "take" (func $take))
  (alias export $h "survived" (func $survived))
  (core module $mem (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $mi (instantiate $mem))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (core func $t (canon lower (func $take) (memory $memory) (realloc $realloc)))
  (core func $s (canon lower (func $survived)))
  (core module $m
    (import "h" "take" (func $take (param i32 i32 i32)))
    (import "h" "survived" (func $survived))
    (func $dig (param $n i32) (result i32)
      (if (i32.eqz (i32.and (local.get $n) (i32.const 127)))
        (then (call $take (i32.const 0) (i32.const 100) (i32.const 512))))
      (i32.add (i32.const 1) (call $dig (i32.add (local.get $n) (i32.const 1)))))
    (func (export "dig") (param $n i32)
      (block $catch (try_table (catch_all $catch) (drop (call $dig (local.get $n)))))
      (call $survived))
    (func (export "once") (call $take (i32.const 0) (i32.const 100) (i32.const 512))))
  (core instance $i (instantiate $m (with "h" (instance (export "take" (func $t)) (export "survived" (func $s))))))
  (func (export "dig") (param "n" u32) (canon lift (core func $i "dig")))
  (func (export "once") (canon lift (core func $i "once"))))`

describe('a guest cannot end its host, or its own record, by leaving the host no stack', () => {
  it.each(['sync', 'async'] as const)('calls from any depth (%s)', async (mode) => {
    let survived = 0
    const handlers = [
      host('attack:stack/host', {
        take: { mode, run: (text: string) => (mode === 'async' ? Promise.resolve(text) : text) },
        survived: { run: () => void survived++ },
      }),
    ]
    await using made = await stage(digger, { handlers })
    const component = await assemble(digger)
    await made.theater.spawn({ id: 'neighbour', component, grants: { host: {} } })
    for (let n = 0; n < 128; n += 5) {
      expect(await made.call('dig', n)).toMatch(/^trapped: .*depth/)
      expect(await call(made.theater, 'neighbour', 'once')).toBeUndefined()
      expect(await made.call('once')).toBeUndefined()
    }
    expect(survived).toBe(0)
    expect(await made.aborts()).toEqual([])
    expect(await made.verify()).toMatchObject({ verdict: 'verified', undone: 26 })
  })
})
