/**
 * The rules of turns (what leaves and when, intents before effects, what becomes of an intent without a result), for every class of effect and
 * every place that a host can end at.
 */
import type { Component } from '@theater/component'
import type { Binding, Effect, Reconciled } from '@theater/handler'
import { beforeAll, describe, expect, it } from 'vitest'
import { depart } from '../src/index.ts'
import { isOutsideEffect, settlement } from '../src/turn-rules.ts'
import { load, show, TestActor } from './support/actor.ts'
import type { TestHost } from './support/actor.ts'
import { sendingGuest } from './support/phases.ts'
import { HOST, runSteps, scriptComponent } from './support/scripted.ts'

const effects: readonly Effect[] = ['none', 'read', 'idempotent', 'once']
const outside: readonly Effect[] = ['idempotent', 'once']

/** The world, which knows what was done to it, and for which intent. */
class World {
  readonly did: string[] = []
  readonly #done = new Map<string, number>()

  do(intent: string, n: number): number {
    this.did.push(intent)
    this.#done.set(intent, n * 2)
    return n * 2
  }

  /** What a handler can find out that is told the truth. */
  about(intent: string): Reconciled {
    const done = this.#done.get(intent)
    return done === undefined ? 'not-done' : { done }
  }
}

/** A handler of one effect in a world, performed for an intent; `none` is the one that answers at once. */
function hostOf(
  effect: Effect,
  world: World,
  intent: string,
  binding: Pick<Binding, 'reconcile'> = { reconcile: async () => world.about(intent) },
): TestHost {
  const perform = (n: number): number => world.do(intent, n)
  return {
    functions: { [`${HOST}#effect`]: { mode: effect === 'none' ? 'sync' : 'async', effect } },
    imports: { [HOST]: { effect: effect === 'none' ? perform : async (n: number) => perform(n) } },
    ...binding,
  }
}

let component: Component
let sender: Component
beforeAll(async () => {
  component = await scriptComponent()
  sender = await load(await sendingGuest(false))
})

describe('what happens, and in which order', () => {
  /** Everything that a spy of a record, of a handler and of what carries messages sees of a turn that sends and then acts. */
  async function traceOf(effect: Effect, failing = false): Promise<{ trace: string[]; end: unknown }> {
    const trace: string[] = []
    const client = 'theater:messaging/client@0.1'
    const actor = await TestActor.start(
      sender,
      {
        functions: {
          [`${client}#send`]: { mode: 'sync', effect: 'none' },
          'test:send/host#effect': { mode: effect === 'none' ? 'sync' : 'async', effect },
        },
        imports: {
          [client]: { send: () => undefined },
          'test:send/host': {
            effect: (n: number) => {
              trace.push('effect')
              return effect === 'none' ? n : Promise.resolve(n)
            },
          },
        },
      },
      { live: { leave: (all) => void trace.push(...all.map(({ kind }) => `leaves: ${kind}`)) } },
    )
    const { log } = actor
    const append = log.append.bind(log)
    const flush = log.flush.bind(log)
    log.append = (kind, content) => {
      trace.push(kind)
      return append(kind, content)
    }
    log.flush = async () => {
      trace.push('flush')
      // Whoever does not wait for it goes on meanwhile.
      await new Promise((resolve) => setImmediate(resolve))
      if (failing) throw new Error('the disk is full')
      await flush()
      trace.push('durable')
    }
    const end = await actor.turn('say-then-do', 7)
    // The end of a turn is the runtime's: it is held to the same rule.
    if (end.tag === 'return')
      await depart(
        { flush: () => log.flush(), leave: (all) => void trace.push(`leaves: ${all.length}`) },
        end.sends,
      ).catch(() => undefined)
    return { trace, end: show(end) }
  }

  it.each(outside)(
    'of an effect that is %s: its intent is durable first, and what was queued has left',
    async (effect) => {
      expect((await traceOf(effect)).trace).toEqual(
        ['turn', 'call', 'send', 'call', 'flush', 'durable', 'leaves: message'].concat([
          'effect',
          'result',
          'return',
          'flush',
          'durable',
          'leaves: 0',
        ]),
      )
    },
  )

  it.each(['none', 'read'] as const)(
    'of one that is %s: one event, and all leaves at the end',
    async (effect) => {
      expect((await traceOf(effect)).trace).toEqual([
        'turn',
        'call',
        'effect',
        'call',
        'send',
        'return',
        'flush',
        'durable',
        'leaves: 1',
      ])
    },
  )

  it.each(outside)(
    'where the record cannot be written, one that is %s is not done, and nothing leaves',
    async (effect) => {
      const { trace, end } = await traceOf(effect, true)
      expect(trace).toEqual(['turn', 'call', 'send', 'call', 'flush'])
      expect(end).toBe('lost')
    },
  )

  it.each(['none', 'read'] as const)(
    'where it cannot, after one that is %s nothing leaves',
    async (effect) => {
      const { trace } = await traceOf(effect, true)
      expect(trace).toEqual(['turn', 'call', 'effect', 'call', 'send', 'return', 'flush'])
    },
  )
})

