import type { Component } from '@theater/component'
import { fromCore } from '@theater/guests/wat'
import type { Binding } from '@theater/handler'
import { WitError } from '@theater/handler'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, show, TestActor } from './support/actor.ts'
import type { ActorOptions, TestHost } from './support/actor.ts'
import { script } from './support/script.ts'
import type { Step } from './support/script.ts'
import { HOST, runSteps as run, scriptComponent } from './support/scripted.ts'

let component: Component
beforeAll(async () => {
  component = await scriptComponent()
})

/** A host of counters that notes what happens to them. */
class Counters {
  readonly notes: string[] = []
  /** What was given back by the guest. */
  readonly taken: Counter[] = []
  readonly #binding: Partial<Binding>

  constructor(binding: Partial<Binding> = {}) {
    this.#binding = binding
  }

  make = (value: number): Counter => new Counter(value, this.notes)

  get host(): TestHost {
    return {
      functions: { [`${HOST}#look`]: { mode: 'sync', effect: 'read' } },
      imports: {
        [HOST]: {
          '[constructor]counter': this.make,
          give: (n: number) => this.taken.pop() ?? this.make(n),
          take: (counter: Counter) => {
            this.taken.push(counter)
            return counter.value
          },
          look: (counter: Counter) => counter.value,
        },
      },
      describe: (_type, object) => ({ value: (object as Counter).value }),
      ...this.#binding,
    }
  }

  start(options?: ActorOptions): Promise<TestActor> {
    return TestActor.start(component, this.host, options)
  }
}

class Counter {
  value: number
  readonly #notes: string[]
  constructor(value: number, notes: string[]) {
    this.value = value
    this.#notes = notes
    notes.push(`made ${value}`)
  }
  bump(by: number): number {
    this.value += by
    return this.value
  }
  [Symbol.dispose](): void {
    this.#notes.push(`dropped ${this.value}`)
  }
}

