import type { Component } from '@theater/component'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { show, TestActor } from './support/actor.ts'
import type { ActorOptions } from './support/actor.ts'
import { BORN } from './support/log.ts'
import { script } from './support/script.ts'
import type { Step } from './support/script.ts'
import { HOST, runWide as run, scriptComponent, waitingHost } from './support/scripted.ts'

let component: Component
beforeAll(async () => {
  component = await scriptComponent()
})

/** A host whose clock stands still but where a test moves it. */
class Machine {
  now = BORN
  readonly host = waitingHost((ms) => (this.now += ms))

  start(options: ActorOptions = {}): Promise<TestActor> {
    return TestActor.start(component, this.host, {
      ...options,
      live: { now: () => this.now, ...options.live },
    })
  }
}

describe('derived clocks', () => {
  it('show the start of the turn, one microsecond more a reading, and nothing else of the machine', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    machine.now = BORN + 250
    expect(await run(actor, ['now'], ['now'], ['wall'], ['now'])).toEqual([
      250_001_000n,
      250_002_000n,
      BigInt(BORN + 250) / 1000n,
      250_003_000n,
      250_004_000n,
    ])
    expect(actor.log.kinds).toBe('turn return')
    expect(await actor.differs()).toBeUndefined()
  })

  it('say how fine they are: a microsecond, which is what a reading takes', async () => {
    const actor = await new Machine().start()
    expect(await run(actor, ['resolution'], ['wallResolution'], ['now'])).toEqual([
      1_000n,
      0n,
      1_000n,
      1_000n,
    ])
    expect(actor.log.kinds).toBe('turn return')
    expect(await actor.differs()).toBeUndefined()
  })

  it('tell the time of day in seconds, and less than a second of nanoseconds', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    // The last millisecond of a second.
    machine.now = (Math.floor(BORN / 1000) + 1) * 1000 + 999
    const second = BigInt(Math.floor(machine.now / 1000))
    expect(await run(actor, ['wall'], ['wait', 1], ['wall'])).toEqual([
      second,
      999_001_000n,
      1n,
      second + 1n,
      2_000n,
    ])
    expect(await actor.differs()).toBeUndefined()
  })

  it('count the time of calls that waited', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    expect(await run(actor, ['now'], ['wait', 40], ['now'], ['wait', 0], ['now'])).toEqual([
      1_000n,
      40n,
      40_002_000n,
      0n,
      40_003_000n,
    ])
    expect(actor.log.all('call').map(({ outcome }) => outcome?.elapsed)).toEqual([40, 0])
    expect(await actor.differs()).toBeUndefined()
  })

  it('never go backwards, not over turns, nor a restart, nor when the clock of the machine does', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    const first = await run(actor, ['wait', 5000], ['now'], ['now'])
    machine.now = BORN - 10_000
    const second = await run(actor, ['now'], ['wait', 7], ['now'])
    const times = actor.log.all('turn').map(({ time }) => time)
    // The first millisecond that is not before anything the guest saw.
    expect(times).toEqual([BORN, BORN + 5001])
    expect(second[0]).toBeGreaterThan(first[2] as bigint)
    const { actor: again } = await actor.revive(machine.host)
    const third = await run(again, ['now'])
    expect(third[0]).toBeGreaterThan(second[2] as bigint)
    expect(await again.differs()).toBeUndefined()
  })

  it('never go backwards, whatever the machine does', async () => {
    const machine = new Machine()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -2000, max: 2000 }), fc.nat(3), fc.nat(50)), { maxLength: 6 }),
        async (turns) => {
          machine.now = BORN
          const actor = await machine.start()
          const seen: bigint[] = []
          for (const [move, readings, wait] of turns) {
            machine.now += move
            const steps: Step[] = Array.from({ length: readings }, () => ['now'])
            const values = await run(actor, ...steps, ['wait', wait], ['now'])
            seen.push(...values.filter((_, i) => i !== readings))
          }
          expect(seen).toEqual([...new Set(seen)].toSorted((x, y) => (x < y ? -1 : 1)))
          expect(await actor.differs()).toBeUndefined()
        },
      ),
      { numRuns: 20 },
    )
  })

  it('a turn that a record starts too early is refused', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['wait', 100])
    await run(actor, ['now'])
    const early = actor.log.events.map((event, i) =>
      event.kind === 'turn' && i > 2 ? { ...event, content: { ...event.content, time: BORN + 99 } } : event,
    ) as typeof actor.log.events
    expect(show((await actor.rerun(early)).at(-1))).toBe('diverged at 5: refused-record')
  })
})

