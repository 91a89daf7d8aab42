import type { Component } from '@theater/component'
import { encodeContent } from '@theater/event-chain'
import type { Binding, Call, Effect } from '@theater/handler'
import { WitError } from '@theater/handler'
import { beforeAll, describe, expect, it } from 'vitest'
import { segments } from '../src/index.ts'
import { load, show, TestActor } from './support/actor.ts'
import type { TestHost } from './support/actor.ts'
import { sendingGuest } from './support/phases.ts'
import { script } from './support/script.ts'
import type { Step } from './support/script.ts'
import { HOST, runSteps as run, scriptComponent } from './support/scripted.ts'

let component: Component
beforeAll(async () => {
  component = await scriptComponent()
})

/** A host whose effects a test counts. */
function hostOf(effect: Effect, done: number[], binding: Partial<Binding> = {}): TestHost {
  const counter = (value: number): object => ({ bump: (by: number) => (value += by) })
  return {
    functions: {
      [`${HOST}#effect`]: { mode: 'async', effect },
      [`${HOST}#bare-effect`]: { mode: 'async', effect },
      [`${HOST}#wait`]: { mode: 'async', effect: 'read' },
    },
    imports: {
      [HOST]: {
        '[constructor]counter': counter,
        effect: async (n: number) => {
          done.push(n)
          if (n === 13) throw new WitError({ tag: 'refused' })
          return n * 2
        },
        bareEffect: async (n: number) => {
          done.push(n)
          return n * 2
        },
        wait: async (ms: number) => ms,
      },
    },
    describe: () => ({}),
    resume: () => counter(0),
    ...binding,
  }
}

