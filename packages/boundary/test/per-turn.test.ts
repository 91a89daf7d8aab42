import { encodeContent } from '@theater/event-chain'
import type { Component } from '@theater/component'
import { guest } from '@theater/guests'
import { beforeAll, describe, expect, it } from 'vitest'
import { Boundary } from '../src/index.ts'
import type { Link, TheaterEvent, TurnEnd } from '../src/index.ts'
import { load, show } from './support/actor.ts'
import { BORN, Log, SEED } from './support/log.ts'

const HOST = 'test:fresh/host'
const allowance = { fuel: 10_000, start: 20_000, depth: 1000, memory: 1 << 20, elements: 100 }

/** The host of a guest that is made for every turn. */
class World {
  readonly log = new Log()
  /** What the guest is answered when it asks whether it may begin. */
  begin = 1
  readonly dropped: unknown[] = []
  disposed = 0
  now = BORN
  #made = 0
  /** What the guest's effects are answered with. */
  effect: (n: number) => Promise<number> = (n) => Promise.resolve(n)

  readonly #imports = {
    begin: () => this.begin,
    take: () => ({ n: ++this.#made, [Symbol.dispose]: () => void this.disposed++ }),
    effect: (n: number) => this.effect(n),
  }

  get link(): Link {
    const sync = { mode: 'sync', effect: 'read' } as const
    return {
      handler: {
        name: 'fresh',
        interfaces: [HOST],
        grant: {},
        functions: {
          [`${HOST}#begin`]: sync,
          [`${HOST}#take`]: sync,
          [`${HOST}#effect`]: { mode: 'async', effect: 'idempotent' },
        },
        within: () => true,
        authorize: () => true,
        bind: () => ({ imports: {} }),
      },
      binding: {
        imports: { [HOST]: this.#imports },
        describe: (_type, object) => ({ n: (object as { n: number }).n }),
        dropped: (type, description) => void this.dropped.push([type, description]),
      },
      grant: {},
    }
  }
}

describe('an instance that lives for a turn', () => {
  let component: Component
  beforeAll(async () => {
    component = await load(guest('fresh'))
  })

  const make = async (world: World | undefined, notBefore?: number): Promise<Boundary> => {
    const prepared = await component.prepare(
      world === undefined ? { mode: 'sync' } : { mode: 'jspi', asyncImports: [`${HOST}#effect`] },
    )
    return new Boundary({
      component,
      prepared,
      actor: { id: 'test', parent: null },
      time: BORN,
      instance: 'turn',
      notBefore,
      seed: SEED,
      allowance,
      ...(world !== undefined && {
        live: {
          recorder: world.log,
          links: new Map([[HOST, world.link]]),
          now: () => world.now++,
          leave: () => undefined,
          callTimeoutMs: 1000,
          signal: new AbortController().signal,
        },
      }),
    })
  }

  /** Takes turns, each with an instance of its own. */
  const turns = async (world: World, ...calls: [fn: string, ...args: unknown[]][]): Promise<TurnEnd[]> => {
    const ends: TurnEnd[] = []
    let notBefore: number | undefined
    for (const [fn, ...args] of calls) {
      const boundary = await make(world, notBefore)
      const end = await boundary.turn({ fn, args, sender: null, cause: null })
      ends.push(end)
      if (end.tag === 'return') ({ notBefore } = boundary)
      boundary.release()
    }
    return ends
  }

  /** Re-runs one turn of a record: the last. */
  const rerunLast = async (events: readonly TheaterEvent[]): Promise<TurnEnd> => {
    const at = events.findLastIndex(({ kind }) => kind === 'turn')
    const turn = events[at]
    if (turn?.kind !== 'turn') throw new Error('no turn')
    return (await make(undefined)).rerunSync(turn, events.slice(at + 1))
  }

  it('begins each turn as the first, as a part of it', async () => {
    const world = new World()
    const ends = await turns(world, ['count'], ['count'], ['count'])
    expect(ends.map(show)).toEqual([1, 1, 1])
    // begin and take are calls of the turn; each instance numbers its resources from 1.
    expect(world.log.kinds).toBe(Array(3).fill('turn call call return').join(' '))
    const taken = world.log.all('call').filter(({ fn }) => fn.endsWith('#take'))
    expect(new Set(taken.map(({ outcome }) => Buffer.from(outcome!.result).toString('hex')))).toEqual(
      new Set(['8101']),
    )
    expect(show(await rerunLast(world.log.events))).toBe(1)
  })

  it('draws what no turn before it drew, and goes on drawing', async () => {
    const world = new World()
    const drawn = (await turns(world, ['drawn'], ['draw'], ['drawn'], ['draw'])).map(show)
    expect(new Set(drawn).size).toBe(4)
    // The second draw of a turn is not its first again.
    const [again] = await turns(new World(), ['drawn'])
    expect(show(again)).toBe(drawn[0])
    const [other] = await turns(new World(), ['draw'])
    expect(show(other)).not.toBe(drawn[0])
    expect(show(await rerunLast(world.log.events))).toBe(drawn[3])
  })

  it('counts the fuel of the instantiation in the turn, and gives each its own', async () => {
    const world = new World()
    await turns(world, ['count'])
    const [first, second] = world.log.all('call').map(({ fuel }) => fuel as number)
    const [{ fuel } = { fuel: null }] = world.log.all('return')
    expect(first).toBeGreaterThan(0)
    expect(second).toBeGreaterThan(first!)
    expect(fuel).toBeGreaterThan(second!)
    // More than the turn alone may use, and allowed.
    const rich = new World()
    const [end] = await turns(rich, ['effects', 3])
    expect(show(end)).toBe(1)
    expect(rich.log.all('return')[0]?.fuel).toBeGreaterThan(allowance.fuel)
    expect(show(await rerunLast(rich.log.events))).toBe(1)
    // Each part by itself is held to what it was given.
    expect((await turns(new World(), ['effects', 6])).map(show)).toEqual(['trap out-of-fuel'])
  })

  it('that traps while it is made ends that turn, and no other', async () => {
    const world = new World()
    world.begin = 0
    const [end] = await turns(world, ['count'])
    expect(show(end)).toBe('trap guest')
    expect(world.log.kinds).toBe('turn call trap')
    expect(show(await rerunLast(world.log.events))).toBe('trap guest')
    world.begin = 1
    expect((await turns(world, ['count'], ['fail'], ['count'])).map(show)).toEqual([1, 'trap guest', 1])
  })

  it('never sees a clock go backwards', async () => {
    const world = new World()
    const [first] = await turns(world, ['now'], ['now'])
    // The host's clock stands still, or worse, and the guest's goes on.
    const stuck = new World()
    const boundary = await make(stuck)
    await boundary.turn({ fn: 'now', args: [], sender: null, cause: null })
    stuck.now = BORN - 500
    const next = await make(stuck, boundary.notBefore)
    const seen = await next.turn({ fn: 'now', args: [], sender: null, cause: null })
    expect(seen.tag === 'return' && (seen.value as bigint)).toBeGreaterThan(
      (first?.tag === 'return' && (first.value as bigint)) as bigint,
    )
    const at = stuck.log.events.findLastIndex(({ kind }) => kind === 'turn')
    const turn = stuck.log.events[at] as TheaterEvent & { kind: 'turn' }
    // A record in which it does is not one of this actor.
    const early = await make(undefined, boundary.notBefore + 1)
    expect(show(early.rerunSync(turn, stuck.log.events.slice(at + 1)))).toBe(
      `diverged at ${at}: refused-record`,
    )
  })

  it('takes no second turn', async () => {
    const world = new World()
    const boundary = await make(world)
    const request = { fn: 'count', args: [], sender: null, cause: null }
    await boundary.turn(request)
    await expect(boundary.turn(request)).rejects.toMatchObject({ code: 'finished' })
    await expect(boundary.instantiate([])).rejects.toMatchObject({ code: 'finished' })
    // One that was made by itself, to see whether it can be, takes none.
    const made = await make(new World())
    expect((await made.instantiate([])).tag).toBe('return')
    await expect(made.turn(request)).rejects.toMatchObject({ code: 'finished' })
  })

  it('drops what it holds when it is released, and its handlers are told', async () => {
    const world = new World()
    const boundary = await make(world)
    await boundary.turn({ fn: 'take', args: [], sender: null, cause: null })
    expect([world.disposed, world.dropped]).toEqual([0, []])
    const { length } = world.log.events
    boundary.release()
    boundary.release()
    const type = `${HOST}#thing`
    expect(world.disposed).toBe(2)
    expect(world.dropped).toEqual([
      [type, { n: 1 }],
      [type, { n: 2 }],
    ])
    expect(world.log.events.length).toBe(length)
  })

  it('goes on live where its record ends, also while it is made', async () => {
    const world = new World()
    await turns(world, ['effects', 2])
    const whole = world.log.events
    for (let size = 3; size < whole.length; size++) {
      const rest = new World()
      for (const event of whole.slice(2, size))
        rest.log.append(event.kind, encodeContent(event.kind, event.content as never))
      const boundary = await make(rest)
      const turn = whole[2] as TheaterEvent & { kind: 'turn' }
      expect(show(await boundary.rerun(turn, whole.slice(3, size)))).toBe(1)
      expect(rest.log.kinds).toBe(world.log.kinds)
    }
  })
})
