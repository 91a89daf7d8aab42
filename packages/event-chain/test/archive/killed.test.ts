import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { proveEvent } from '../../src/log.ts'
import { sqliteStore } from '../../src/sqlite.ts'
import { archive, fileOf, signed, textOf, turns } from './parts.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-killed-'))
afterAll(() => rmSync(folder, { recursive: true }))
const whole = join(folder, 'whole.db')
const parted = join(folder, 'parted.db')
const file = join(folder, 'a.car')
const LENGTH = 400
let chain: Uint8Array
let text: string[]
let base: number

beforeAll(async () => {
  {
    await using store = sqliteStore(whole)
    chain = await signed(store, LENGTH)
    text = await textOf(store, chain)
    base = (await turns(store, chain)).findLast((at) => at < 300) ?? 0
    writeFileSync(file, await fileOf(store, chain, base))
  }
  copyFileSync(whole, parted)
  await using store = sqliteStore(parted)
  await archive(store, chain, base)
})

/** A copy of a database, after somebody was killed at it. */
function after(from: string, what: 'out' | 'back', where: string): string {
  const path = join(folder, `${what} ${where.replaceAll(/[^a-z]+/gi, ' ')}.db`)
  copyFileSync(from, path)
  const child = new URL('./killed-archiver.ts', import.meta.url).pathname
  const args = ['--conditions=theater-source', child, path, what, where, `${base}`, file]
  const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([signal, stderr]).toEqual(['SIGKILL', ''])
  return path
}

const size = async (path: string): Promise<{ gone: boolean; here: number }> => {
  await using store = sqliteStore(path)
  const gone = (await store.find('counter'))?.archived !== undefined
  const here = await textOf(store, chain, gone ? base : 0)
  expect(here).toEqual(gone ? text.slice(base) : text)
  // The tree is there as it was.
  await proveEvent(store, chain, base)
  return { gone, here: here.length }
}

describe('who is killed', () => {
  test.each([
    ['INSERT ON archives', false],
    ['UPDATE OF archived ON chains', false],
    ['DELETE ON events WHEN old.seq = 4', false],
    ['DELETE ON events WHEN old.seq = 200', false],
    ['DELETE ON blobs', false],
    ['done', true],
  ])('while a part is taken out, at %s, has taken all of it or nothing', async (where, gone) => {
    expect(await size(after(whole, 'out', where))).toEqual({ gone, here: gone ? LENGTH - base : LENGTH })
  })

  test.each([
    ['INSERT ON events WHEN new.seq = 200', true],
    ['DELETE ON archives', true],
    ['UPDATE OF archived ON chains', true],
    ['done', false],
  ])('while a part is put back, at %s, has put back all of it or nothing', async (where, gone) => {
    expect(await size(after(parted, 'back', where))).toEqual({ gone, here: gone ? LENGTH - base : LENGTH })
  })
})

test('what fails in the middle changes nothing, and can be done again', async () => {
  const path = join(folder, 'fails.db')
  copyFileSync(whole, path)
  const db = new DatabaseSync(path)
  db.exec(
    "CREATE TRIGGER full AFTER DELETE ON events WHEN old.seq = 200 BEGIN SELECT RAISE(FAIL, 'no room'); END",
  )
  {
    await using store = sqliteStore(path)
    await expect(archive(store, chain, base)).rejects.toMatchObject({ name: 'ChainError' })
    expect(await textOf(store, chain)).toEqual(text)
    expect((await store.find('counter'))?.archived).toBeUndefined()
  }
  db.exec('DROP TRIGGER full')
  db.close()
  await using store = sqliteStore(path)
  await archive(store, chain, base)
  const before = statSync(path).size
  await store.hostLog.scrub()
  expect(statSync(path).size).toBeLessThan(before / 2)
  expect(await textOf(store, chain, base)).toEqual(text.slice(base))
})

test('a database of the schema before is brought on, and can be read as it is', async () => {
  const path = join(folder, 'six.db')
  copyFileSync(whole, path)
  const db = new DatabaseSync(path)
  db.exec('DROP TABLE archives; ALTER TABLE chains DROP COLUMN archived; PRAGMA user_version = 6')
  db.close()
  {
    await using reader = sqliteStore(path, { readOnly: true })
    expect(await textOf(reader, chain)).toEqual(text)
    expect(await reader.archives.notes(chain)).toBeUndefined()
    expect(await reader.hostLog.leaves(chain, 0, 9)).toEqual([])
    await proveEvent(reader, chain, 7)
  }
  await using store = sqliteStore(path)
  expect(await textOf(store, chain)).toEqual(text)
  await archive(store, chain, base)
  await using reader = sqliteStore(path, { readOnly: true })
  expect(await reader.find('counter')).toMatchObject({ size: LENGTH, archived: { base } })
  await proveEvent(reader, chain, base)
})