describe('a crash of the host', () => {
  it('anywhere in a turn: it goes on where its record ends, and ends as it would have', async () => {
    const done: number[] = []
    const host = hostOf('idempotent', done)
    const actor = await TestActor.start(component, host)
    await run(actor, ['counter', 1, 0], ['effect', 5])
    const steps: Step[] = [
      ['now'],
      ['effect', 6],
      ['after', 1_000_000, 1],
      ['block', 1],
      ['effect', 13],
      ['dropPollable', 1],
      ['bareEffect', 7],
      ['draw'],
      ['wait', 3],
      ['now'],
    ]
    const from = actor.log.events.length
    const values = await run(actor, ...steps)
    const { length } = actor.log.events
    expect(length - from).toBeGreaterThan(10)
    for (let size = from + 1; size < length; size++) {
      done.length = 0
      const { actor: again, end } = await actor.revive(host, size)
      expect([...(show(end) as BigUint64Array)].map(Number)).toEqual(values)
      // Only what the record has no result of is done, and done again.
      const results = actor.log.events.slice(0, size).filter(({ kind }) => kind === 'result').length
      expect(done).toEqual([5, 6, 13, 7].slice(results))
      const after = again.log.events
        .filter(({ kind }) => kind !== 'resume')
        .map(({ contentBytes }) => contentBytes.toHex())
      // But for the sequence numbers of calls, behind the event of the new epoch, it is the record that there would have been.
      expect(after.length).toBe(length)
      expect(await again.differs()).toBeUndefined()
    }
  })

  it('twice in a turn leaves a record that is verified and gone on with', async () => {
    const done: number[] = []
    const host = hostOf('idempotent', done)
    const actor = await TestActor.start(component, host)
    await run(actor, ['effect', 1], ['effect', 2], ['effect', 3])
    // In the middle of the second effect, then right after it.
    const { actor: second } = await actor.revive(host, 6)
    const { actor: third, end } = await second.revive(host, 8)
    expect([...(show(end) as BigUint64Array)].map(Number)).toEqual([0, 2, 0, 4, 0, 6])
    expect(third.log.kinds).toBe('turn call result call resume result resume call result return')
    expect(await third.differs()).toBeUndefined()
  })

  it.each([
    ['not done is done', { reconcile: async () => 'not-done' }, [0, 10], [5]],
    ['done has the answer that is found', { reconcile: async () => ({ done: 77 }) }, [0, 77], []],
    ['unknown is said to be so', { reconcile: async () => 'unknown' }, [1], []],
    ['that nobody can ask about is unknown', {}, [1], []],
    [
      'that asking about fails is unknown',
      {
        reconcile: async () => {
          throw new Error('broken')
        },
      },
      [1],
      [],
    ],
  ])('in an effect that is done once, and which was %s', async (_name, binding, answer, effects) => {
    const done: number[] = []
    const actor = await TestActor.start(component, hostOf('once', done))
    await run(actor, ['effect', 5])
    expect(actor.log.kinds).toBe('turn call result return')
    const intents: unknown[] = []
    const { reconcile } = binding as Partial<Binding>
    const asked: Partial<Binding> =
      reconcile === undefined
        ? {}
        : {
            reconcile(intent) {
              intents.push(intent)
              return reconcile(intent)
            },
          }
    done.length = 0
    const { actor: again, end } = await actor.revive(hostOf('once', done, asked), 4)
    const values = [...(show(end) as BigUint64Array)].map(Number)
    // The case of an err is not looked at.
    expect(answer[0] === 0 ? values : values.slice(0, 1)).toEqual(answer)
    expect(done).toEqual(effects)
    const intent = { fn: `${HOST}#effect`, args: [5], ask: undefined }
    expect(intents).toEqual(reconcile === undefined ? [] : [intent])
    expect(again.log.kinds).toBe('turn call resume result return')
    expect(await again.differs()).toBeUndefined()
  })

  it('in an effect that is done once, but for some calls: those that are idempotent are done again, and nobody is asked', async () => {
    const done: number[] = []
    const asked: unknown[] = []
    const made = (idempotent: number): TestHost => {
      const host = hostOf('once', done, {
        async reconcile({ args }) {
          asked.push(...args)
          return { done: 77 }
        },
      })
      const effectOf = ({ args }: Call): Effect => (args[0] === idempotent ? 'idempotent' : 'none')
      const effect = { mode: 'async', effect: 'once', effectOf } as const
      return { ...host, functions: { ...host.functions, [`${HOST}#effect`]: effect } }
    }
    const actor = await TestActor.start(component, made(5))
    await run(actor, ['effect', 5])
    expect(actor.log.kinds).toBe('turn call result return')
    const revived = async (host: TestHost): Promise<readonly number[]> =>
      [...(show((await actor.revive(host, 4)).end) as BigUint64Array)].map(Number)
    expect(await revived(made(5))).toEqual([0, 10])
    expect(done).toEqual([5, 5])
    expect(asked).toEqual([])
    // What cannot be told any more is asked about.
    expect(await revived(made(6))).toEqual([0, 77])
    expect(done).toEqual([5, 5])
    expect(asked).toEqual([5])
  })

  it('in an effect whose outcome cannot be told and has no case for that ends the turn', async () => {
    const done: number[] = []
    const actor = await TestActor.start(component, hostOf('once', done))
    await run(actor, ['bareEffect', 5])
    const { actor: again, end } = await actor.revive(hostOf('once', done), 4)
    expect(show(end)).toBe('abort outcome-unknown')
    expect(done).toEqual([5])
    expect(again.log.kinds).toBe('turn call resume abort')
    expect(await again.differs()).toBeUndefined()
  })

  it('in an effect whose handler makes something up afterwards ends the turn', async () => {
    const actor = await TestActor.start(component, hostOf('once', []))
    await run(actor, ['effect', 5])
    for (const found of [{ done: -1 }, { done: 'yes' }, { done: undefined }]) {
      const { end } = await actor.revive(hostOf('once', [], { reconcile: async () => found }), 4)
      expect(show(end)).toBe('abort host-value')
    }
    const odd = hostOf('once', [], { reconcile: async () => 'perhaps' as never })
    expect(show((await actor.revive(odd, 4)).end)).toBe('abort host-value')
  })

  it('makes the intent durable before the effect', async () => {
    const flushedAt: number[] = []
    const actor: TestActor = await TestActor.start(component, {
      ...hostOf('once', []),
      imports: {
        [HOST]: {
          effect: async (n: number) => {
            flushedAt.push(
              actor.log.flushed.at(-1) ?? 0,
              actor.log.events.length,
              actor.boundary.intent?.seq ?? 0,
            )
            return n
          },
        },
      },
    })
    await run(actor, ['effect', 5])
    // Everything that there was, the intent last.
    expect(flushedAt).toEqual([4, 4, 3])
    expect(actor.boundary.intent).toBeUndefined()
  })
})

