import { cidOf, sha256 } from '@theater/values'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { ChainError, ChainWriter, verifyStructure } from '../src/index.ts'
import { openDatabase } from '../src/sqlite/schema.ts'
import { SqliteStore } from '../src/sqlite/store.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { content, countingSalts } from './helpers.ts'
import { fill } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'event-chain-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const fresh = (): string => join(folder, `${n++}.db`)

test('whoever opens the database for writing last is its writer; readers take nothing', async () => {
  const path = fresh()
  await using first = sqliteStore(path)
  const writer = await fill(first, 20)
  await using reader = sqliteStore(path, { readOnly: true })
  expect(await reader.find('counter')).toMatchObject({ size: 20 })
  writer.append('send', content('send', { call: 1 }))
  await writer.flush()
  expect(await reader.find('counter')).toMatchObject({ size: 21 })

  await using second = sqliteStore(path)
  expect(await second.find('counter')).toMatchObject({ size: 21 })
  const cid = cidOf('raw', sha256(new Uint8Array(1)))
  writer.append('send', content('send', { call: 1 }))
  await expect(writer.flush()).rejects.toMatchObject({ code: 'stale' })
  await expect(first.lease(writer.chain)).rejects.toMatchObject({ code: 'stale' })
  await expect(first.relabel(writer.chain, 'other')).rejects.toMatchObject({ code: 'stale' })
  await expect(first.put(cid, new Uint8Array(1))).rejects.toMatchObject({ code: 'stale' })
  await expect(fill(first, 3, 'other')).rejects.toMatchObject({ code: 'stale' })
  expect(await second.lease(writer.chain)).toBe(writer.epoch + 1)
  expect(await first.find('counter')).toMatchObject({ size: 21 })
})

test('a reader cannot write, and finds nothing where there is nothing', async () => {
  const path = fresh()
  expect(() => sqliteStore(path, { readOnly: true })).toThrow(expect.objectContaining({ code: 'io' }))
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL')
  db.close()
  expect(() => sqliteStore(path, { readOnly: true })).toThrow(expect.objectContaining({ code: 'not-found' }))
  await sqliteStore(path).close()
  await using reader = sqliteStore(path, { readOnly: true })
  await expect(fill(reader, 3)).rejects.toMatchObject({ code: 'read-only' })
})

test('what is on record is for the owner of the database alone', async () => {
  const path = fresh()
  await using store = sqliteStore(path)
  await fill(store, 3)
  const modes = ['', '-wal', '-shm'].map((file) => statSync(path + file).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600, 0o600])
})

test('what is kept in place of the last one is written once', async () => {
  const path = fresh()
  await using store = sqliteStore(path)
  const { chain, head } = await fill(store, 3)
  const length = 250_000
  const grows = async (): Promise<number> => {
    const before = statSync(`${path}-wal`).size
    const bytes = crypto.getRandomValues(new Uint8Array(50_000))
    const all = Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length] as number)
    await store.caches.keep([{ chain, kind: 'snapshot', size: 3, head, bytes: all }])
    return statSync(`${path}-wal`).size - before
  }
  const first = await grows()
  expect(first).toBeGreaterThan(length)
  for (let i = 0; i < 4; i++) expect(await grows()).toBeLessThan(first * 1.1)
})

test('what is closed comes back', async () => {
  const path = fresh()
  const first = sqliteStore(path)
  const { chain, head } = await fill(first, 100)
  await first.close()
  await using again = sqliteStore(path)
  const options = { blobs: again, unfinished: 'allow' } as const
  expect(await verifyStructure(again.read(chain), options)).toMatchObject({ ok: true, size: 100, head })
})

test('another application, a newer schema, no database at all', () => {
  const other = fresh()
  const db = new DatabaseSync(other)
  db.exec('CREATE TABLE users (name TEXT)')
  db.close()
  expect(() => sqliteStore(other)).toThrow(expect.objectContaining({ code: 'unsupported' }))

  const newer = fresh()
  sqliteStore(newer)
    .close()
    .catch(() => {})
  const changed = new DatabaseSync(newer)
  changed.exec('PRAGMA user_version = 99')
  changed.close()
  expect(() => sqliteStore(newer)).toThrow(expect.objectContaining({ code: 'unsupported' }))

  const garbage = fresh()
  writeFileSync(garbage, 'this is not a database, and it is longer than a header of one would be'.repeat(50))
  expect(() => sqliteStore(garbage)).toThrow(expect.objectContaining({ code: 'damaged' }))
  expect(() => sqliteStore(join(folder, 'no', 'such', 'folder.db'))).toThrow(
    expect.objectContaining({ code: 'io' }),
  )
})