describe('resources of the host', () => {
  it('have numbers that are a function of the calls alone', async () => {
    const world = new Counters()
    const actor = await world.start()
    const values = await run(
      actor,
      ['counter', 10, 0],
      ['counter', 20, 1],
      ['after', 5, 2],
      ['bump', 0, 1],
      ['look', 1],
      ['dropCounter', 0],
      ['take', 1],
      ['give', 0, 3],
      ['bump', 3, 5],
      ['dropPollable', 2],
      ['dropCounter', 3],
    )
    expect(values).toEqual([11, 0, 20, 20, 25])
    // 1 and 2: counters; 3: the timer; 4: the second counter again, given away and back.
    expect(actor.log.all('drop').map(({ resource }) => resource)).toEqual([1, 3, 4])
    expect(world.notes).toEqual(['made 10', 'made 20', 'dropped 11', 'dropped 25'])
    expect(await actor.differs()).toBeUndefined()
  })

  it('that were given away cannot be used, and a drop that fails is the fault of the host', async () => {
    const world = new Counters()
    const actor = await world.start()
    const stale: Step[] = [
      ['counter', 1, 0],
      ['take', 0],
      ['bump', 0, 1],
    ]
    expect(show(await actor.turn('run', script(...stale)))).toBe('trap guest')
    expect(await actor.differs()).toBeUndefined()
    const failing = await TestActor.start(component, {
      imports: {
        [HOST]: {
          '[constructor]counter': () => ({
            [Symbol.dispose]() {
              throw new Error('stuck')
            },
          }),
        },
      },
    })
    expect(show(await failing.turn('run', script(['counter', 1, 0], ['dropCounter', 0])))).toBe(
      'abort handler-fault',
    )
    expect(failing.log.kinds).toBe('turn call drop abort')
    expect(await failing.differs()).toBeUndefined()
  })

  it('that the guest holds are let go of with it, once', async () => {
    const world = new Counters()
    const actor = await world.start()
    await run(actor, ['counter', 1, 0], ['counter', 2, 1], ['take', 1])
    actor.boundary.dispose()
    actor.boundary.dispose()
    expect(world.notes).toEqual(['made 1', 'made 2', 'dropped 1'])
    await expect(actor.turn('run', script())).rejects.toMatchObject({ code: 'finished' })
  })

  it('are told to their maker when the guest drops them, and not when they are let go of', async () => {
    const told: unknown[] = []
    const world = new Counters({ dropped: (type, description) => void told.push([type, description]) })
    const actor = await world.start()
    await run(actor, ['counter', 1, 0], ['counter', 2, 1], ['bump', 0, 5], ['dropCounter', 0])
    expect(told).toEqual([[`${HOST}#counter`, { value: 1 }]])
    actor.boundary.dispose()
    expect(told).toHaveLength(1)
    expect(await actor.differs()).toBeUndefined()
    expect(told).toHaveLength(1)
  })

  it('that an export borrows are the guest’s for that turn alone', async () => {
    const world = new Counters()
    const actor = await world.start({ maxHandles: 2 })
    for (let i = 0; i < 5; i++) expect(await actor.value('lend', world.make(i))).toBe(i + 1)
    expect(actor.log.all('turn').map(({ made }) => made)).toEqual([0, 1, 2, 3, 4].map((value) => [{ value }]))
    expect(actor.log.all('drop')).toEqual([])
    expect(await actor.differs()).toBeUndefined()
    actor.boundary.dispose()
    expect(world.notes.filter((note) => note.startsWith('dropped'))).toEqual([])
  })

  it('in the arguments of a turn are those of whoever resumes them', async () => {
    const world = new Counters()
    const actor = await world.start()
    const stranger = { handler: {} as never, binding: { imports: {} }, grant: {} }
    const events = actor.log.events.length
    await expect(actor.request({ fn: 'lend', args: [world.make(9)], link: stranger })).rejects.toMatchObject({
      code: 'wrong-type',
    })
    // Nothing happened, and the numbers are the same as without it.
    expect(actor.log.events.length).toBe(events)
    expect(await actor.turn('lend', world.make(9))).toMatchObject({ tag: 'return' })
  })

  it('of more than the limit are a trap: after the call that made one too many, the same on a re-run', async () => {
    const world = new Counters()
    const actor = await world.start({ maxHandles: 3 })
    const three: Step[] = [
      ['counter', 1, 0],
      ['after', 1, 1],
      ['counter', 2, 2],
    ]
    await run(actor, ...three)
    expect(show(await actor.turn('run', script(['counter', 3, 3], ['bump', 3, 1])))).toBe('trap memory')
    expect(actor.log.kinds).toBe('turn call call return turn call trap')
    expect(await actor.differs()).toBeUndefined()
    const { actor: again } = await actor.revive(world.host)
    await expect(again.turn('lend', world.make(9))).rejects.toMatchObject({ code: 'out-of-range' })
    // A timer is one, too, and has no event.
    expect(show(await again.turn('run', script(['dropCounter', 2], ['after', 1, 2], ['after', 1, 3])))).toBe(
      'trap memory',
    )
    expect(again.log.kinds).toBe('turn call call return turn call trap resume turn drop trap')
    expect(await again.differs()).toBeUndefined()
  })

  it('that are no objects are the fault of their handler', async () => {
    for (const made of [undefined, null, 1, 'counter']) {
      const actor = await TestActor.start(component, {
        imports: { [HOST]: { '[constructor]counter': () => made } },
      })
      expect(show(await actor.turn('run', script(['counter', 1, 0])))).toBe('abort host-value')
    }
  })

  it('are to asks what their maker says that they are now, and described as they were', async () => {
    const asked: unknown[] = []
    const counter = { method: 'GET' }
    const actor = await TestActor.start(component, {
      functions: {
        [`${HOST}#look`]: {
          mode: 'sync',
          effect: 'read',
          ask({ args }) {
            asked.push(args[0])
            return {}
          },
        },
      },
      imports: { [HOST]: { '[constructor]counter': () => counter, look: () => 1 } },
      describe: () => ({ made: true }),
      current: (_type, object) => (object === counter ? { ...counter } : undefined),
    })
    await run(actor, ['counter', 1, 0])
    counter.method = 'POST'
    await run(actor, ['look', 0])
    expect(asked).toEqual([{ method: 'POST' }])
    const made = actor.log.events.flatMap(({ kind, content }) =>
      kind === 'call' && content.fn.includes('constructor') ? [content.outcome?.made] : [],
    )
    expect(made).toEqual([[{ made: true }]])
  })

  it('have the description that is recorded, whatever becomes of the handler’s own', async () => {
    const asked: unknown[] = []
    const description = { value: 1, deep: { list: [1, -0] } }
    const actor = await TestActor.start(component, {
      functions: {
        [`${HOST}#look`]: {
          mode: 'sync',
          effect: 'read',
          ask({ args }) {
            asked.push(args[0])
            return {}
          },
        },
      },
      imports: { [HOST]: { '[constructor]counter': () => ({}), look: () => 1 } },
      describe: () => description,
    })
    await run(actor, ['counter', 1, 0])
    description.deep.list.push(2)
    await run(actor, ['look', 0])
    expect(asked).toEqual([{ value: 1, deep: { list: [1, -0] } }])
    for (const describe of [() => ({ f: () => 1 }), () => Promise.resolve({})]) {
      const faulty = await TestActor.start(component, {
        imports: { [HOST]: { '[constructor]counter': () => ({}) } },
        describe: describe as never,
      })
      expect(show(await faulty.turn('run', script(['counter', 1, 0])))).toBe('abort host-value')
    }
  })
})

