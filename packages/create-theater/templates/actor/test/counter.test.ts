import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { decodeReply, encodeMessage } from '@theater/actor/message'
import { memoryStore } from '@theater/event-chain'
import { log } from '@theater/handler-log'
import { verify } from '@theater/replay/node'
import { Theater } from '@theater/runtime'

const component = await readFile(new URL('../dist/counter.wasm', import.meta.url))

/** A theater with nothing but a log in it. */
const open = (store = memoryStore(), lines: string[] = []) =>
  Theater.open({ store, handlers: [log()], log: ({ message }) => lines.push(message) })

/** Sends a message and answers the reply, or throws the actor's own "no". */
async function ask(theater: Theater, type: string, body?: unknown) {
  const reply = await theater.request('counter', encodeMessage(type, body))
  if ('ok' in reply) return decodeReply(reply.ok)
  throw new Error(reply.err.code)
}

test('it counts, and says so', async () => {
  const lines: string[] = []
  await using theater = await open(memoryStore(), lines)
  await theater.spawn({ id: 'counter', component, grants: { log: {} } })
  assert.equal(await ask(theater, 'add', { by: 2 }), 2)
  assert.equal(await ask(theater, 'add', { by: 3 }), 5)
  assert.deepEqual(lines, ['added', 'added'])
})

test('it refuses to count down, and what is no number, and has changed nothing then', async () => {
  await using theater = await open()
  await theater.spawn({ id: 'counter', component, grants: { log: {} } })
  await assert.rejects(ask(theater, 'add', { by: -1 }), /negative/)
  await assert.rejects(ask(theater, 'add', { by: 'two' }), /bad-message/)
  assert.equal(await ask(theater, 'get'), 0)
})

test('without the grant it counts, and nothing is logged', async () => {
  const lines: string[] = []
  await using theater = await open(memoryStore(), lines)
  await theater.spawn({ id: 'counter', component, grants: {} })
  assert.equal(await ask(theater, 'add', { by: 2 }), 2)
  assert.deepEqual(lines, [])
})

test('it is back after a restart, and its record is verified by running it again', async () => {
  const store = memoryStore()
  let chain: Uint8Array
  {
    await using theater = await open(store)
    ;({ chain } = await theater.spawn({ id: 'counter', component, grants: { log: {} } }))
    await ask(theater, 'add', { by: 2 })
  }
  {
    await using theater = await open(store)
    assert.equal(await ask(theater, 'get'), 2)
  }
  assert.equal((await verify({ store, chain })).verdict, 'verified')
})