describe('a clock that a record runs to its end', () => {
  const centuries = 600 * 366 * 86_400_000

  it('by a turn, or by a wait, was made up', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['wait', 100])
    const late = actor.log.events.map((event) =>
      event.kind === 'turn' ? { ...event, content: { ...event.content, time: BORN + centuries } } : event,
    ) as typeof actor.log.events
    expect(show((await actor.rerun(late)).at(-1))).toBe('diverged at 2: refused-record')
    const long = actor.log.events.map((event) =>
      event.kind === 'call' && event.content.outcome !== null
        ? {
            ...event,
            content: { ...event.content, outcome: { ...event.content.outcome, elapsed: centuries } },
          }
        : event,
    ) as typeof actor.log.events
    expect(show((await actor.rerun(long)).at(-1))).toBe('diverged at 3: refused-record')
  })
})

describe('timers', () => {
  it('are ready when their deadline is at or behind the clock, and not before', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    const values = await run(
      actor,
      ['after', 5_000_000, 0],
      ['ready', 0],
      ['wait', 4],
      ['ready', 0],
      ['wait', 1],
      ['ready', 0],
      ['now'],
    )
    expect(values.slice(0, -1)).toEqual([0n, 4n, 0n, 1n, 1n])
    expect(values.at(-1)).toBeGreaterThanOrEqual(5_001_000n)
    expect(await actor.differs()).toBeUndefined()
  })

  it('that are waited for have come, however early the timer of the machine fires', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    // The machine's clock stands still while it waits: the wait counts as long as it had to be.
    const values = await run(
      actor,
      ['after', 3_000_000, 0],
      ['block', 0],
      ['now'],
      ['ready', 0],
      ['dropPollable', 0],
    )
    expect(values[0]).toBe(3_002_000n)
    expect(values[1]).toBe(1n)
    expect(actor.log.all('call').map(({ outcome }) => outcome?.elapsed)).toEqual([3, 0])
    expect(actor.log.all('drop')).toMatchObject([{ resource: 1 }])
    expect(await actor.differs()).toBeUndefined()
  })

  it('that are past need no wait', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    machine.now += 100
    const values = await run(actor, ['at', 50_000_000, 0], ['at', 0, 1], ['block', 0], ['poll', 0, 2])
    expect(values).toEqual([2n, 0n, 1n])
    expect(actor.log.all('call').map(({ outcome }) => outcome?.elapsed)).toEqual([0, 0])
  })

  it('in a poll: the soonest is ready, and those that are due with it', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    const values = await run(
      actor,
      ['after', 60_000_000_000n, 0],
      ['after', 2_000_000, 1],
      ['after', 2_000_000, 2],
      ['poll', 0, 3],
      ['now'],
    )
    expect(values.slice(0, 3)).toEqual([2n, 1n, 2n])
    expect(values[3]).toBeGreaterThanOrEqual(2_001_000n)
    expect(await actor.differs()).toBeUndefined()
  })

  it('survive a restart with their deadlines, and go on live', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['after', 4_000_000, 0], ['after', 60_000_000_000n, 1])
    const { actor: again } = await actor.revive(machine.host)
    const values = await run(again, ['poll', 0, 2], ['now'])
    expect(values.slice(0, 2)).toEqual([1n, 0n])
    expect(values[2]).toBeGreaterThanOrEqual(4_001_000n)
    expect(await again.differs()).toBeUndefined()
  })

  it('of forever are waited for until the actor is ended', async () => {
    const machine = new Machine()
    const ended = new AbortController()
    const actor = await machine.start({ live: { signal: ended.signal } })
    const turn = actor.turn('run', script(['after', 2n ** 64n - 1n, 0], ['block', 0]))
    actor.boundary.abort('stopped', undefined)
    ended.abort()
    expect(show(await turn)).toBe('abort stopped')
    expect(await actor.differs()).toBeUndefined()
  })

  it('can be given to a handler', async () => {
    const machine = new Machine()
    const imports = {
      pass: async (timer: { ready(): boolean; wait(signal: AbortSignal): Promise<void> }) => {
        const before = timer.ready()
        await timer.wait(new AbortController().signal)
        return before ? 1 : 0
      },
    }
    const actor = await TestActor.start(
      component,
      { functions: { [`${HOST}#pass`]: { mode: 'async', effect: 'read' } }, imports: { [HOST]: imports } },
      { live: { now: () => machine.now } },
    )
    expect(await run(actor, ['after', 1_000_000, 0], ['pass', 0])).toEqual([0n])
    expect(await actor.differs()).toBeUndefined()
  })

  it('that a record has ready before their time were made up', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['after', 5_000_000, 0], ['block', 0])
    const lie = actor.log.events.map((event) =>
      event.kind === 'call' && event.content.outcome !== null
        ? { ...event, content: { ...event.content, outcome: { ...event.content.outcome, elapsed: 4 } } }
        : event,
    ) as typeof actor.log.events
    expect(show((await actor.rerun(lie)).at(-1))).toBe('diverged at 3: refused-record')
  })

  it('of an empty poll trap the guest, and so on a re-run', async () => {
    const actor = await new Machine().start()
    expect(show(await actor.turn('run', script(['poll', 0, 0])))).toBe('trap guest')
    expect(actor.log.kinds).toBe('turn trap')
    expect(await actor.differs()).toBeUndefined()
  })
})

