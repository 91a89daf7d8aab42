import type { Reconciled } from '@theater/handler'
import { describe, expect, it } from 'vitest'
import {
  add,
  ask,
  count,
  finish,
  get,
  heard,
  kinds,
  mark,
  once,
  peek,
  request,
  send,
  Stage,
  trap,
  until,
  verdicts,
  World,
} from './support/courier.ts'
import type { Steps } from './support/courier.ts'
import { Journal } from './support/journal.ts'

/** Plays until the world is reached at a gate, and opens what a host that is killed there leaves behind. */
async function killedAt(
  gateAt: number,
  actors: Parameters<typeof Stage.open>[1],
  play: (stage: Stage) => Promise<unknown> | void,
  then: Parameters<typeof Stage.open>[0] = {},
): Promise<Stage> {
  const journal = new Journal()
  const world = new World()
  const gate = world.gate(gateAt)
  await using stage = await Stage.open({ store: journal.store, world }, actors)
  const playing = Promise.resolve(play(stage)).catch(() => undefined)
  await gate.reached
  const left = await journal.at(journal.length)
  world.openAll()
  await playing
  return Stage.open({ store: left.store, ...then })
}

/** Keeps an actor busy until the test is over. */
const forEver: Steps = [peek(99)]

describe('an outside effect whose result was lost', () => {
  it('is done again, once, if that is harmless', async () => {
    await using stage = await killedAt(1, { a: {} }, (first) => first.run('a', [add(1), mark(1), add(1)]))
    await stage.idle()
    expect(stage.world.did).toEqual(['a marks 1'])
    expect(await stage.run('a', [get])).toEqual([2])
    expect(kinds(await stage.chain('a'))).toBe('turn call resume result return turn return')
    expect(await verdicts(stage.store)).toEqual({ a: 'verified' })
  })

  const found: readonly (readonly [string, () => Promise<Reconciled>, readonly string[], string])[] = [
    ['has not happened', async () => 'not-done', ['a once 1'], '81820001'],
    ['has happened', async () => ({ done: 7 }), [], '81820007'],
    ['may have happened', async () => 'unknown', [], '81820101'],
    ['may have happened, as nobody can find out', () => Promise.reject(new Error('no')), [], '81820101'],
  ]
  for (const [what, reconcile, did, outcome] of found) {
    it(`is told to the guest where it must not be done again and ${what}`, async () => {
      const world = new World()
      world.reconcile = reconcile
      await using stage = await killedAt(1, { a: {} }, (first) => first.run('a', [once(1)]), { world })
      await stage.idle()
      expect(world.did).toEqual(did)
      const answered = (await stage.chain('a')).flatMap((event) =>
        event.kind === 'result' ? [Buffer.from(event.content?.outcome.result ?? []).toString('hex')] : [],
      )
      // A list of one: a result, ok with a number or err with the case outcome-unknown.
      expect(answered).toEqual([outcome])
      expect(await verdicts(stage.store)).toEqual({ a: 'verified' })
    })
  }
})

