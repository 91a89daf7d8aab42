import type { Component } from '@theater/component'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TheaterEvent } from '../src/index.ts'
import { show, TestActor } from './support/actor.ts'
import type { ActorOptions, TestHost } from './support/actor.ts'
import { BORN } from './support/log.ts'
import { script } from './support/script.ts'
import type { Step } from './support/script.ts'
import { runWide as run, scriptComponent, waitingHost } from './support/scripted.ts'

const MONOTONIC = 'wasi:clocks/monotonic-clock@0.2'
const WALL = 'wasi:clocks/wall-clock@0.2'
const RANDOM = 'wasi:random/random@0.2'
const SEED = 'wasi:random/insecure-seed@0.2'
const read = { mode: 'sync', effect: 'read' } as const
const LIVE = { clocks: { live: true }, random: { live: true } }

let component: Component
beforeAll(async () => {
  component = await scriptComponent()
})

/** A machine whose clocks a test moves, and whose chance it knows. */
class Machine {
  /** Nanoseconds since the epoch. */
  wall = BigInt(BORN) * 1_000_000n
  /** Nanoseconds since it was switched on. */
  up = 77_000n
  drawn = 0n
  readonly #waiting = waitingHost((ms) => this.pass(ms))
  readonly host: TestHost = {
    functions: {
      ...this.#waiting.functions,
      [`${MONOTONIC}#now`]: read,
      [`${WALL}#now`]: read,
      [`${RANDOM}#get-random-bytes`]: read,
      [`${RANDOM}#get-random-u64`]: read,
      [`${SEED}#insecure-seed`]: read,
    },
    imports: {
      ...this.#waiting.imports,
      [MONOTONIC]: { now: () => this.up },
      [WALL]: {
        now: () => ({ seconds: this.wall / 1_000_000_000n, nanoseconds: Number(this.wall % 1_000_000_000n) }),
      },
      [RANDOM]: {
        getRandomBytes: (length: bigint) => new Uint8Array(Number(length)).fill(9),
        getRandomU64: () => ++this.drawn,
      },
      [SEED]: { insecureSeed: () => [++this.drawn, ++this.drawn] },
    },
  }

  /** Time passes. */
  pass(ms: number): void {
    this.wall += BigInt(ms) * 1_000_000n
    this.up += BigInt(ms) * 1_000_000n
  }

  readonly now = (): number => Number(this.wall / 1_000_000n)

  start(options: ActorOptions = {}): Promise<TestActor> {
    return TestActor.start(component, this.host, {
      grants: LIVE,
      ...options,
      live: { now: this.now, ...options.live },
    })
  }
}

/** The record with the answers of some calls changed. */
function lie(actor: TestActor, change: (result: Uint8Array, nth: number) => Uint8Array): TheaterEvent[] {
  let nth = 0
  return actor.log.events.map((event) =>
    event.kind === 'call' && event.content.outcome !== null
      ? {
          ...event,
          content: {
            ...event.content,
            outcome: { ...event.content.outcome, result: change(event.content.outcome.result, nth++) },
          },
        }
      : event,
  ) as TheaterEvent[]
}