/** Where a host ends, in a turn whose only call is one effect: how many events it leaves, and whether the effect was done. */
const places = [
  { place: 'before its intent is durable', left: 'turn', done: false },
  { place: 'between its intent and the effect', left: 'intent', done: false },
  { place: 'between the effect and its result', left: 'intent', done: true },
  { place: 'after its result', left: 'result', done: true },
] as const

describe.each(effects)('a host that ends in an effect that is %s', (effect) => {
  it.each(places.filter(({ left }) => isOutsideEffect(effect) || left !== 'intent'))(
    '$place',
    async ({ left, done }) => {
      const first = await TestActor.start(component, hostOf(effect, new World(), 'first'))
      expect(await runSteps(first, ['effect', 5])).toEqual([0, 10])
      const own = isOutsideEffect(effect)
      expect(first.log.kinds).toBe(own ? 'turn call result return' : 'turn call return')
      // genesis, seed, turn; then the call, and the result where that is an event of its own.
      const size = { turn: 3, intent: 4, result: own ? 5 : 4 }[left]
      const world = new World()
      if (done) world.do('intent', 5)
      const { actor, end } = await first.revive(hostOf(effect, world, 'intent'), size)
      expect([...(show(end) as BigUint64Array)].map(Number)).toEqual([0, 10])
      expect(await actor.differs()).toBeUndefined()
      // Done, and nobody knows: again where that leaves the same, and not where it would not.
      const again = left === 'intent' && done && effect === 'idempotent'
      expect(world.did.length).toBe(again ? 2 : 1)
    },
  )
})

describe('an intent without a result, of an effect that is done once', () => {
  it.each([
    ['cannot be told of', { reconcile: async () => 'unknown' as const }],
    ['has nobody who could tell', {}],
    ['has somebody who fails to', { reconcile: () => Promise.reject(new Error('broken')) }],
  ])('that %s is not done again, and the guest hears so', async (_what, binding) => {
    const first = await TestActor.start(component, hostOf('once', new World(), 'first'))
    await runSteps(first, ['effect', 5])
    const after = new World()
    const { actor, end } = await first.revive(hostOf('once', after, 'intent', binding), 4)
    // An err, whose case the guest does not look at.
    expect([...(show(end) as BigUint64Array)].map(Number)).toEqual([1, 0])
    expect(after.did).toEqual([])
    expect(await actor.differs()).toBeUndefined()
  })
})

it('what is settled how, by what a function is declared to do at most and what this call of it does', () => {
  const table = effects.flatMap((declared) =>
    effects
      .filter((now) => effects.indexOf(now) <= effects.indexOf(declared))
      .map((now) => [declared, now] as const),
  )
  expect(table.filter(([declared, now]) => settlement(declared, now) === 'reconcile')).toEqual([
    ['once', 'none'],
    ['once', 'read'],
    ['once', 'once'],
  ])
  expect(effects.filter(isOutsideEffect)).toEqual(outside)
})
