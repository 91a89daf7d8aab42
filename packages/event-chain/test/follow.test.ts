import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ChainWriter, followEvents, memoryStore } from '../src/index.ts'
import type { FollowOptions, Store } from '../src/index.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { content, countingSalts } from './helpers.ts'
import { fill } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'event-chain-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0

/** A writer's store, and one that reads beside it. */
const stores: [string, () => { readonly store: Store; readonly reader: Store }][] = [
  [
    'memory',
    () => {
      const store = memoryStore()
      return { store, reader: store }
    },
  ],
  [
    'SQLite',
    () => {
      const path = join(folder, `${n++}.db`)
      const store = sqliteStore(path)
      return { store, reader: sqliteStore(path, { readOnly: true }) }
    },
  ],
]

function append(writer: ChainWriter, count: number): Promise<void> {
  for (let i = 0; i < count; i++) writer.append('send', content('send', { call: 1 }))
  return writer.flush()
}

const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, i) => from + i)

describe.each(stores)('followEvents: %s', (_, open) => {
  /** Follows while at each look that finds nothing the next step is done; ends after the last. */
  async function followed(
    { reader, writer }: { readonly reader: Store; readonly writer: ChainWriter },
    steps: readonly (() => Promise<unknown>)[],
    options: Partial<FollowOptions> = {},
  ): Promise<number[]> {
    const left = [...steps]
    const wake = async (): Promise<boolean> => {
      const step = left.shift()
      await step?.()
      return step !== undefined
    }
    const seen: number[] = []
    for await (const { seq } of followEvents(reader, writer.chain, { wake, ...options })) seen.push(seq)
    return seen
  }

  test('gives what is there, and then what comes, each once and in order', async () => {
    const { store, reader } = open()
    const writer = await fill(store, 20)
    const seen = await followed({ reader, writer }, [
      () => append(writer, 1),
      async () => undefined,
      () => append(writer, 300),
      () => append(writer, 1),
    ])
    expect(seen).toEqual(upTo(322))
  })

  test('begins where it is told to, there already or not', async () => {
    const { store, reader } = open()
    const writer = await fill(store, 20)
    expect(await followed({ reader, writer }, [() => append(writer, 2)], { from: 18 })).toEqual([
      18, 19, 20, 21,
    ])
    expect(
      await followed({ reader, writer }, [() => append(writer, 2), () => append(writer, 2)], { from: 24 }),
    ).toEqual([24, 25])
  })

  test('keeps nobody from writing while it reads, and misses nothing of that', async () => {
    const { store, reader } = open()
    const writer = await fill(store, 20)
    const seen: number[] = []
    let looks = 0
    const wake = async (): Promise<boolean> => ++looks < 3
    for await (const { seq } of followEvents(reader, writer.chain, { wake })) {
      seen.push(seq)
      // In the middle of a read.
      if (seq % 10 === 0 && seq < 40) await append(writer, 10)
    }
    expect(seen).toEqual(upTo(60))
  })

  test('goes on with whoever takes the chain over', async () => {
    const { store, reader } = open()
    const writer = await fill(store, 20)
    const next = async (): Promise<void> => {
      const info = await store.info(writer.chain)
      if (info === undefined) throw new Error('there is no such chain')
      const epoch = await store.lease(writer.chain)
      const again = ChainWriter.resume({ store, salts: countingSalts(100), ...info, epoch })
      again.append('resume', content('resume', { epoch: again.epoch }))
      await again.flush()
    }
    expect(await followed({ reader, writer }, [next, next])).toEqual(upTo(22))
  })

  test('throws where there is no such chain, and what the wait throws', async () => {
    const { store, reader } = open()
    const writer = await fill(store, 5)
    const wake = async (): Promise<boolean> => true
    const none = followEvents(reader, new Uint8Array(32), { wake })
    await expect(none.next()).rejects.toMatchObject({ code: 'not-found' })
    const fails = async (): Promise<never> => Promise.reject(new Error('no more'))
    await expect(followed({ reader, writer }, [fails])).rejects.toThrow('no more')
  })

  test('does not go on with what does not link to what it gave', async () => {
    const { store, reader } = open()
    const writer = await fill(store, 20)
    // Another record of the same chain: it parts before the event that was given last.
    const other = memoryStore()
    await append(await fill(other, 19), 3)
    const changing: Store = Object.assign(Object.create(reader) as Store, {
      read: (id: Uint8Array, from?: number, to?: number) => (from === 20 ? other : reader).read(id, from, to),
      get: (cid: Uint8Array) => reader.get(cid),
    })
    const going = followed({ reader: changing, writer }, [async () => undefined])
    await expect(going).rejects.toMatchObject({ code: 'broken', reason: 'prev', index: 20 })
  })
})
