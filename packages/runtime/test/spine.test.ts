import { memoryStore, readEvents } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { Theater, TheaterError } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { spineHandler } from './support/spine-handler.ts'
import type { SpineWorld } from './support/spine-handler.ts'

describe('the spine', () => {
  it('runs a component, records it, and brings it back with the same state', async () => {
    const store = memoryStore()
    const world: SpineWorld = { calls: [] }
    {
      await using theater = await Theater.open({ store, handlers: [spineHandler(world)] })
      await theater.spawn({ id: 'spine', component: guest('spine'), grants: { spine: {} } })
      expect(await theater.call('spine', 'run', [3])).toBe(3 + 103)
      expect(await theater.call('spine', 'run', [2])).toBe(4 + 103 + 105)
    }
    expect(world.calls).toMatchInlineSnapshot(`
      [
        "new 100",
        "add 0 0",
        "add 0 1",
        "add 1 2",
        "bump 3 -> 103",
        "add 3 0",
        "add 3 1",
        "bump 2 -> 105",
        "dropped",
      ]
    `)
    const kinds: string[] = []
    const [info] = await store.list()
    for await (const event of readEvents(store, info!.chain)) kinds.push(event.kind)
    expect(kinds.join(' ')).toMatchInlineSnapshot(
      `"genesis seed turn call call result call result call result call return turn call result call result call return"`,
    )
    world.calls.length = 0
    await using again = await Theater.open({ store, handlers: [spineHandler(world)] })
    expect(world.calls).toEqual([])
    expect(again.actors()[0]).toMatchObject({ state: 'idle', resident: false, recovery: undefined })
    // The counter was described when it was made: it resumes from there, and the guest's memory goes on.
    expect(await again.call('spine', 'run', [1])).toBe(4 + 0 + 103 + 105 + 101)
    expect(world.calls).toEqual(['add 4 0', 'resume 100', 'bump 1 -> 101'])
    expect(again.actors()[0]).toMatchObject({ resident: true, recovery: { turns: 2, unfinished: false } })
  })

  it('undoes a trapped turn and goes on', async () => {
    const store = memoryStore()
    const world: SpineWorld = { calls: [] }
    await using theater = await Theater.open({ store, handlers: [spineHandler(world)] })
    await theater.spawn({ id: 'spine', component: guest('spine'), grants: { spine: {} } })
    expect(await theater.call('spine', 'run', [3])).toBe(106)
    await expect(theater.call('spine', 'boom', [])).rejects.toSatisfy(
      (e) => TheaterError.is(e) && e.code === 'trapped',
    )
    expect(await theater.call('spine', 'run', [0])).toBe(3 + 103 + 100)
  })

  it('refuses an import without a grant and names the line to add', async () => {
    await using theater = await Theater.open({
      store: memoryStore(),
      handlers: [spineHandler({ calls: [] })],
    })
    await expect(theater.spawn({ id: 'spine', component: guest('spine') })).rejects.toThrow(
      '`spine` imports `test:spine/host`, which it was not granted. Add `[actor.spine.grants.spine]` to theater.toml.',
    )
  })
})