test('damage anywhere in the file is an error of ours, or a chain that is broken, or harmless', async () => {
  const path = fresh()
  const store = sqliteStore(path)
  const { chain } = await fill(store, 150)
  await store.close()
  const good = readFileSync(path)
  const seen = new Set<string>()
  for (let at = 0; at < good.length; at += 997) {
    const bad = Buffer.from(good)
    bad.fill(0xa5, at, at + 40)
    const copy = fresh()
    writeFileSync(copy, bad)
    const outcome = await (async () => {
      await using damaged = sqliteStore(copy)
      await damaged.list()
      const result = await verifyStructure(damaged.read(chain), { blobs: damaged, unfinished: 'allow' })
      return result.ok ? 'intact' : 'broken'
    })().catch((error: unknown) => (ChainError.is(error) ? error.code : `not ours: ${String(error)}`))
    seen.add(outcome)
  }
  expect([...seen].filter((outcome) => outcome.startsWith('not ours'))).toEqual([])
  expect(seen).toContain('broken')
  expect(seen).toContain('damaged')
})

test('a row that is gone is named', async () => {
  const path = fresh()
  const store = sqliteStore(path)
  const { chain } = await fill(store, 300)
  await store.close()
  const db = new DatabaseSync(path)
  db.exec('DELETE FROM events WHERE seq = 200')
  db.close()
  await using again = sqliteStore(path)
  const result = await verifyStructure(again.read(chain), { blobs: again })
  expect(result).toMatchObject({ ok: false, index: 200, reason: 'missing' })
})

test('no room left: an error, nothing half written, and the writer is dead', async () => {
  const db = new DatabaseSync(fresh())
  await using store = new SqliteStore(db, openDatabase(db, { readOnly: false }))
  const writer = await fill(store, 10)
  const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number }
  db.exec(`PRAGMA max_page_count = ${pages + 4}`)
  for (let i = 0; i < 100; i++) writer.append('stop', content('stop', { reason: 'x'.repeat(1000) }))
  await expect(writer.flush()).rejects.toMatchObject({ code: 'full' })
  await expect(writer.flush()).rejects.toMatchObject({ code: 'dead' })
  expect(() => writer.append('stop', content('stop', { reason: '' }))).toThrow(
    expect.objectContaining({ code: 'dead' }),
  )
  expect(await store.find('counter')).toMatchObject({ size: 10 })
  // The database goes on once there is room.
  db.exec('PRAGMA max_page_count = 100000')
  const { chain, head, size } = (await store.find('counter')) as {
    chain: Uint8Array
    head: Uint8Array
    size: number
  }
  const epoch = await store.lease(chain)
  const next = ChainWriter.resume({ store, salts: countingSalts(99), chain, head, size, epoch })
  next.append('resume', content('resume', { epoch }))
  await next.flush()
  expect(await store.find('counter')).toMatchObject({ size: 11 })
})

test('a database that another process holds locked', async () => {
  const path = fresh()
  await sqliteStore(path).close()
  const holder = new DatabaseSync(path)
  holder.exec('BEGIN IMMEDIATE')
  expect(() => sqliteStore(path, { busyTimeout: 0 })).toThrow(expect.objectContaining({ code: 'busy' }))
  holder.close()
})

test('a process that is killed while it appends loses nothing that was acknowledged', async () => {
  const child = new URL('./killed-writer.ts', import.meta.url).pathname
  for (let round = 0; round < 3; round++) {
    const path = fresh()
    const writer = spawn(process.execPath, ['--conditions=theater-source', child, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let acknowledged = 0
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line)
      if (acknowledged > 200 * (round + 1)) writer.kill('SIGKILL')
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
    expect(writer.signalCode).toBe('SIGKILL')
    await using store = sqliteStore(path)
    const info = await store.find('counter')
    expect(info?.size).toBeGreaterThanOrEqual(acknowledged)
    const result = await verifyStructure(store.read(info?.chain as Uint8Array), {
      blobs: store,
      unfinished: 'allow',
    })
    expect(result).toMatchObject({ ok: true, size: info?.size, head: info?.head })
  }
})
