import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { cut } from '../src/chunks.ts'
import { store } from '../src/index.ts'
import { sqlite } from '../src/sqlite.ts'
import { fakeActor } from '@theater/handler-conformance'
import { temporaryFile } from './backends.ts'

const BLOBS = 'theater:store/blobs@0.1'
const room = (quota: number) => ({ quota, now: 0 })
const hash = (n: number): Uint8Array => new Uint8Array(32).fill(n)

test('what was stored is there after reopening', async () => {
  const path = temporaryFile()
  const first = sqlite(path)
  await first.put('s', hash(1), cut(hash(2)), room(100))
  await first.set('s', 'w', { name: 'a', expected: undefined, value: hash(1) }, 10)
  await first[Symbol.asyncDispose]?.()
  await first[Symbol.asyncDispose]?.()
  const second = sqlite(path)
  expect(await second.chunks('s', hash(1), 0, 1)).toEqual(cut(hash(2)))
  expect(await second.label('s', 'a')).toEqual(hash(1))
  expect(await second.last('s', 'w')).toEqual({
    name: 'a',
    expected: undefined,
    value: hash(1),
    overtaken: false,
  })
  expect(await second.put('s', hash(3), cut(new Uint8Array(69)), room(100))).toEqual({
    tag: 'full',
    left: 68,
  })
  await second[Symbol.asyncDispose]?.()
})

test('what is stored is for the owner of the file alone', async () => {
  const path = temporaryFile()
  const backend = sqlite(path)
  expect([path, `${path}-wal`].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600])
  await backend[Symbol.asyncDispose]?.()
})

test('two openings of one file see each other', async () => {
  const path = temporaryFile()
  const [first, second] = [sqlite(path), sqlite(path)]
  await first.set('s', 'one', { name: 'a', expected: undefined, value: hash(1) }, 10)
  expect(await second.set('s', 'two', { name: 'a', expected: undefined, value: hash(2) }, 10)).toEqual({
    tag: 'conflict',
    current: hash(1),
  })
  await first[Symbol.asyncDispose]?.()
  await second[Symbol.asyncDispose]?.()
})

test('a byte changed in the file is damage', async () => {
  const path = temporaryFile()
  const handler = store({ backend: sqlite(path) })
  const binding = await handler.bind(fakeActor({ id: 'a' }), { rights: ['read', 'write', 'label'] })
  const put = await binding.imports[BLOBS].put(new Uint8Array([1, 2, 3]))
  const db = new DatabaseSync(path)
  db.prepare('update bytes set bytes = ?').run(new Uint8Array([1, 2, 4]))
  await expect(binding.imports[BLOBS].get(put, 0n, 3n)).rejects.toMatchObject({ payload: { tag: 'damaged' } })
  db.prepare('update bytes set bytes = ?').run('text')
  await expect(binding.imports[BLOBS].get(put, 0n, 3n)).rejects.toThrow('damaged')
  db.close()
  await handler[Symbol.asyncDispose]?.()
})

describe('refuses', () => {
  test('a database of something else', () => {
    const path = temporaryFile()
    const db = new DatabaseSync(path)
    db.exec('create table mine (x)')
    db.close()
    expect(() => sqlite(path)).toThrow('a database of something else')
  })

  test('a newer format', async () => {
    const path = temporaryFile()
    await sqlite(path)[Symbol.asyncDispose]?.()
    const db = new DatabaseSync(path)
    db.exec('pragma user_version = 3')
    db.close()
    expect(() => sqlite(path)).toThrow('has format 3, this version knows 2')
  })
})
