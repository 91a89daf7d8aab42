import type { Component } from '@theater/component'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, show, TestActor } from './support/actor.ts'
import type { TestHost } from './support/actor.ts'
import { FATAL_LENGTH, phasesGuest, startingGuest } from './support/phases.ts'

const GUEST = 'test:phases/guest'
const HOST = 'test:phases/host'

describe('a trap', () => {
  let component: Component
  beforeAll(async () => {
    component = await load(await phasesGuest())
  })

  const host = (): TestHost & { notes: number } => {
    const made = {
      notes: 0,
      functions: {
        [`${HOST}#note`]: { mode: 'sync', effect: 'read' },
        [`${HOST}#text`]: { mode: 'sync', effect: 'read' },
      } as const,
      imports: { [HOST]: { note: () => void made.notes++, text: () => 'x'.repeat(FATAL_LENGTH) } },
    }
    return made
  }

  it.each([
    ['before any call', 'before', [], 'turn trap'],
    ['after a call', 'after', [], 'turn call trap'],
    ['after it returned', 'after-return', [], 'turn call trap'],
    ['while it takes its arguments', 'take-text', ['x'.repeat(FATAL_LENGTH)], 'turn trap'],
    ['while it takes an answer', 'get-text', [], 'turn call trap'],
    ['for a result that is not in its memory', 'bad-pointer', [], 'turn trap'],
    ['for a case that there is not', 'bad-case', [], 'turn trap'],
    ['for a character that is none', 'bad-char', [], 'turn trap'],
    ['for a resource that it does not have', 'bad-handle', [], 'turn trap'],
    ['for a place for an answer that is not in its memory', 'bad-argument', [], 'turn call trap'],
  ])('%s ends the turn, and the actor goes on without it', async (_name, fn, args, kinds) => {
    for (const jspi of [false, true]) {
      const world = host()
      const actor = await TestActor.start(component, world, { jspi })
      expect(await actor.value(`${GUEST}#count`)).toBe(1)
      expect(show(await actor.turn(`${GUEST}#${fn}`, ...args))).toBe('trap guest')
      expect(actor.log.kinds).toBe(`turn return ${kinds}`)
      await expect(actor.turn(`${GUEST}#count`)).rejects.toMatchObject({ code: 'finished' })
      expect(await actor.differs()).toBeUndefined()
      const { actor: again } = await actor.revive(world)
      expect(await again.value(`${GUEST}#count`)).toBe(2)
      expect(await again.differs()).toBeUndefined()
    }
  })

  it('in the destructor of its own resource ends the turn', async () => {
    for (const jspi of [false, true]) {
      const world = host()
      const actor = await TestActor.start(component, world, { jspi })
      const kept = await actor.value(`${GUEST}#[constructor]item`, 1)
      const fatal = await actor.value(`${GUEST}#[constructor]item`, 9)
      await actor.value(`${GUEST}#drop-item`, kept)
      expect(world.notes).toBe(2)
      expect(show(await actor.turn(`${GUEST}#drop-item`, fatal))).toBe('trap guest')
      expect(world.notes).toBe(3)
      expect(actor.log.kinds).toBe('turn return turn return turn call call return turn call trap')
      expect(await actor.differs()).toBeUndefined()
    }
  })

  it('is not what a record says that ends otherwise', async () => {
    const actor = await TestActor.start(component, host())
    await actor.turn(`${GUEST}#after`)
    const trap = actor.log.last
    const instead = (event: object): typeof actor.log.events => [
      ...actor.log.events.slice(0, -1),
      { ...trap, ...event } as typeof trap,
    ]
    const none = new Uint8Array([0x80])
    const ends = async (event: object): Promise<unknown> => show((await actor.rerun(instead(event))).at(-1))
    expect(await ends({ kind: 'return', content: { result: none, fuel: null } })).toBe('diverged at 4: trap')
    expect(await ends({ kind: 'trap', content: { code: 'memory', fuel: null } })).toBe('diverged at 4: trap')
    expect(await ends({ kind: 'trap', content: { code: 'guest', fuel: 3 } })).toBe('diverged at 4: trap')
    // An abort is the host's word: it claims nothing about what the guest would have done.
    expect(await ends({ kind: 'abort', content: { code: 'stopped', call: null, status: null } })).toBe(
      'abort stopped',
    )
  })
})