describe('live clocks', () => {
  it('are read by a handler, each reading an event, and a re-run has them from the record', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    const first = await run(actor, ['now'], ['now'], ['wall'])
    machine.pass(5)
    machine.up += 123n
    const second = await run(actor, ['now'])
    expect(actor.log.kinds).toBe('turn call call call return turn call return')
    expect(actor.log.all('call').map(({ fn }) => fn)).toEqual([
      'wasi:clocks/monotonic-clock@0.2.3#now',
      'wasi:clocks/monotonic-clock@0.2.3#now',
      'wasi:clocks/wall-clock@0.2.3#now',
      'wasi:clocks/monotonic-clock@0.2.3#now',
    ])
    // The monotonic clock goes on from where the actor is; the machine's own origin is not to be seen.
    expect(first.slice(0, 2)).toEqual([0n, 0n])
    expect(second).toEqual([5_000_123n])
    expect(await actor.differs()).toBeUndefined()
  })

  it('leave how fine they are to the boundary, and their times are of a second of nanoseconds at most', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    machine.wall = 1_900_000_000_999_999_999n
    expect(await run(actor, ['resolution'], ['wallResolution'], ['wall'])).toEqual([
      1_000n,
      0n,
      1_000n,
      1_900_000_000n,
      999_999_999n,
    ])
    expect(actor.log.kinds).toBe('turn call return')
    expect(await actor.differs()).toBeUndefined()
  })

  it('without such a grant are not: nothing is asked, and nothing recorded', async () => {
    for (const grants of [{}, { clocks: {} }, { clocks: { live: false } }, { clocks: { live: 'yes' } }]) {
      const machine = new Machine()
      const actor = await machine.start({ grants })
      expect(await run(actor, ['now'], ['draw'])).not.toContain(1n)
      expect(machine.drawn).toBe(0n)
      expect(actor.log.kinds).toBe('turn return')
    }
  })

  it('are granted apart from chance', async () => {
    const machine = new Machine()
    const actor = await machine.start({ grants: { random: { live: true } } })
    expect(await run(actor, ['now'], ['draw'])).toEqual([1_000n, 1n])
    expect(actor.log.kinds).toBe('turn call return')
    expect(await actor.differs()).toBeUndefined()
  })

  it('never go backwards, whatever the machine, a wait, a turn or a restart does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            wall: fc.integer({ min: -5000, max: 5000 }),
            up: fc.nat(3_000_000),
            steps: fc.array(fc.constantFrom<Step>(['now'], ['wait', 3], ['now']), { maxLength: 4 }),
            again: fc.boolean(),
          }),
          { maxLength: 5 },
        ),
        async (turns) => {
          const machine = new Machine()
          let actor = await machine.start()
          let last = 0n
          for (const { wall, up, steps, again } of turns) {
            machine.wall += BigInt(wall) * 1_000_000n
            machine.up += BigInt(up)
            if (again) {
              // Another machine has been up for another time.
              machine.up = BigInt(up)
              actor = (await actor.revive(machine.host)).actor
            }
            const values = await run(actor, ...steps, ['now'])
            const readings = values.filter((_, i) => i === steps.length || steps[i]?.[0] === 'now')
            for (const reading of readings) {
              expect(reading).toBeGreaterThanOrEqual(last)
              last = reading
            }
          }
          expect(await actor.differs()).toBeUndefined()
        },
      ),
      { numRuns: 25 },
    )
  })

  it('that a record has going backwards were made up', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['wait', 50], ['now'])
    // The answer of `now`, 50 ms, becomes 1 ns.
    const back = lie(actor, (result, nth) => (nth === 1 ? Uint8Array.of(0x81, 1) : result))
    expect(show((await actor.rerun(back)).at(-1))).toBe('diverged at 4: refused-record')
  })

  it('cannot be put into the record of an actor that was granted none', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['draw'])
    expect(await actor.differs()).toBeUndefined()
    const derived = await machine.start({ grants: {} })
    expect(show((await derived.rerun(actor.log.events)).at(-1))).toMatch(/^diverged at 3/)
  })

  it('beyond their type are the handler at fault, and not in the record', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    expect(await run(actor, ['now'])).toEqual([0n])
    machine.up = 1n << 70n
    expect(show(await actor.turn('run', script(['now'])))).toBe('abort host-value')
    expect(actor.log.kinds).toBe('turn call return turn abort')
    expect(await actor.differs()).toBeUndefined()
  })
})

describe('timers under live clocks', () => {
  it('are ready when their deadline is at or behind what the actor knows of the clock', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    const values = await run(
      actor,
      ['after', 5_000_000, 0],
      ['ready', 0],
      ['wait', 4],
      ['ready', 0],
      ['wait', 2],
      ['ready', 0],
    )
    expect(values).toEqual([0n, 4n, 0n, 2n, 1n])
    expect(await actor.differs()).toBeUndefined()
  })

  it('see the time that passes where nobody reads the clock', async () => {
    const machine = new Machine()
    let asked = 0
    // Each look at the machine's clock costs it two milliseconds.
    const now = (): number => {
      asked++
      machine.pass(2)
      return machine.now()
    }
    const actor = await machine.start({ live: { now } })
    const values = await run(
      actor,
      ['after', 5_000_000, 0],
      ['ready', 0],
      ['ready', 0],
      ['ready', 0],
      ['now'],
    )
    // Once ready, it stays so.
    expect(values.slice(0, 3).join('')).toMatch(/^0*1+$/)
    expect(values[2]).toBe(1n)
    expect(values[3]).toBeGreaterThanOrEqual(5_001_000n)
    expect(asked).toBeGreaterThan(2)
    expect(await actor.differs()).toBeUndefined()
  })

  it('that are waited for have come, and the clock says so', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    const values = await run(actor, ['now'], ['after', 3_000_000, 0], ['block', 0], ['now'], ['poll', 0, 1])
    expect(values[1]).toBeGreaterThanOrEqual((values[0] ?? 0n) + 3_000_000n)
    expect(values.slice(2)).toEqual([1n, 0n])
    expect(await actor.differs()).toBeUndefined()
  })

  it('that a record has ready before their time were made up', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    await run(actor, ['now'], ['after', 5_000_000, 0], ['ready', 0])
    const early = lie(actor, (result, nth) => (nth === 1 ? Uint8Array.of(0x81, 0xf5) : result))
    expect(show((await actor.rerun(early)).at(-1))).toBe('diverged at 4: refused-record')
  })
})

describe('live randomness', () => {
  it('is drawn by a handler, each draw an event, and is the same on a re-run', async () => {
    const machine = new Machine()
    const actor = await machine.start()
    expect(await run(actor, ['draw'], ['bytes', 3], ['seed'])).toEqual([1n, 3n, 2n, 3n])
    expect(actor.log.kinds).toBe('turn call call call return')
    expect(machine.drawn).toBe(3n)
    const again = await actor.rerun()
    expect([...(show(again.at(-1)) as BigUint64Array)]).toEqual([1n, 3n, 2n, 3n])
    expect(machine.drawn).toBe(3n)
  })

  it('gives more than a megabyte to nobody, without asking anybody', async () => {
    const actor = await new Machine().start()
    expect(show(await actor.turn('run', script(['bytes', 2 ** 20 + 1])))).toBe('trap guest')
    expect(actor.log.kinds).toBe('turn trap')
    expect(await actor.differs()).toBeUndefined()
  })
})
