import { memoryStore } from '@theater/event-chain'
import { Theater } from '@theater/runtime'
import type { DeadLetter, SpawnOptions } from '@theater/runtime'
import { encodeMessage } from '@theater/actor/message'
import { guest } from '@theater/guests'
import { describe, expect, it } from 'vitest'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { defineHandler } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { spineHandler } from '../../../packages/runtime/test/support/spine-handler.ts'
import { ask, cache, counter } from './support/actors.ts'

const everybody = { messaging: { to: ['*'] }, log: {} }

async function stage(
  actors: Readonly<Record<string, Partial<SpawnOptions>>>,
  logger: AnyHandler = log(),
): Promise<{ theater: Theater; letters: DeadLetter[] } & AsyncDisposable> {
  const letters: DeadLetter[] = []
  const theater = await Theater.open({
    store: memoryStore(),
    handlers: [messaging(), logger, spineHandler({ calls: [] })],
    cache,
    deadLetter: (letter) => letters.push(letter),
  })
  for (const [id, options] of Object.entries(actors)) {
    await theater.spawn({ id, component: counter, grants: everybody, ...options })
  }
  return { theater, letters, [Symbol.asyncDispose]: () => theater.close() }
}

/** A log whose lines take until they are released: an actor that logs is busy until then. */
function slowLog(released: Promise<void>): AnyHandler {
  const track = 'theater:actor/log@0.1'
  return defineHandler({
    name: 'log',
    interfaces: [track],
    grant: { type: 'object' },
    functions: { [`${track}#log`]: { mode: 'async', effect: 'read' } },
    within: () => true,
    authorize: () => true,
    bind: () => ({ imports: { [track]: { log: () => released } } }),
  })
}

describe('a request', () => {
  it('that would close a cycle of waiting actors fails at once', async () => {
    await using set = await stage({ a: {}, b: {} })
    const { theater } = set
    expect(await ask(theater, 'a', 'ask', { to: 'a', timeoutMs: 60_000 })).toEqual({
      error: 'deadlock',
      failure: null,
    })
    // b asks a, while a waits for b: the later of the two closes the cycle.
    expect(await ask(theater, 'a', 'get')).toBe(0)
  })

  it('to nobody, to somebody who serves none, to somebody not granted', async () => {
    await using set = await stage({
      a: {},
      plain: { component: guest('spine'), grants: { spine: {} } },
      shy: { grants: { messaging: { to: ['a'] }, log: {} } },
    })
    const { theater } = set
    expect(await ask(theater, 'a', 'ask', { to: 'plain' })).toEqual({ error: 'not-served', failure: null })
    expect(await ask(theater, 'a', 'ask', { to: 'nobody' })).toEqual({
      error: 'unknown-actor',
      failure: null,
    })
    expect(await ask(theater, 'shy', 'ask', { to: 'b' })).toEqual({ error: 'denied', failure: null })
    expect(await ask(theater, 'shy', 'ask', { to: 'a' })).toEqual({ reply: 0 })
  })

  it('whose receiver takes too long times out, and the receiver is not undone', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await using set = await stage({ a: {}, b: {} }, slowLog(released))
    const { theater } = set
    const slow = ask(theater, 'b', 'add', { by: 1 })
    expect(await ask(theater, 'a', 'ask', { to: 'b', timeoutMs: 5 })).toEqual({
      error: 'timeout',
      failure: null,
    })
    release()
    expect(await slow).toBe(1)
    expect(await ask(theater, 'b', 'get')).toBe(1)
  })

  it('whose receiver traps is told so, and the receiver goes on', async () => {
    await using set = await stage({ a: {}, b: {} })
    const { theater } = set
    expect(await ask(theater, 'b', 'add', { by: 4 })).toBe(4)
    await expect(ask(theater, 'b', 'fail', { how: 'trap' })).rejects.toMatchObject({ code: 'trapped' })
    expect(await ask(theater, 'b', 'get')).toBe(4)
  })
})

describe('a message', () => {
  it('that cannot be delivered is an error to its sender, and one that fails later a dead letter', async () => {
    await using set = await stage({ a: {}, b: {} })
    const { theater, letters } = set
    expect(await ask(theater, 'a', 'forward', { to: 'nobody', by: 1 })).toMatchObject({
      err: expect.any(String),
    })
    await theater.stop('b')
    expect(letters).toEqual([])
    await using other = await stage({ a: {}, b: {} })
    // `b` takes no such message: its own failure makes a dead letter of it.
    await other.theater.send('a', encodeMessage('forward', { to: 'b', by: 1 }))
    await other.theater.idle()
    expect(await ask(other.theater, 'b', 'get')).toBe(1)
    expect(other.letters).toEqual([])
  })

  it('of a turn that fails does not leave', async () => {
    await using set = await stage({ a: {}, b: {} })
    const { theater } = set
    expect(await ask(theater, 'a', 'fail', { how: 'after-change' })).toEqual({ err: 'asked-to' })
    expect(await ask(theater, 'a', 'get')).toBe(0)
  })
})
