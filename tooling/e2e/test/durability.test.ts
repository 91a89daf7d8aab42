import fs, { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { add, get, mark, send, Stage, verdicts, World } from './support/courier.ts'
import * as family from './support/family.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-durability-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const fresh = (): string => join(folder, `${n++}.db`)

/** What a store is given of each actor, and how durable that is to be. */
function given(store: LoggedStore): {
  readonly store: LoggedStore
  readonly seen: Map<string, Set<unknown>>
} {
  const seen = new Map<string, Set<unknown>>()
  const note = (label: string, durability: unknown): void => {
    seen.set(label, (seen.get(label) ?? new Set()).add(durability))
  }
  const spy: LoggedStore = Object.create(store, {
    create: {
      value: (...args: Parameters<LoggedStore['create']>) => {
        note(args[1], args[2].durability)
        return store.create(...args)
      },
    },
    append: {
      value: async (...args: Parameters<LoggedStore['append']>) => {
        note((await store.info(args[0]))?.label ?? '', args[2].durability)
        return store.append(...args)
      },
    },
  })
  const bound = new Proxy(spy, {
    get(target, key) {
      const own = Object.hasOwn(target, key)
      const value: unknown = Reflect.get(own ? target : store, key)
      return !own && typeof value === 'function' ? value.bind(store) : value
    },
  })
  return { store: bound, seen }
}

describe('durability', () => {
  it('is that of the host, or of the actor, which keeps its own in every host', async () => {
    const store = memoryStore()
    {
      const { store: spied, seen } = given(store)
      await using stage = await Stage.open({ store: spied, durability: 'disk' })
      await stage.spawn('own', { durability: 'memory' })
      await stage.spawn('other')
      await stage.run('own', [add(1)])
      await stage.run('other', [add(1)])
      expect(Object.fromEntries(seen)).toEqual({ own: new Set(['memory']), other: new Set(['disk']) })
      expect((await store.list()).map(({ durability }) => durability)).toEqual([undefined, 'memory'])
    }
    const { store: spied, seen } = given(store)
    await using stage = await Stage.open({ store: spied })
    expect(await stage.run('own', [add(1), get])).toEqual([2])
    await stage.run('other', [add(1)])
    expect(Object.fromEntries(seen)).toEqual({ own: new Set(['memory']), other: new Set(['process']) })
    expect(await verdicts(store)).toEqual({ own: 'verified', other: 'verified' })
  })

  it('of a child is that of its parent', async () => {
    const store = memoryStore()
    await using theater = await family.open(store)
    await theater.spawn({
      id: 'boss',
      component: family.parent,
      grants: family.grants,
      durability: 'disk',
    })
    const child = await family.born(theater, 'boss')
    expect(await store.find(child)).toMatchObject({ durability: 'disk' })
  })

  it('that is none is refused', async () => {
    await expect(Stage.open({ durability: 'forever' as never })).rejects.toMatchObject({
      code: 'bad-arguments',
    })
    await using stage = await Stage.open()
    await expect(stage.spawn('a', { durability: 'full' as never })).rejects.toMatchObject({
      code: 'bad-arguments',
    })
  })
})

/** The system's own sync, which comes back when a test lets it. */
class Syncs implements Disposable {
  readonly #real = fs.fdatasync
  readonly #held: (() => void)[] = []
  holding = false
  /** How many came back. */
  done = 0

  constructor() {
    fs.fdatasync = ((fd: number, back: (error: NodeJS.ErrnoException | null) => void) => {
      this.#real(fd, (error) => {
        const come = (): void => {
          this.done++
          back(error)
        }
        if (this.holding) this.#held.push(come)
        else come()
      })
    }) as typeof fs.fdatasync
    syncBuiltinESMExports()
  }

  get held(): number {
    return this.#held.length
  }

  letGo(): void {
    this.holding = false
    for (const come of this.#held.splice(0)) come()
  }

  [Symbol.dispose](): void {
    fs.fdatasync = this.#real
    syncBuiltinESMExports()
  }
}

describe('an actor that is disk', () => {
  it('answers, acts and sends when the disk has what led to it; one that is process beside it does not wait', async () => {
    using syncs = new Syncs()
    await using store = sqliteStore(fresh())
    const world = new World()
    await using stage = await Stage.open({ store, world })
    await stage.spawn('a', { durability: 'disk' })
    await stage.spawn('b')
    for (let turn = 0; turn < 5; turn++) {
      const before = syncs.done
      await stage.run('a', [add(1)])
      expect(syncs.done).toBeGreaterThan(before)
    }
    const before = syncs.done
    await stage.run('b', [add(1), mark(1)])
    expect(syncs.done).toBe(before)

    syncs.holding = true
    let answered = false
    const waiting = stage.run('a', [send('b', [add(10)]), mark(2), add(1), get]).then((answer) => {
      answered = true
      return answer
    })
    while (syncs.held === 0) await setImmediate()
    // The intent is in the log, and the disk has not said so: neither the effect nor what was sent before it is out.
    expect(await stage.run('b', [get])).toEqual([1])
    expect([world.did, answered]).toEqual([['b marks 1'], false])
    syncs.letGo()
    expect(await waiting).toEqual(['sent', 2, 6])
    expect(world.did).toEqual(['b marks 1', 'a marks 2'])
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([11])
    expect(await verdicts(store)).toEqual({ a: 'verified', b: 'verified' })
  })
})

it('an actor that is memory waits for no storage, and all of it is there when its host has closed', async () => {
  const file = fresh()
  {
    await using store = sqliteStore(file)
    await using stage = await Stage.open({ store })
    await stage.spawn('a', { durability: 'memory' })
    for (let i = 0; i < 20; i++) await stage.run('a', [add(1), send('a', [add(1)])])
    await stage.idle()
    await stage.theater.close()
  }
  await using store = sqliteStore(file)
  await using stage = await Stage.open({ store })
  expect(await stage.run('a', [get])).toEqual([40])
  expect(await verdicts(store)).toEqual({ a: 'verified' })
})
