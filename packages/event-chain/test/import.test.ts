import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportCar, importCar } from '../src/car.ts'
import { ChainError, memoryStore, verifyStructure } from '../src/index.ts'
import type { LoggedStore, StoredEvent } from '../src/index.ts'
import { compareChain, HostLog, makeSeal, originSeal, SigningKey, verifySeal } from '../src/log.ts'
import { sha256 } from '../src/node.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { bytesOf, exported, open } from './car-helpers.ts'
import { fill } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-import-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const key = await SigningKey.generate('host.example/theater')
const mine = await SigningKey.generate('mine.example/theater')

const stores: [string, () => LoggedStore][] = [
  ['memory', memoryStore],
  ['SQLite', () => sqliteStore(join(folder, `${n++}.db`))],
]

const source = memoryStore()
let ids: readonly Uint8Array[]
/** Two chains that share a block, one of them with an event that was erased, under a seal. */
let car: Uint8Array

beforeAll(async () => {
  const a = await fill(source, 700, 'a')
  const b = await fill(source, 40, 'b', 5000)
  ids = [a.chain, b.chain]
  const log = await HostLog.open({ store: source, key })
  await log.redact(b.chain, [7], { reason: 'asked for' })
  car = await bytesOf(exportCar(source, ids, { hash: sha256, seal: await makeSeal(source, ids) }))
})

const plain = async (events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> =>
  (await Array.fromAsync(events)).map(({ header, body }) => ({
    header: new Uint8Array(header),
    body: body === null ? null : new Uint8Array(body),
  }))

describe.each(stores)('into %s', (_, make) => {
  test('chains come with their blocks and their seal, as history', async () => {
    await using store = make()
    const imported = await importCar(await open(car), store, { hash: sha256 })
    expect(imported).toMatchObject([
      { label: 'a', size: 700, added: true },
      { label: 'b', size: 40, added: true },
    ])
    for (const id of ids) {
      expect(await plain(store.read(id))).toEqual(await plain(source.read(id)))
      const structure = await verifyStructure(store.read(id), { blobs: store, unfinished: 'allow' })
      expect(structure).toMatchObject({ ok: true, withheld: id === ids[1] ? 7 : null })
      const info = await store.info(id)
      if (info === undefined) throw new Error('it is here')
      const seal = await originSeal(store, info)
      if (seal === undefined) throw new Error('it came with a seal')
      expect((await verifySeal(seal, [key.verifier])).by.equals(key.verifier)).toBe(true)
      expect(seal.chains).toHaveLength(1)
      expect(seal.erased.map(({ entry }) => entry.seq)).toEqual(id === ids[1] ? [7] : [])
      const [sealed] = seal.chains
      expect(sealed && (await compareChain(store, sealed.entry))).toMatchObject({ matches: true })
    }
    // What this host signs is what it recorded itself.
    const log = await HostLog.open({ store, key: mine })
    expect(await log.checkpoint()).toBeUndefined()
    await fill(store, 5, 'own', 9000)
    expect(await log.checkpoint()).toMatchObject({ size: 1 })
    expect((await store.find('own'))?.origin).toBeUndefined()
  })

  test('a second time changes nothing; another record of a chain is refused', async () => {
    await using store = make()
    await importCar(await open(car), store, { label: ({ label }) => `${label}~1` })
    const again = await importCar(await open(car), store)
    expect(again).toMatchObject([
      { label: 'a~1', added: false },
      { label: 'b~1', added: false },
    ])
    expect(await store.list()).toHaveLength(2)
    const shorter = memoryStore()
    await fill(shorter, 20, 'a')
    const cut = await exported(shorter, ids[0] as Uint8Array)
    await expect(importCar(await open(cut), store)).rejects.toMatchObject({
      code: 'exists',
      message: 'the chain of a~1 is already here, and longer than in the file',
    })
  })

  test('comes all of it, or nothing', async () => {
    await using store = make()
    await fill(store, 5, 'b', 9000)
    await expect(importCar(await open(car), store)).rejects.toMatchObject({ code: 'exists' })
    // A file that is changed while it is read, at its very end.
    const file = await open(car)
    const changed = {
      ...file,
      chains: file.chains,
      get: (cid: Uint8Array) => file.get(cid),
      async *read(id: Uint8Array) {
        let left = 39
        for await (const stored of file.read(id)) {
          if (id === file.chains[1]?.chain && left-- === 0) {
            throw new ChainError('broken', 'it was cut', { index: 39, reason: 'missing' })
          }
          yield stored
        }
      },
    }
    const label = ({ label }: { label: string | null }) => `${label}~1`
    const failed = importCar(changed as never, store, { label })
    await expect(failed).rejects.toMatchObject({ code: 'broken', index: 39 })
    expect((await store.list()).map(({ label }) => label)).toEqual(['b'])
    expect(await store.has(new Uint8Array(36))).toBe(false)
    // And nothing of it is in the way of the next one.
    expect(await importCar(await open(car), store, { label })).toHaveLength(2)
    expect((await store.list()).map(({ label }) => label)).toEqual(['a~1', 'b', 'b~1'])
    for (const id of ids) expect(await plain(store.read(id))).toEqual(await plain(source.read(id)))
  })

  test('is gone on with where that is asked for', async () => {
    await using store = make()
    const [a] = await importCar(await open(car), store, { adopt: true })
    expect((await store.list()).map(({ origin }) => origin)).toEqual([undefined, undefined])
    expect(a && (await originSeal(store, a))).toBeUndefined()
    const log = await HostLog.open({ store, key: mine })
    expect(await log.checkpoint()).toMatchObject({ size: 2 })
    expect(await store.lease(ids[0] as Uint8Array)).toBe((a?.epoch ?? 0) + 1)
  })

  test('is refused as a whole where one of the chains is broken', async () => {
    await using store = make()
    const bad = car.slice()
    bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 1
    await expect(importCar(await open(bad), store)).rejects.toMatchObject({ code: 'broken' })
    expect(await store.list()).toEqual([])
  })
})

test('many short chains take little memory in a store that is in memory', async () => {
  const many = memoryStore()
  const chains: Uint8Array[] = []
  for (let i = 0; i < 500; i++) chains.push((await fill(many, 12, `short-${i}`)).chain)
  const file = await open(await bytesOf(exportCar(many, chains, { hash: sha256 })))
  await using store = memoryStore()
  const before = process.memoryUsage().arrayBuffers
  await importCar(file, store, { hash: sha256 })
  expect(await store.list()).toHaveLength(500)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(500 * 32 * 1024)
})
