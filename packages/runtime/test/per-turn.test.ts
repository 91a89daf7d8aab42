import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { Theater } from '@theater/runtime'
import type { SpawnOptions } from '@theater/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import { freshHandler } from './support/fresh-handler.ts'
import type { FreshWorld } from './support/fresh-handler.ts'
import { cache } from './support/kept.ts'

const fresh: SpawnOptions = {
  id: 'fresh',
  component: guest('fresh'),
  grants: { fresh: {} },
  instance: 'turn',
}

const open = (world: FreshWorld, store: Store = memoryStore()): Promise<Theater> =>
  Theater.open({ cache, store, handlers: [freshHandler(world)] })

async function kinds(store: Store): Promise<string[]> {
  const [info] = await store.list()
  return (await Array.fromAsync(readEvents(store, info!.chain))).map(({ kind }) => kind)
}

describe('an actor whose instances live for a turn', () => {
  it('begins each turn anew, and lets go of what the one before held', async () => {
    const world: FreshWorld = { calls: [] }
    const store = memoryStore()
    await using theater = await open(world, store)
    await theater.spawn(fresh)
    // It was instantiated to see whether it can be.
    expect(world.calls).toEqual(['give 1', 'let go of 1'])
    for (let i = 0; i < 3; i++) expect(await theater.call('fresh', 'count', [])).toBe(1)
    expect(world.calls.slice(2, 4)).toEqual(['give 2', 'let go of 2'])
    await expect(theater.call('fresh', 'fail', [])).rejects.toMatchObject({ code: 'trapped' })
    expect(world.calls.slice(-2)).toEqual(['give 5', 'let go of 5'])
    expect(await theater.call('fresh', 'effects', [2])).toBe(1)
    const drawn = await Promise.all(['drawn', 'draw', 'drawn'].map((fn) => theater.call('fresh', fn, [])))
    expect(new Set(drawn).size).toBe(3)
    const [info] = await store.list()
    for await (const { kind, content } of readEvents(store, info!.chain, 0, 1))
      expect([kind, content]).toEqual(['genesis', expect.objectContaining({ instance: 'turn' })])
    expect((await kinds(store)).slice(0, 8).join(' ')).toBe('genesis seed call call turn call call return')
  })

  it('is as before where nothing is said, or actor', async () => {
    for (const instance of [undefined, 'actor'] as const) {
      const store = memoryStore()
      await using theater = await open({ calls: [] }, store)
      const { instance: _, ...rest } = fresh
      await theater.spawn({ ...rest, ...(instance && { instance }) })
      expect([await theater.call('fresh', 'count', []), await theater.call('fresh', 'count', [])]).toEqual([
        1, 2,
      ])
      const [info] = await store.list()
      for await (const { content } of readEvents(store, info!.chain, 0, 1))
        expect(content).not.toHaveProperty('instance')
    }
  })

  it('is not made where it cannot be instantiated, and goes on where a later turn cannot', async () => {
    const world: FreshWorld = { calls: [], begin: 0 }
    await using theater = await open(world)
    await expect(theater.spawn(fresh)).rejects.toMatchObject({ code: 'failed-to-start' })
    world.begin = 1
    await theater.spawn(fresh)
    world.begin = 0
    await expect(theater.call('fresh', 'count', [])).rejects.toMatchObject({ code: 'trapped' })
    world.begin = 1
    expect(await theater.call('fresh', 'count', [])).toBe(1)
  })

  it('takes over no state: the first turn would have it, and none after', async () => {
    await using theater = await open({ calls: [] })
    const state = { format: 'text/plain', body: new Uint8Array() }
    await expect(theater.spawn({ ...fresh, state })).rejects.toMatchObject({ code: 'not-served' })
  })

  it('is back after as much work as one turn is, however many it has taken', async () => {
    const store = memoryStore()
    {
      await using theater = await open({ calls: [] }, store)
      await theater.spawn(fresh)
      for (let i = 0; i < 20; i++) await theater.call('fresh', 'count', [])
      await theater.call('fresh', 'fail', []).catch(() => undefined)
    }
    const world: FreshWorld = { calls: [] }
    await using theater = await open(world, store)
    expect(world.calls).toEqual([])
    expect(await theater.call('fresh', 'count', [])).toBe(1)
    // One turn, the one that trapped after it, and the change of writer.
    expect(theater.actors()[0]?.recovery).toEqual({ turns: 1, events: 9, unfinished: false })
  })

  it('of which no turn has returned is back too', async () => {
    const store = memoryStore()
    {
      await using theater = await open({ calls: [] }, store)
      await theater.spawn(fresh)
      await theater.call('fresh', 'fail', []).catch(() => undefined)
    }
    await using theater = await open({ calls: [] }, store)
    expect(await theater.call('fresh', 'count', [])).toBe(1)
    expect(theater.actors()[0]?.recovery).toMatchObject({ turns: 0, unfinished: false })
  })

  it('keeps nothing of the instances before', async () => {
    const world: FreshWorld = { calls: [] }
    await using theater = await open(world)
    await theater.spawn(fresh)
    for (let i = 0; i < 300; i++) await theater.call('fresh', 'take', [])
    const given = world.calls.filter((one) => one.startsWith('give')).length
    expect(given).toBe(601)
    expect(world.calls.filter((one) => one.startsWith('let go')).length).toBe(given)
  })
})

describe('a host that is killed in the middle of a turn', () => {
  const folder = mkdtempSync(join(tmpdir(), 'theater-fresh-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each([0, 12])('goes on with that turn alone, after %i others', async (turns) => {
    const file = join(folder, `${turns}.db`)
    const host = new URL('support/fresh-host.ts', import.meta.url).pathname
    const child = spawn(process.execPath, ['--conditions=theater-source', host, file, String(turns)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
    expect(signal).toBe('SIGKILL')
    const world: FreshWorld = { calls: [] }
    const store = sqliteStore(file)
    {
      await using theater = await open(world, store)
      await theater.idle()
      expect(theater.actors()[0]?.recovery).toMatchObject({ turns: turns === 0 ? 0 : 1, unfinished: true })
      // What the record answers is not done again: not that it began, nor the first effect.
      expect(world.calls).toEqual(['effect 1'])
      expect(await theater.call('fresh', 'count', [])).toBe(1)
    }
    expect((await kinds(store)).join(' ')).toContain(
      'turn call call call result call resume result return turn',
    )
  })
})
