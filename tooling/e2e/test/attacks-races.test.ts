import { decodeReply, encodeMessage } from '@theater/actor/message'
import { memoryStore } from '@theater/event-chain'
import { assemble } from '@theater/guests/wat'
import { componentLoader, verify } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache, counter, handlers } from './support/actors.ts'
import { call, codeOf, host } from './support/attack.ts'

const load = componentLoader({ cache })

/** Calls its host while it is instantiated, and in each turn. */
const starter = `(component
  (import "test:race/host" (instance $host (export "note" (func (param "n" u32)))))
  (core func $note (canon lower (func $host "note")))
  (core module $m
    (import "h" "note" (func $note (param i32)))
    (global $turns (mut i32) (i32.const 0))
    (func $start (call $note (i32.const 1)) (call $note (i32.const 2)))
    (start $start)
    (func (export "run") (result i32)
      (call $note (i32.const 7))
      (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (global.get $turns)))
  (core instance $i (instantiate $m (with "h" (instance (export "note" (func $note))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`

const round = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

async function rounds(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await round()
}

describe('an actor that is being made', () => {
  // A turn that ran then made a second instance, and both wrote their calls to the one record: it was broken.
  for (const early of [1, 2, 3, 4, 5, 6, 8]) {
    it(`takes no turn before it is there (called ${early} rounds after it was begun)`, async () => {
      const store = memoryStore()
      const slow = host('test:race/host', { note: { run: () => undefined } }, () => rounds(4))
      const theater = await Theater.open({ store, handlers: [slow], cache })
      const component = await assemble(starter)
      await theater.spawn({ id: 'warm', component, grants: { host: {} } })
      const spawned = theater.spawn({ id: 'guest', component, grants: { host: {} } })
      await rounds(early)
      const called = call(theater, 'guest', 'run')
      const { chain } = await spawned
      expect([await called, await call(theater, 'guest', 'run')]).toEqual([1, 2])
      await theater.close()
      expect(await verify({ store, chain }, { load })).toMatchObject({ verdict: 'verified', turns: 2 })
    })
  }

  it('can be stopped, and its record says so', async () => {
    const store = memoryStore()
    const slow = host('test:race/host', { note: { run: () => undefined } }, () => rounds(4))
    const theater = await Theater.open({ store, handlers: [slow], cache })
    const component = await assemble(starter)
    await theater.spawn({ id: 'warm', component, grants: { host: {} } })
    const spawned = theater.spawn({ id: 'guest', component, grants: { host: {} } }).catch(codeOf)
    while (!theater.actors().some(({ id }) => id === 'guest')) await round()
    await theater.stop('guest')
    expect(await spawned).toBe('stopped')
    await theater.close()
    for (const { chain } of await store.list())
      expect(await verify({ store, chain }, { load })).toMatchObject({ verdict: 'verified' })
  })

  it('has its init before whatever was sent to it meanwhile', async () => {
    const store = memoryStore()
    const theater = await Theater.open({ store, handlers: handlers(), cache })
    const params = { format: 'application/json', body: new TextEncoder().encode('{"start":40}') }
    const grants = { log: {}, messaging: { to: [] } }
    await theater.spawn({ id: 'warm', component: counter, grants })
    const spawned = theater.spawn({ id: 'guest', component: counter, grants, params })
    let added: Promise<unknown> | undefined
    for (let i = 0; i < 200 && added === undefined; i++) {
      await round()
      if (theater.actors().some(({ id }) => id === 'guest')) {
        added = theater
          .request('guest', encodeMessage('add', { by: 2 }))
          .then((reply) => ('ok' in reply ? decodeReply(reply.ok) : reply))
      }
    }
    const { chain } = await spawned
    expect(await added).toBe(42)
    await theater.close()
    expect(await verify({ store, chain }, { load })).toMatchObject({ verdict: 'verified', turns: 2 })
  })
})