describe('resources after a restart', () => {
  it('are brought back at their first use, once, from what is recorded', async () => {
    const resumed: unknown[] = []
    const world = new Counters({
      resume(type, description) {
        resumed.push([type, description])
        return world.make((description as { value: number }).value)
      },
    })
    const actor = await world.start()
    await run(actor, ['counter', 10, 0], ['counter', 20, 1], ['bump', 0, 5])
    world.notes.length = 0
    const { actor: again } = await actor.revive(world.host)
    expect(resumed).toEqual([])
    expect(
      await run(again, ['bump', 0, 1], ['bump', 0, 1], ['look', 0], ['dropCounter', 0], ['dropCounter', 1]),
    ).toEqual([11, 12, 0, 12])
    // The second was never used, so there is nothing to bring back, or to let go of.
    expect(resumed).toEqual([[`${HOST}#counter`, { value: 10 }]])
    expect(world.notes).toEqual(['made 10', 'dropped 12'])
    expect(await again.differs()).toBeUndefined()
  })

  it.each([
    ['no resume', {}],
    ['a resume that gives nothing', { resume: () => undefined }],
    [
      'a resume that fails',
      {
        resume: () => {
          throw new Error('gone')
        },
      },
    ],
  ])('are closed where there is %s, and can be dropped', async (_name, binding: Partial<Binding>) => {
    let closedFor: string | undefined
    const closing = {
      ...binding,
      closed(fn: string) {
        closedFor = fn
        return new WitError({ tag: 'gone' })
      },
    }
    const actor = await new Counters(closing).start()
    await run(actor, ['counter', 10, 0])
    const { actor: again } = await actor.revive(new Counters(closing).host)
    // 1: the err; the case `gone` is the third.
    expect((await run(again, ['look', 0]))[0]).toBe(1)
    expect(closedFor).toBe(`${HOST}#look`)
    expect(again.log.all('call').at(-1)?.outcome?.closed).toBe(true)
    await run(again, ['dropCounter', 0])
    expect(await again.differs()).toBeUndefined()
    // A function without an error type has nothing to say it with.
    const { actor: third } = await actor.revive(new Counters(closing).host)
    expect(show(await third.turn('run', script(['bump', 0, 1])))).toBe('abort handler-fault')
    const { actor: fourth } = await actor.revive(new Counters(binding).host)
    expect(show(await fourth.turn('run', script(['look', 0])))).toBe('abort handler-fault')
  })

  it('are asked for by their descriptions, and refused as any other', async () => {
    const world = new Counters()
    const asks: unknown[] = []
    const actor = await TestActor.start(component, {
      ...world.host,
      functions: {
        [`${HOST}#look`]: {
          mode: 'sync',
          effect: 'read',
          ask: ({ fn, args }) => ({ fn, value: (args[0] as { value: number }).value }),
          deny: ({ refusal }) => new WitError({ tag: refusal.refused === 'odd' ? 'refused' : 'gone' }),
        },
      },
      authorize: (_grant, ask) => {
        asks.push(ask)
        return Number(ask['value']) % 2 === 0 ? true : { refused: 'odd' }
      },
    })
    expect(await run(actor, ['counter', 2, 0], ['counter', 3, 1], ['look', 0], ['look', 1])).toEqual([
      0, 2, 1, 1,
    ])
    expect(asks).toEqual([
      { fn: `${HOST}#look`, value: 2 },
      { fn: `${HOST}#look`, value: 3 },
    ])
    const [, , granted, refused] = actor.log.all('call')
    expect(granted).toMatchObject({ ask: { value: 2 }, outcome: { denied: false } })
    expect(refused).toMatchObject({ ask: { value: 3 }, outcome: { denied: true } })
    expect(await actor.differs()).toBeUndefined()
    // A refusal that a record makes up: of a call that asked for nothing, or that took its time.
    const last = actor.log.events.findLast(({ kind }) => kind === 'call')?.seq
    for (const made of [{ ask: null }, { elapsed: 5 }]) {
      const lie = actor.log.events.map((event) => {
        if (event.kind !== 'call' || event.seq !== last) return event
        const { outcome } = event.content
        return { ...event, content: { ...event.content, ...made, outcome: { ...outcome, ...made } } }
      }) as typeof actor.log.events
      expect(show((await actor.rerun(lie)).at(-1))).toBe(`diverged at ${last}: refused-record`)
    }
  })
})