describe('a request that was under way', () => {
  it('whose receiver had not begun it is delivered again, in its place', async () => {
    await using stage = await killedAt(1, { a: {}, b: {} }, async (first) => {
      first.run('b', forEver).catch(() => undefined)
      first.world.gate(99)
      await first.run('a', [
        send('b', [add(1)]),
        request('b', [get, add(2)]),
        send('b', [add(3)]),
        mark(1),
        finish(0),
      ])
    })
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([1, 2, 3])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('whose receiver had answered it is answered from the record', async () => {
    await using stage = await killedAt(1, { a: {}, b: {} }, (first) =>
      first.run('a', [request('b', [add(1), get]), peek(2), finish(0), mark(1), add(5)]),
    )
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([1])
    expect(await stage.run('a', [get])).toEqual([5])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('whose receiver was in the middle of it is waited for', async () => {
    await using stage = await killedAt(1, { a: {}, b: {} }, (first) =>
      first.run('a', [...ask('b', [add(1), mark(1), get]), add(7)]),
    )
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([7])
    expect(count(await stage.chain('b'), 'turn')).toBe(1)
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('whose receiver traps after the restart is told so, and it is not run again', async () => {
    await using stage = await killedAt(1, { a: {}, b: {} }, (first) =>
      first.run('a', [...ask('b', [mark(1), trap]), mark(2)]),
    )
    await stage.idle()
    expect(stage.world.did).toEqual(['b marks 1', 'a marks 2'])
    expect(kinds(await stage.chain('b'))).toBe('turn call resume result trap')
  })

  it('that its grant refused is not delivered by a restart', async () => {
    await using stage = await killedAt(
      1,
      { a: { grants: { messaging: { to: ['c'] }, courier: {} } }, b: {} },
      (first) => first.run('a', [request('b', [add(1)]), mark(1), finish(0)]),
    )
    await stage.idle()
    expect(kinds(await stage.chain('b'))).toBe('')
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('whose time is up is not begun by a restart', async () => {
    await using stage = await killedAt(1, { a: {}, b: {} }, async (first) => {
      first.run('b', forEver).catch(() => undefined)
      first.world.gate(99)
      await first.run('a', [request('b', [add(2), get], 1), mark(1), finish(0)])
    })
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([0])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('to an actor that was stopped meanwhile is told so', async () => {
    await using stage = await killedAt(1, { a: {}, b: {} }, async (first) => {
      const turn = first.run('a', [request('b', [add(2), peek(98)]), peek(97), mark(1), finish(0), add(1)])
      const [b, a] = [first.world.gate(98), first.world.gate(97)]
      await b.reached
      await first.theater.stop('b')
      await a.reached
      a.open()
      await turn
    })
    await stage.idle()
    expect(await stage.run('a', [get])).toEqual([1])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })
})

describe('messages that were under way', () => {
  it('may be more than the mailbox takes', async () => {
    const numbers = [1, 2, 3, 4, 5, 6, 7]
    await using stage = await killedAt(1, { a: {}, b: { limits: { mailbox: 2 } } }, async (first) => {
      first.run('b', forEver).catch(() => undefined)
      first.world.gate(99)
      await first.run(
        'a',
        numbers.map((n) => send('b', [add(n)])),
      )
      await first.run('a', [mark(1)])
    })
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual(numbers)
    expect(stage.letters).toEqual([])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('still count in the outbox, and so do those that a turn has queued that goes on', async () => {
    const world = new World()
    const gate = world.gate(1)
    // b goes on with a turn that takes as long as the test wants.
    const busy = world.gate(50)
    await using stage = await killedAt(
      1,
      { a: { limits: { outbox: 4 } }, b: { limits: { mailbox: 1 } } },
      async (first) => {
        first.run('b', [mark(50)]).catch(() => undefined)
        first.world.gate(50)
        await first.run('a', [send('b', [add(1)])])
        await first.run('a', [
          send('b', [add(2)]),
          mark(1),
          send('b', [add(3)]),
          send('b', [add(4)]),
          send('b', [add(5)]),
        ])
      },
      { world },
    )
    await gate.reached
    gate.open()
    await until(() => stage.theater.actors()[0]?.state === 'idle')
    busy.open()
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([1, 2, 3, 4])
  })

  it('are told to be dead when a restarted receiver traps over them', async () => {
    await using stage = await killedAt(1, { a: {}, b: {} }, (first) =>
      first.run('a', [send('b', [mark(1), trap])]),
    )
    await stage.idle()
    expect(stage.letters).toMatchObject([{ from: 'a', to: 'b', reason: 'trapped' }])
  })

  it('wait for a receiver that cannot come back here', async () => {
    await using stage = await killedAt(
      1,
      { a: {}, b: {} },
      async (first) => {
        first.run('b', forEver).catch(() => undefined)
        first.world.gate(99)
        await first.run('a', [send('b', [add(1)]), mark(1)])
      },
      { ceiling: { messaging: { to: ['b'] }, courier: {} } },
    )
    expect(stage.theater.actors()).toMatchObject([{ state: 'failed' }, { state: 'failed' }])
    expect(stage.letters).toEqual([])
    await stage.theater.close()
    await using again = await Stage.open({ store: stage.store })
    await again.idle()
    expect(await again.run('b', [get])).toEqual([1])
    expect(again.letters).toEqual([])
  })
})
