import { guest } from '@theater/guests'
import { Theater, TheaterError } from '@theater/runtime'
import { expect, it, onTestFinished } from 'vitest'
import { heldStore } from './support/held-store.ts'
import type { Held } from './support/held-store.ts'
import { spineHandler } from './support/spine-handler.ts'
import type { SpineWorld } from './support/spine-handler.ts'

/** An actor whose turns are three events, and change what the next one answers. */
async function spine(world: SpineWorld = { calls: [] }): Promise<{ theater: Theater; held: Held }> {
  const held = heldStore()
  const theater = await Theater.open({ store: held.store, handlers: [spineHandler(world)] })
  onTestFinished(() => theater.close())
  await theater.spawn({ id: 'spine', component: guest('spine'), grants: { spine: {} } })
  await theater.call('spine', 'run', [0])
  held.hold()
  return { theater, held }
}

/** Genesis, seed, and the first turn, which makes a counter. */
const BEGUN = 6

/** Waits until something is so, which waits for nothing but the event loop. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until the record has so many events, durable or not. */
const recorded = (theater: Theater, events: number): Promise<void> =>
  until(() => theater.actors()[0]?.events === BEGUN + events)

function calls(theater: Theater, n: number): { answers: unknown[]; all: Promise<unknown> } {
  const answers: unknown[] = []
  const one = async (): Promise<void> => {
    const answer = await theater
      .call('spine', 'run', [0])
      .catch((error: unknown) => (TheaterError.is(error) ? error.code : error))
    answers.push(answer)
  }
  return { answers, all: Promise.all(Array.from({ length: n }, one)) }
}

it('turns that wait begin while those before become durable, and become so together; nobody hears of one before', async () => {
  const { theater, held } = await spine()
  const { answers, all } = calls(theater, 10)
  await recorded(theater, 30)
  expect(answers).toEqual([])
  expect(held.waiting.map(({ events }) => events)).toEqual([3])
  expect(theater.actors()[0]).toMatchObject({ state: 'running' })
  held.waiting[0]?.take()
  await until(() => held.waiting.length === 2)
  expect(answers.length).toBeLessThan(2)
  expect(held.waiting.map(({ events }) => events)).toEqual([3, 27])
  held.waiting[1]?.take()
  await all
  expect(answers).toEqual(Array.from({ length: 10 }, (_, i) => 100 + 100 * (i + 1)))
})

it('where the store takes no more, all that had not become durable is told so, and the record goes on from what had', async () => {
  const { theater, held } = await spine()
  const { answers, all } = calls(theater, 5)
  await recorded(theater, 15)
  held.waiting[0]?.take()
  await until(() => held.waiting.length === 2)
  held.waiting[1]?.refuse()
  await all
  expect(answers).toEqual([200, 'store-failed', 'store-failed', 'store-failed', 'store-failed'])
  await expect(theater.call('spine', 'run', [0])).rejects.toSatisfy((error) => TheaterError.is(error))
  const [info] = await held.store.list()
  expect(info?.size).toBe(BEGUN + 3)
})

it('an effect waits until the turns before are durable', async () => {
  const world: SpineWorld = { calls: [] }
  const { theater, held } = await spine(world)
  world.calls.length = 0
  const first = theater.call('spine', 'run', [0])
  const second = theater.call('spine', 'run', [1])
  await recorded(theater, 5)
  expect(world.calls).toEqual(['bump 0 -> 100'])
  expect(held.waiting).toHaveLength(1)
  held.waiting[0]?.take()
  await first
  await until(() => held.waiting.length === 2)
  // The intent of the second turn's effect, with the turn's beginning.
  expect(held.waiting.map(({ events }) => events)).toEqual([3, 2])
  expect(world.calls).toEqual(['bump 0 -> 100'])
  held.waiting[1]?.take()
  await until(() => held.waiting.length === 3)
  expect(world.calls).toEqual(['bump 0 -> 100', 'add 0 0', 'bump 1 -> 101'])
  held.waiting[2]?.take()
  await second
})

it('what a trap undoes is the turn that trapped, not those that went before it', async () => {
  const { theater, held } = await spine()
  const before = calls(theater, 3)
  const boom = theater.call('spine', 'boom', []).catch((error: TheaterError) => error.code)
  const after = calls(theater, 2)
  let taken = 0
  await until(() => {
    for (; taken < held.waiting.length; taken++) held.waiting[taken]?.take()
    return after.answers.length === 2
  })
  await Promise.all([before.all, boom, after.all])
  expect([...before.answers, await boom, ...after.answers]).toEqual([200, 300, 400, 'trapped', 500, 600])
})
