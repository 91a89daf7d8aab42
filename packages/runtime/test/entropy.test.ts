import { hex, memoryStore } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { assemble } from '@theater/guests/wat'
import { expect, it } from 'vitest'
import { Theater } from '../src/index.ts'
import type { Entropy, TheaterOptions } from '../src/index.ts'

/** Time that stands still, and bytes that are the same every time. */
function still(time = 1_000): Entropy {
  let drawn = 0
  return {
    now: () => time,
    bytes: (length) => sha256(Uint8Array.of(drawn++)).slice(0, length),
  }
}

/** The head after some turns, one of which traps. Nothing that the guest imports waits. */
async function headOf(options: Partial<TheaterOptions>): Promise<string> {
  await using theater = await Theater.open({ store: memoryStore(), ...options })
  await theater.spawn({ id: 'a', component: await dice() })
  await theater.call('a', 'roll', [])
  await theater.call('a', 'boom', []).catch(() => undefined)
  await theater.call('a', 'roll', [])
  return hex(theater.actors()[0]?.head ?? new Uint8Array())
}

const dice = () =>
  assemble(`(component
    (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
    (core func $draw (canon lower (func $random "get-random-u64")))
    (core module $m
      (import "h" "draw" (func $draw (result i64)))
      (func (export "roll") (result i64) (call $draw))
      (func (export "boom") unreachable))
    (core instance $i (instantiate $m (with "h" (instance (export "draw" (func $draw))))))
    (func (export "roll") (result u64) (canon lift (core func $i "roll")))
    (func (export "boom") (canon lift (core func $i "boom")))
  )`)

it('of the same time and chance comes the same record, suspended or not', async () => {
  const head = await headOf({ entropy: still() })
  expect(await headOf({ entropy: still() })).toBe(head)
  expect(await headOf({ entropy: still(), jspi: 'always' })).toBe(head)
  expect(await headOf({ entropy: still(2_000) })).not.toBe(head)
  expect(await headOf({})).not.toBe(head)
})