describe('resources of the guest', () => {
  const GUEST = 'test:items/guest'
  let items: Component
  beforeAll(async () => {
    const bytes = await fromCore(
      `(module
        (import "[export]${GUEST}" "[resource-new]item" (func $new (param i32) (result i32)))
        (import "[export]${GUEST}" "[resource-rep]item" (func $rep (param i32) (result i32)))
        (import "[export]${GUEST}" "[resource-drop]item" (func $drop (param i32)))
        (memory (export "memory") 1)
        (global $dropped (mut i32) (i32.const 0))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "${GUEST}#[constructor]item") (param i32) (result i32) (call $new (local.get 0)))
        (func (export "${GUEST}#[method]item.id") (param i32) (result i32) (local.get 0))
        (func (export "${GUEST}#same") (param i32) (result i32) (local.get 0))
        (func (export "${GUEST}#drop") (param i32 i32) (call $drop (local.get 0)))
        (func (export "${GUEST}#dropped") (result i32) (global.get $dropped))
        (func (export "${GUEST}#[dtor]item") (param i32)
          (global.set $dropped (i32.add (global.get $dropped) (i32.const 1)))))`,
      `package test:items;
      interface guest {
        resource item { constructor(id: u32); id: func() -> u32; }
        resource other {}
        same: func(i: item) -> item;
        drop: func(i: item, n: u8);
        dropped: func() -> u32;
      }
      world items { export guest; }`,
      'items',
    )
    items = await load(bytes)
  })

  it('go to the host and back, by number', async () => {
    for (const jspi of [false, true]) {
      const actor = await TestActor.start(items, {}, { jspi })
      const one = await actor.value(`${GUEST}#[constructor]item`, 7)
      const two = await actor.value(`${GUEST}#[constructor]item`, 8)
      expect([one, two]).toMatchObject([{ guest: 1 }, { guest: 2 }])
      expect(await actor.value(`${GUEST}#[method]item.id`, one)).toBe(7)
      const same = await actor.value(`${GUEST}#same`, one)
      expect(same).toMatchObject({ guest: 3, type: { name: 'item' } })
      expect(await actor.value(`${GUEST}#[method]item.id`, same)).toBe(7)
      await actor.value(`${GUEST}#drop`, same, 0)
      expect(await actor.value(`${GUEST}#dropped`)).toBe(1)
      expect(await actor.differs()).toBeUndefined()
      const { actor: again } = await actor.revive({})
      expect(await again.value(`${GUEST}#[method]item.id`, two)).toBe(8)
    }
  })

  it('that the host does not have are refused, and nothing happened', async () => {
    const actor = await TestActor.start(items)
    const one = (await actor.value(`${GUEST}#[constructor]item`, 7)) as { guest: number }
    const before = actor.log.print
    for (const args of [
      [{ guest: 2 }, 0],
      [{ guest: -1 }, 0],
      [{}, 0],
      [null, 0],
      [7, 0],
      [one, 300],
      [one],
    ]) {
      await expect(actor.turn(`${GUEST}#drop`, ...args)).rejects.toSatisfy(
        (error) => (error as { name: string }).name === 'ValueError',
      )
    }
    expect(actor.log.print).toBe(before)
    await actor.value(`${GUEST}#drop`, one, 0)
    await expect(actor.turn(`${GUEST}#drop`, one, 0)).rejects.toMatchObject({ code: 'wrong-type' })
    expect(await actor.value(`${GUEST}#dropped`)).toBe(1)
    expect(await actor.differs()).toBeUndefined()
  })

  it('of more than the limit are a trap', async () => {
    const actor = await TestActor.start(items, {}, { maxHandles: 2 })
    for (let i = 0; i < 2; i++) await actor.value(`${GUEST}#[constructor]item`, i)
    expect(show(await actor.turn(`${GUEST}#[constructor]item`, 2))).toBe('trap memory')
    expect(await actor.differs()).toBeUndefined()
  })
})
