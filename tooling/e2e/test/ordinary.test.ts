import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { build } from '@theater/actor/build'
import type { Built } from '@theater/actor/build'
import { memoryStore } from '@theater/event-chain'
import { cli } from '@theater/handler-cli'
import { Theater } from '@theater/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { verify } from './support/files.ts'

describe('an actor that is ordinary TypeScript', () => {
  let built: Built

  beforeAll(async () => {
    built = await build({ entry: join(import.meta.dirname, 'actors/ordinary.ts'), cache: builds })
  })

  const scene = (): { open: () => Promise<Theater>; store: ReturnType<typeof memoryStore> } => {
    const store = memoryStore()
    return { store, open: () => Theater.open({ store, handlers: [cli()], cache }) }
  }

  it('has chance of its own: two actors differ, a restart goes on, a re-run is the same', async () => {
    const { open, store } = scene()
    const draws = new Set<number>()
    let count = 0
    const draw = async (theater: Theater, id: string): Promise<void> => {
      for (const n of (await ask(theater, id, 'draw')) as number[]) {
        expect(n).toBeGreaterThanOrEqual(0)
        expect(n).toBeLessThan(1)
        draws.add(n)
        count += 1
      }
    }
    let chain: Uint8Array
    {
      await using theater = await open()
      chain = (await theater.spawn({ id: 'one', component: built.bytes, grants: {} })).chain
      await theater.spawn({ id: 'two', component: built.bytes, grants: {} })
      for (const id of ['one', 'two', 'one', 'two']) await draw(theater, id)
      const [one, two] = await Promise.all([ask(theater, 'one', 'keys'), ask(theater, 'two', 'keys')])
      expect(one).not.toEqual(two)
      expect(one).toMatchObject({
        uuid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/),
      })
    }
    await using theater = await open()
    for (const id of ['one', 'two']) await draw(theater, id)
    expect(draws.size).toBe(count)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('has the time of its turn, and waits in it; its record needs neither clock nor handlers', async () => {
    const { open, store } = scene()
    let chain: Uint8Array
    const started = Date.now()
    let now: number
    {
      await using theater = await open()
      chain = (await theater.spawn({ id: 'one', component: built.bytes, grants: {} })).chain
      const time = (await ask(theater, 'one', 'time')) as { [name: string]: number }
      now = time['now']!
      expect(now).toBeGreaterThanOrEqual(started)
      expect(now).toBeLessThanOrEqual(Date.now())
      expect(time['later']).toBeGreaterThanOrEqual(now)
      expect(time['passed']).toBeGreaterThan(0)
      // Modules are loaded when the actor is built, which is always at the same time.
      expect(new Date(time['loadedAt']!).toISOString()).toMatch(/^2000-01-01T00:00:00\.\d{3}Z$/)
      expect(Math.abs(time['origin']! - started)).toBeLessThan(60_000)

      const waits = (await ask(theater, 'one', 'waits')) as { order: number[]; passed: number }
      expect(waits.order).toEqual([10, 20, 30])
      expect(waits.passed).toBeGreaterThanOrEqual(30)
      expect(await ask(theater, 'one', 'ticks')).toBe(3)
      expect(await ask(theater, 'one', 'times')).toBe('TimeoutError')
    }
    await using theater = await open()
    expect(((await ask(theater, 'one', 'time')) as { now: number }).now).toBeGreaterThan(now)
    expect(await ask(theater, 'one', 'waits')).toMatchObject({ order: [10, 20, 30] })
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })

  it('keeps no timer beyond the turn that set it', async () => {
    const { open, store } = scene()
    await using theater = await open()
    const { chain } = await theater.spawn({ id: 'one', component: built.bytes, grants: {} })
    await ask(theater, 'one', 'leave')
    expect(await ask(theater, 'one', 'late')).toBe(false)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('has crypto.subtle', async () => {
    const { open } = scene()
    await using theater = await open()
    await theater.spawn({ id: 'one', component: built.bytes, grants: {} })
    expect(await ask(theater, 'one', 'digest', 'abc')).toBe(createHash('sha256').update('abc').digest('hex'))
  })

  it('imports what that takes', () => {
    expect(built.imports).toEqual([
      'theater:actor/types@0.1.0',
      'wasi:io/poll@0.2.12',
      'wasi:clocks/monotonic-clock@0.2.12',
      'wasi:io/error@0.2.12',
      'wasi:io/streams@0.2.12',
      'wasi:cli/stderr@0.2.12',
      'wasi:clocks/wall-clock@0.2.12',
      'wasi:random/random@0.2.12',
    ])
  })
})
