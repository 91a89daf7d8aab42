import { setImmediate } from 'node:timers/promises'
import { memoryStore } from '@theater/event-chain'
import type { CacheStore, Keeping, LoggedStore } from '@theater/event-chain'
import { assemble } from '@theater/guests/wat'
import { Theater } from '@theater/runtime'
import { expect, it, onTestFinished } from 'vitest'
import { dueAfter } from '../src/snapshots.ts'

/** Counts its turns, each of which writes two megabytes, or a page; 99 is a trap. */
const component = await assemble(`(component
  (core module $m (memory 40)
    (func (export "run") (param $n i32) (result i32)
      (if (i32.eq (local.get $n) (i32.const 99)) (then unreachable))
      (if (local.get $n)
        (then (memory.fill (i32.const 65536) (local.get $n) (i32.const 2097152))))
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (i32.add (i32.load (i32.const 0)) (i32.load8_u (i32.const 70000)))))
  (core instance $i (instantiate $m))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))`)

/** A store that keeps a snapshot only when it is told to. */
interface Held {
  readonly store: LoggedStore
  /** Of how many events those are that were to be kept, and are not yet. */
  readonly waiting: { readonly size: number; readonly kept: () => void }[]
  /** Keeps all, from here on. */
  readonly free: () => void
}

function heldStore(): Held {
  const inner = memoryStore()
  const waiting: Held['waiting'] = []
  let holds = true
  const caches: CacheStore = {
    ...inner.caches,
    keep: async (things: readonly Keeping[]) => {
      const [one] = things
      if (holds && one?.kind.startsWith('snapshot') === true) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.push({ size: one.size, kept: resolve })
        await promise
      }
      await inner.caches.keep(things)
    },
  }
  const store = new Proxy(inner, {
    get(target, key) {
      if (key === 'caches') return caches
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const free = (): void => {
    holds = false
    for (const { kept } of waiting) kept()
  }
  onTestFinished(free)
  return { store, waiting, free }
}

/** A host that takes one after each turn, or none. */
function open(store: LoggedStore, everyEvents = 1): Promise<Theater> {
  return Theater.open({ store, snapshots: { everyEvents } })
}

/** Waits until something is so, which waits for nothing but the event loop. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await setImmediate()
}

it('what is due is weighed against what the last one cost, and neither is asked where somebody has said', () => {
  expect(dueAfter({}, { bytes: 0, memory: 0 })).toEqual({ events: 1000, fuel: 2e9 })
  const least = dueAfter({}, { bytes: 0, memory: 0 })
  for (const last of [
    { bytes: 192 * 16, memory: 0 },
    { bytes: 0, memory: 192 * 256 },
  ]) {
    const due = dueAfter({}, last)
    expect(due.events).toBe(1016)
    expect(due.fuel).toBeGreaterThan(least.fuel)
    expect(dueAfter({ everyEvents: 7, everyFuel: 8 }, last)).toEqual({ events: 7, fuel: 8 })
  }
  // It is in proportion: a busy actor has the same part of its time for them, whatever one costs.
  const more = (bytes: number): number => dueAfter({}, { bytes, memory: 0 }).fuel - least.fuel
  expect(more(5e6) * 8).toBe(more(4e7))
})

it('turns go on while a large one is kept, which is of the moment when it was taken; closing waits for it', async () => {
  const { store, waiting, free } = heldStore()
  {
    const theater = await open(store)
    await theater.spawn({ id: 'a', component })
    expect(await theater.call('a', 'run', [7])).toBe(8)
    await until(() => waiting.length === 1)
    // The next write what the first has written, and none of them is kept meanwhile: there is room for one.
    expect(await theater.call('a', 'run', [8])).toBe(10)
    expect(await theater.call('a', 'run', [9])).toBe(12)
    expect(waiting).toHaveLength(1)
    const closed = theater.close()
    let open_ = true
    void closed.then(() => (open_ = false))
    for (let n = 0; n < 20; n++) await setImmediate()
    expect(open_).toBe(true)
    free()
    await closed
  }
  const size = waiting[0]?.size as number
  await using theater = await open(store, 1e6)
  expect(await theater.call('a', 'run', [0])).toBe(13)
  // From the first snapshot: two turns, and what taking the record over is.
  expect(theater.actors()).toMatchObject([{ recovery: { events: 5 } }])
  expect(size).toBe(4)
})

it('after a trap an actor waits for what is being kept of it, and goes on from that', async () => {
  const { store, waiting, free } = heldStore()
  const theater = await open(store)
  await theater.spawn({ id: 'a', component })
  expect(await theater.call('a', 'run', [7])).toBe(8)
  await until(() => waiting.length === 1)
  await expect(theater.call('a', 'run', [99])).rejects.toMatchObject({ code: 'trapped' })
  const next = theater.call('a', 'run', [0])
  for (let n = 0; n < 20; n++) await setImmediate()
  const answered = Promise.race([next, Promise.resolve('not yet')])
  expect(await answered).toBe('not yet')
  free()
  expect(await next).toBe(9)
  await theater.close()
})

it('there is one at a time: that of another actor is taken after a later turn', async () => {
  const { store, waiting, free } = heldStore()
  const theater = await open(store)
  for (const id of ['a', 'b']) await theater.spawn({ id, component })
  expect(await theater.call('a', 'run', [7])).toBe(8)
  await until(() => waiting.length === 1)
  expect(await theater.call('b', 'run', [5])).toBe(6)
  expect(waiting).toHaveLength(1)
  waiting[0]?.kept()
  const chains = await Promise.all(['a', 'b'].map(async (id) => (await store.find(id))?.chain as Uint8Array))
  const kept = (n: number) => store.caches?.kept(chains[n] as Uint8Array, 'snapshot')
  await until(() => waiting.length === 1)
  while ((await kept(0)) === undefined) await setImmediate()
  expect(await kept(1)).toBeUndefined()
  while (waiting.length === 1) await theater.call('b', 'run', [0])
  waiting[1]?.kept()
  while ((await kept(1)) === undefined) await setImmediate()
  free()
  await theater.close()
})

it('where there is nothing to keep them in, none is due', async () => {
  const inner = memoryStore()
  const store = new Proxy(inner, {
    get(target, key) {
      if (key === 'caches') return undefined
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await using theater = await open(store)
  await theater.spawn({ id: 'a', component })
  for (let n = 1; n < 5; n++) expect(await theater.call('a', 'run', [0])).toBe(n)
})
