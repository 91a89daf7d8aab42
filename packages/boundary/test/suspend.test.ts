import type { Component } from '@theater/component'
import { fromCore } from '@theater/guests/wat'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, show, TestActor } from './support/actor.ts'
import type { TestHost } from './support/actor.ts'

const HOST = 'test:wait/host'
const GUEST = 'test:wait/guest'

/** Constructors and static functions of a guest are called without JSPI, so nothing in them can wait. */
const WAT = `(module
  (import "${HOST}" "wait" (func $wait (result i32)))
  (import "${HOST}" "note" (func $note (param i32)))
  (import "[export]${GUEST}" "[resource-new]item" (func $new (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $try (result i32) (local $answer i32)
    (call $note (i32.const 1))
    (block $done
      (block $catch
        (try_table (catch_all $catch) (local.set $answer (call $wait)))
        (br $done))
      (call $note (i32.const 2)))
    (call $note (i32.const 3))
    (local.get $answer))
  (func (export "${GUEST}#[constructor]item") (result i32) (call $new (call $try)))
  (func (export "${GUEST}#[static]item.make") (result i32) (call $try))
  (func (export "${GUEST}#[method]item.id") (param i32) (result i32) (local.get 0))
  (func (export "${GUEST}#plain") (result i32) (call $try)))`

const WIT = `package test:wait;
interface host { wait: func() -> u32; note: func(n: u32); }
interface guest {
  resource item { constructor(); make: static func() -> u32; id: func() -> u32; }
  plain: func() -> u32;
}
world waits { import host; export guest; }`

describe('an export that cannot be suspended', () => {
  let component: Component
  beforeAll(async () => {
    component = await load(await fromCore(WAT, WIT, 'waits'))
  })
  const host = (
    mode: 'sync' | 'async',
    effect: 'read' | 'once',
    notes: number[],
    answer: () => unknown,
  ): TestHost => ({
    functions: {
      [`${HOST}#wait`]: { mode, effect },
      [`${HOST}#note`]: { mode: 'sync', effect: 'none' },
    },
    imports: { [HOST]: { wait: answer, note: (n: number) => void notes.push(n) } },
  })

  it.each(['[constructor]item', '[static]item.make'])(
    '%s: a call that waits in it ends the turn',
    async (fn) => {
      for (const effect of ['read', 'once'] as const) {
        const notes: number[] = []
        let asked = 0
        const actor = await TestActor.start(
          component,
          host('async', effect, notes, async () => (asked++, 5)),
        )
        expect(show(await actor.turn(`${GUEST}#${fn}`))).toBe('abort handler-fault')
        await new Promise((resolve) => setImmediate(resolve))
        expect(notes).toEqual([1])
        expect(asked).toBe(0)
        expect(actor.log.kinds).toBe('turn call abort')
        expect(await actor.differs()).toBeUndefined()
      }
    },
  )

  it('and one that can are otherwise the same', async () => {
    for (const mode of ['sync', 'async'] as const) {
      const notes: number[] = []
      const answer = mode === 'sync' ? () => 5 : () => Promise.resolve(5)
      const actor = await TestActor.start(component, host(mode, 'read', notes, answer), { jspi: true })
      expect(await actor.value(`${GUEST}#plain`)).toBe(5)
      expect(notes).toEqual([1, 3])
      expect(await actor.differs()).toBeUndefined()
    }
  })
})