describe('derived randomness', () => {
  const draws: Step[] = [['draw'], ['draw'], ['seed']]

  it('is a function of seed and turn', async () => {
    const machine = new Machine()
    const one = await machine.start()
    const two = await machine.start()
    const other = await machine.start({ seed: new Uint8Array(32).fill(8) })
    const values = await run(one, ...draws)
    expect(await run(two, ...draws)).toEqual(values)
    const others = await run(other, ...draws)
    expect(new Set([...values, ...others]).size).toBe(8)
    expect(one.log.kinds).toBe('turn return')
    const second = await run(one, ...draws)
    expect(new Set([...values, ...second]).size).toBe(8)
    const again = await one.rerun()
    expect(again.slice(1).map((end) => [...(show(end) as BigUint64Array)])).toEqual([values, second])
  })

  it('of the insecure kind comes from the same seed, and is as good', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    const values = await run(
      actor,
      ['insecureDraw'],
      ['draw'],
      ['insecureDraw'],
      ['insecureBytes', 0],
      ['insecureBytes', 33],
    )
    expect(values.slice(3)).toEqual([0n, 33n])
    const same = await machine.start()
    expect(values.slice(0, 3)).toEqual(await run(same, ['draw'], ['draw'], ['draw']))
    expect(show(await actor.turn('run', script(['insecureBytes', 2 ** 20 + 1])))).toBe('trap guest')
    expect(await actor.differs()).toBeUndefined()
  })

  it('of a turn that was undone leaves no trace', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['draw'])
    expect(show(await actor.turn('run', script(['draw'], ['draw'], ['trap'])))).toBe('trap guest')
    const { actor: again } = await actor.revive(machine.host)
    const values = await run(again, ['draw'], ['draw'])
    expect(await again.differs()).toBeUndefined()
    // However much the undone turn drew, what comes after it is the same.
    const less = await machine.start()
    await run(less, ['draw'])
    await less.turn('run', script(['trap']))
    const { actor: lessAgain } = await less.revive(machine.host)
    expect(await run(lessAgain, ['draw'], ['draw'])).toEqual(values)
  })

  it('gives as many bytes as are asked for, and more than a megabyte to nobody', async () => {
    const actor = await new Machine().start()
    expect(await run(actor, ['bytes', 0], ['bytes', 1], ['bytes', 33], ['bytes', 100_000])).toEqual([
      0n,
      1n,
      33n,
      100_000n,
    ])
    expect(show(await actor.turn('run', script(['bytes', 2 ** 20 + 1])))).toBe('trap guest')
    expect(await actor.differs()).toBeUndefined()
  })
})