describe('instantiation', () => {
  const HOST = 'test:start/host'
  let component: Component
  beforeAll(async () => {
    component = await load(await startingGuest())
  })
  const host = (answers: readonly number[], noted: number[], mode: 'sync' | 'async' = 'sync'): TestHost => ({
    functions: { [`${HOST}#note`]: { mode, effect: 'read' } },
    imports: {
      [HOST]: {
        note(n: number) {
          noted.push(n)
          const answer = answers[n - 1]
          if (answer === undefined) throw new Error('no answer')
          return mode === 'sync' ? answer : Promise.resolve(answer)
        },
      },
    },
  })

  it('calls the host, and is re-run', async () => {
    for (const jspi of [false, true]) {
      const noted: number[] = []
      const actor = await TestActor.start(component, host([10, 20], noted), { jspi })
      expect(show(actor.instantiated)).toBeUndefined()
      expect(actor.log.kinds).toBe('call call')
      expect(await actor.value('sum')).toBe(30)
      expect(await actor.differs()).toBeUndefined()
      const { actor: again } = await actor.revive(host([], noted))
      expect(await again.value('sum')).toBe(30)
      expect(noted).toEqual([1, 2])
    }
  })

  it('that a crash cut off goes on live', async () => {
    const noted: number[] = []
    const actor = await TestActor.start(component, host([10, 20], noted))
    const { actor: again } = await actor.revive(host([0, 5], noted), 3)
    expect(noted).toEqual([1, 2, 2])
    expect(again.log.kinds).toBe('call resume call')
    expect(await again.value('sum')).toBe(15)
    expect(await again.differs()).toBeUndefined()
    const { actor: third } = await again.revive(host([], noted))
    expect(await third.value('sum')).toBe(15)
  })

  it('that traps makes no actor', async () => {
    const actor = await TestActor.start(component, host([10, 0], []))
    expect(show(actor.instantiated)).toBe('trap guest')
    expect(actor.log.kinds).toBe('call call trap')
    await expect(actor.turn('sum')).rejects.toMatchObject({ code: 'finished' })
    expect(await actor.differs()).toBeUndefined()
  })

  it('that goes wrong in the host makes no actor', async () => {
    const actor = await TestActor.start(component, host([10], []))
    expect(show(actor.instantiated)).toBe('abort handler-fault')
    expect(actor.log.kinds).toBe('call abort')
    expect(await actor.differs()).toBeUndefined()
  })

  it('cannot wait', async () => {
    const noted: number[] = []
    const actor = await TestActor.start(component, host([10, 20], noted, 'async'))
    expect(show(actor.instantiated)).toBe('abort handler-fault')
    expect(noted).toEqual([])
    expect(actor.log.kinds).toBe('abort')
    expect(await actor.differs()).toBeUndefined()
  })

  it('happens once', async () => {
    const actor = await TestActor.start(component, host([10, 20], []))
    await expect(actor.boundary.instantiate([])).rejects.toMatchObject({ code: 'finished' })
  })

  it('does nothing that a record of all of it does not say', async () => {
    const noted: number[] = []
    const actor = await TestActor.start(component, host([10, 20], noted))
    await actor.value('sum')
    const { events } = actor.log
    const cut = [...events.slice(0, 3), ...events.slice(4)].map(
      (event, seq) => ({ ...event, seq }) as typeof event,
    )
    expect(show((await actor.rerun(cut))[0])).toBe('incomplete: call')
    // Nor with somebody there: a turn came after it, so it cannot be added to.
    const live = await TestActor.start(component, host([10, 20], noted), {})
    live.log.events.splice(0, live.log.events.length, ...cut)
    noted.length = 0
    const { end } = await live.revive(host([10, 20], noted))
    expect(show(end)).toBe('incomplete: call')
    expect(noted).toEqual([])
  })
})