describe('an abort', () => {
  it('while the guest waits leaves it where it is', async () => {
    const waiting = Promise.withResolvers<number>()
    const actor = await TestActor.start(component, {
      ...hostOf('once', []),
      imports: { [HOST]: { wait: () => waiting.promise } },
    })
    const turn = actor.turn('run', script(['wait', 1], ['counter', 1, 0]))
    actor.boundary.abort('stopped', undefined)
    expect(show(await turn)).toBe('abort stopped')
    waiting.resolve(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(actor.log.kinds).toBe('turn abort')
    expect(await actor.differs()).toBeUndefined()
  })

  it('between turns finishes the instance, and is not recorded', async () => {
    const actor = await TestActor.start(component, hostOf('once', []))
    actor.boundary.abort('stopped', undefined)
    expect(actor.boundary.ended).toMatchObject({ tag: 'abort', code: 'stopped' })
    await expect(actor.turn('run', script())).rejects.toMatchObject({ code: 'finished' })
    expect(actor.log.kinds).toBe('')
  })

  it('of a turn that is re-run does not change a record that has its end', async () => {
    const actor = await TestActor.start(component, hostOf('once', []))
    await run(actor, ['wait', 1])
    const { actor: again } = await actor.revive(hostOf('once', []), 2)
    const [, turn] = await Array.fromAsync(segments([...actor.log.events]))
    if (turn?.kind !== 'turn') throw new Error('there is a turn')
    const rerun = again.boundary.rerun(turn.turn, turn.events)
    again.boundary.abort('host-memory', new Error('no memory'))
    expect(await rerun).toMatchObject({ tag: 'abort', code: 'host-memory', recorded: false })
    expect(again.log.kinds).toBe('resume')
  })
})

describe('messages', () => {
  const CLIENT = 'theater:messaging/client@0.1'
  const functions = {
    [`${CLIENT}#send`]: { mode: 'sync', effect: 'none' },
    'test:send/host#effect': { mode: 'async', effect: 'once' },
  } as const
  const sent = (body: number): unknown => ({
    to: ['other'],
    fn: 'theater:messaging/receiver@0.1#handle-send',
    args: [
      { tag: 'actor', val: 'test' },
      { format: 'text/plain', body: Uint8Array.of(body) },
    ],
  })
  let sender: Component
  let leaving: number
  const host = (
    actor: () => TestActor,
    send: (to: string, message: { body: Uint8Array }) => void = () => undefined,
  ) => ({
    functions,
    imports: {
      [CLIENT]: { send },
      'test:send/host': {
        effect: async (n: number) => {
          leaving = actor().left.length
          return n
        },
      },
    },
  })
  beforeAll(async () => {
    sender = await load(await sendingGuest(false))
  })
  const start = async (
    ...args: [((to: string, message: { body: Uint8Array }) => void)?]
  ): Promise<TestActor> => {
    const actor: TestActor = await TestActor.start(
      sender,
      host(() => actor, ...args),
    )
    return actor
  }

  it('leave at the end of the turn', async () => {
    const actor = await start()
    const end = await actor.turn('say', 7)
    expect(end).toMatchObject({ tag: 'return', sends: [sent(7)] })
    expect(actor.left).toEqual([])
    expect(actor.log.kinds).toBe('turn call send return')
    expect(await actor.differs()).toBeUndefined()
  })

  it('leave before the next outside effect, durable first', async () => {
    const actor = await start()
    expect(await actor.turn('say-then-do', 7)).toMatchObject({ value: 7, sends: [] })
    expect(actor.left).toMatchObject([sent(7)])
    expect(leaving).toBe(1)
    expect(actor.log.kinds).toBe('turn call send call result return')
    expect(actor.log.flushed).toEqual([6])
    expect(await actor.differs()).toBeUndefined()
  })

  it('of a turn that traps do not leave', async () => {
    const actor = await start()
    expect(show(await actor.turn('say-then-trap', 7))).toBe('trap guest')
    expect(actor.left).toEqual([])
    expect(actor.log.kinds).toBe('turn call trap')
    expect(await actor.differs()).toBeUndefined()
  })

  it('that were refused do not leave', async () => {
    const actor = await start(() => {
      throw new WitError({ tag: 'unknown-actor' })
    })
    expect(await actor.turn('say', 7)).toMatchObject({ tag: 'return', sends: [] })
    expect(actor.log.kinds).toBe('turn call return')
    expect(await actor.differs()).toBeUndefined()
  })

  it('are what the guest said, whatever the handler does with it', async () => {
    const actor = await start((_to, message) => void message.body.fill(99))
    expect(await actor.turn('say', 7)).toMatchObject({ sends: [sent(7)] })
    expect(await actor.differs()).toBeUndefined()
  })

  it('that left stay left where the turn is ended while they become durable', async () => {
    const actor = await start()
    const flush = actor.log.flush.bind(actor.log)
    actor.log.flush = async () => {
      await flush()
      actor.boundary.abort('stopped', undefined)
    }
    leaving = 0
    expect(show(await actor.turn('say-then-do', 7))).toBe('abort stopped')
    await new Promise((resolve) => setImmediate(resolve))
    // The record says that they left; the effect did not happen.
    expect(actor.left).toMatchObject([sent(7)])
    expect(leaving).toBe(0)
    expect(actor.log.kinds).toBe('turn call send call abort')
    expect(await actor.differs()).toBeUndefined()
  })

  it('are sent again by nobody after a crash', async () => {
    const actor = await start()
    await actor.turn('say-then-do', 7)
    for (const size of [3, 4, 5]) {
      const world = host(() => actor)
      const { actor: again, end } = await actor.revive(world, size)
      expect(show(end)).toBe(7)
      expect(again.log.all('send')).toHaveLength(1)
      // With the event in the record it has left: whoever reads the record delivers it.
      expect(again.left).toHaveLength(size < 5 ? 1 : 0)
      expect(await again.differs()).toBeUndefined()
    }
  })

  it('cannot be sent while a component is instantiated', async () => {
    const eager = await load(await sendingGuest(true))
    const actor: TestActor = await TestActor.start(
      eager,
      host(() => actor),
    )
    expect(show(actor.instantiated)).toBe('abort handler-fault')
    expect(actor.log.kinds).toBe('abort')
    expect(await actor.differs()).toBeUndefined()
  })

  it('that left before a call that is no outside effect did not leave', async () => {
    const actor = await start()
    await actor.turn('say-then-do', 7)
    const { events } = actor.log
    const result = events.find((event) => event.kind === 'result')
    if (result?.kind !== 'result') throw new Error('there is a result')
    const { outcome } = result.content
    const merged = events.flatMap((event) => {
      if (event === result) return []
      const isIntent = event.kind === 'call' && event.content.outcome === null
      return isIntent ? [{ ...event, content: { ...event.content, outcome } }] : [event]
    }) as typeof events
    expect(show((await actor.rerun(merged)).at(-1))).toBe('diverged at 5: call')
  })

  it('that a record has too many of, or too few, are noticed', async () => {
    const actor = await start()
    await actor.turn('say', 7)
    const { events } = actor.log
    const renumbered = (list: typeof events): typeof events =>
      list.map((event, seq) => ({ ...event, seq }) as (typeof events)[number])
    const send = events.find(({ kind }) => kind === 'send')!
    const without = renumbered(events.filter((event) => event !== send))
    expect(show((await actor.rerun(without)).at(-1))).toBe('diverged at 4: send')
    const twice = renumbered(events.flatMap((event) => (event === send ? [send, send] : [event])))
    expect(show((await actor.rerun(twice)).at(-1))).toBe('diverged at 5: return')
    const other = events.map((event) =>
      event === send
        ? { ...event, content: { call: 9 }, contentBytes: encodeContent('send', { call: 9 }) }
        : event,
    ) as typeof events
    expect(show((await actor.rerun(other)).at(-1))).toBe('diverged at 4: send')
  })
})
