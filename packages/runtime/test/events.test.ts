import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChainWriter, encodeContent, memoryStore } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { Theater } from '@theater/runtime'
import { cidOf, encodeData } from '@theater/values'
import { afterAll, describe, expect, it } from 'vitest'
import { Readers } from '../src/record-events.ts'
import { heldStore } from './support/held-store.ts'
import { spineHandler } from './support/spine-handler.ts'
import { cache } from './support/kept.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-events-'))
afterAll(() => rmSync(folder, { recursive: true }))

const spine = { component: guest('spine'), grants: { spine: {} } }
const open = (store: Store): Promise<Theater> =>
  Theater.open({ cache, store, handlers: [spineHandler({ calls: [] })] })

/** The numbers of the events that a reading gives. */
async function seqs(events: AsyncIterable<Event>): Promise<number[]> {
  return (await Array.fromAsync(events)).map(({ seq }) => seq)
}
const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, i) => from + i)

describe('the events of an actor', () => {
  it('are given in order, those that are there and those that come, until it is stopped', async () => {
    const store = memoryStore()
    const theater = await open(store)
    await theater.spawn({ id: 'a', ...spine })
    const whole = seqs(theater.events('a'))
    for (let i = 0; i < 3; i++) await theater.call('a', 'run', [i])
    const late = seqs(theater.events('a', { from: 5 }))
    await theater.call('a', 'run', [7])
    await theater.stop('a', 'over')
    const { size } = (await store.find('a')) ?? {}
    expect(await whole).toEqual(upTo(size ?? 0))
    expect(await late).toEqual(upTo(size ?? 0, 5))
    // A record that has ended is one like others.
    expect(await seqs(theater.events('a'))).toEqual(upTo(size ?? 0))
    await theater.close()
  })

  it('are given though they were on their way to the store when the reading began', async () => {
    const held = heldStore()
    const theater = await open(held.store)
    await theater.spawn({ id: 'a', ...spine })
    const { size = 0 } = (await held.store.find('a')) ?? {}
    held.hold()
    const called = theater.call('a', 'run', [0])
    while (held.waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const reading = theater.events('a', { from: size })
    const next = reading.next()
    // It has looked, and found nothing.
    await new Promise((resolve) => setImmediate(resolve))
    held.waiting[0]?.take()
    expect((await next).value).toMatchObject({ seq: size, kind: 'turn' })
    await called
    await reading.return()
    await theater.close()
  })

  it('end with the theater, and go on in the next one where they were', async () => {
    const store = memoryStore()
    let next = 0
    const seen: number[] = []
    for (let times = 0; times < 3; times++) {
      const theater = await open(store)
      if (times === 0) await theater.spawn({ id: 'a', ...spine })
      const reading = (async () => {
        for await (const { seq } of theater.events('a', { from: next })) {
          seen.push(seq)
          next = seq + 1
        }
      })()
      for (let i = 0; i < 3; i++) await theater.call('a', 'run', [i])
      await theater.close()
      await reading
    }
    expect(seen).toEqual(upTo(next))
    expect(next).toBe((await store.find('a'))?.size)
  })

  it('end when whoever reads says so, and nobody hears of a reader that left', async () => {
    const theater = await open(memoryStore())
    await theater.spawn({ id: 'a', ...spine })
    const end = new AbortController()
    const waiting = seqs(theater.events('a', { signal: end.signal }))
    for await (const { seq } of theater.events('a')) if (seq === 1) break
    await theater.call('a', 'run', [1])
    end.abort()
    expect((await waiting).length).toBeGreaterThan(2)
    expect(await seqs(theater.events('a', { signal: end.signal }))).toEqual([])
    await expect(theater.events('b').next()).rejects.toMatchObject({ code: 'unknown-actor' })
    await theater.close()
  })
})

describe('a reader that stands still while events are recorded', () => {
  it.each([
    [10_000, 'memory', () => memoryStore()],
    [100_000, 'SQLite', () => sqliteStore(join(folder, 'many.db'))],
  ] as const)('holds none of %d, delays nobody, and has them all in the end: %s', async (many, _, make) => {
    await using store = make()
    let taken = 0
    const counting: Store = Object.assign(Object.create(store) as Store, {
      find: (label: string) => store.find(label),
      get: (cid: Uint8Array) => store.get(cid),
      has: (cid: Uint8Array) => store.has(cid),
      append: (...args: Parameters<Store['append']>) => store.append(...args),
      create: (...args: Parameters<Store['create']>) => store.create(...args),
      read: async function* (...args: Parameters<Store['read']>) {
        for await (const event of store.read(...args)) {
          taken++
          yield event
        }
      },
    })
    const readers = new Readers(counting)
    const writer = ChainWriter.create({
      store: readers.heard(),
      salts: saltPool(),
      hash: sha256,
      label: 'a',
      genesis: encodeContent('genesis', genesis),
    })
    await writer.flush()
    const still = readers.events('a')
    expect((await still.next()).value).toMatchObject({ seq: 0 })
    const quick = (async () => {
      let count = 0
      for await (const { seq } of readers.events('a')) {
        if (seq !== count++) return `event ${seq} in place of ${count - 1}`
        if (count === many) return count
      }
      return count
    })()
    for (let i = 1; i < many; i++) {
      writer.append('send', send)
      if (i % 1000 === 0) await writer.flush()
    }
    await writer.flush()
    expect(await quick).toBe(many)
    // What the one that stands still took from the store, beside the quick one's.
    expect(taken - many).toBe(1)
    readers.close()
    let last = 0
    for await (const { seq } of still) if (seq === last + 1) last = seq
    expect(last).toBe(many - 1)
  })
})

describe('a reader in another thread', () => {
  it('is given some events at once, those that come when they do, and none where it gave up or nothing comes', async () => {
    const store = memoryStore()
    const readers = new Readers(store)
    const writer = ChainWriter.create({
      store: readers.heard(),
      salts: saltPool(),
      hash: sha256,
      label: 'a',
      genesis: encodeContent('genesis', genesis),
    })
    for (let i = 1; i < 1000; i++) writer.append('send', send)
    await writer.flush()
    const first = await readers.some('a', undefined, 0)
    expect(first.events).toHaveLength(256)
    // Its name is another one's by now.
    await store.relabel(first.chain, 'a~1')
    expect((await readers.some('a', first.chain, 990)).events).toHaveLength(10)
    await expect(readers.some('a', undefined, 0)).rejects.toMatchObject({ code: 'unknown-actor' })
    const end = new AbortController()
    const given = [readers.some('a', first.chain, 1000), readers.some('a', first.chain, 1000, end.signal)]
    end.abort()
    expect((await given[1])?.events).toEqual([])
    writer.append('send', send)
    await writer.flush()
    expect((await given[0])?.events).toHaveLength(1)
    const last = readers.some('a', first.chain, 1001)
    readers.close()
    expect((await last).events).toEqual([])
  })
})

const send = encodeContent('send', { call: 1 })
const genesis = {
  actor: 'a',
  cause: null,
  component: cidOf('raw', sha256(new Uint8Array(0))),
  derive: 1,
  format: 1,
  grants: {},
  jco: '',
  limits: {},
  meter: null,
  nan: 'canonical',
  params: null,
  parent: null,
  theater: '',
  time: 0,
  wit: cidOf('dag-cbor', sha256(encodeData([]))),
} as const
