import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cut, sha256 } from '../src/chunks.ts'
import { directory } from '../src/directory.ts'
import { collect } from '../src/index.ts'
import type { Hash, KeptBlob, StoreBackend } from '../src/index.ts'
import { sqlite } from '../src/sqlite.ts'
import { backends, temporaryFile, temporaryFolder } from './backends.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = (hash: Hash): string => Buffer.from(hash).toString('hex')
const none = () => new Set<string>()

async function put(backend: StoreBackend, content: string, now = 0, space = 's'): Promise<Hash> {
  const hash = sha256(bytes(content))
  await backend.put(space, hash, cut(bytes(content)), { quota: 1_000_000, now })
  return hash
}

const hashes = (blobs: readonly KeptBlob[]): string[] => blobs.map(({ hash }) => hex(hash))

describe.each(backends)('$name', ({ open }) => {
  test('frees what nobody names, holds or has put lately, and leaves its room', async () => {
    const backend = open()
    const [labelled, held, young, loose] = [
      await put(backend, 'labelled'),
      await put(backend, 'held'),
      await put(backend, 'young', 100),
      await put(backend, 'loose'),
    ]
    await backend.set('s', 'w', { name: 'l', expected: undefined, value: labelled }, 9)
    const asked: ReadonlySet<string>[] = []
    const keep = (wanted: ReadonlySet<string>) => {
      asked.push(wanted)
      return new Set([hex(held)])
    }
    const dry = await collect(backend, { keep, before: 100, dryRun: true })
    expect(hashes(dry.freed)).toEqual([hex(loose)])
    expect(await backend.size('s', loose)).toBe(5)
    const done = await collect(backend, { keep, before: 100 })
    expect(done).toEqual(dry)
    expect(done).toMatchObject({ kept: 3, uploads: 0, damaged: [] })
    expect(asked[0]).toEqual(new Set([hex(held), hex(loose)]))
    expect(await backend.size('s', loose)).toBeUndefined()
    for (const one of [labelled, held, young]) expect(await backend.size('s', one)).toBeGreaterThan(0)
    // 8 + 4 + 5 are there.
    const full = await backend.put('s', loose, cut(bytes('loose')), { quota: 21, now: 0 })
    expect(full).toEqual({ tag: 'full', left: 4 })
  })

  test('a blob that is put again is young; a label of another namespace keeps nothing', async () => {
    const backend = open()
    const hash = await put(backend, 'a')
    await put(backend, 'a', 0, 'other')
    await put(backend, 'a', 100)
    await backend.set('third', 'w', { name: 'l', expected: undefined, value: hash }, 9)
    const { freed } = await collect(backend, { keep: none, before: 100 })
    expect(freed.map(({ namespace }) => namespace)).toEqual(['other'])
    expect(await backend.chunks('s', hash, 0, 1)).toEqual(cut(bytes('a')))
  })

  test('what is within a tree that is kept stays, at any depth', async () => {
    const backend = open()
    const [file, deep, loose] = [
      await put(backend, 'file'),
      await put(backend, 'deep'),
      await put(backend, 'loose'),
    ]
    const tree = (...entries: unknown[]) => put(backend, JSON.stringify({ tree: 1, entries }))
    const sub = await tree(['deep', 'file', hex(deep), 4])
    const top = await tree(['a', 'file', hex(file), 4], ['sub', 'directory', hex(sub)])
    const other = await tree(['loose', 'file', hex(loose), 5])
    await put(backend, `not a tree: ${hex(loose)}`)
    await backend.set('s', 'w', { name: 'top', expected: undefined, value: top }, 9)
    const { freed, kept } = await collect(backend, { keep: none, before: 100 })
    expect(kept).toBe(4)
    expect(hashes(freed)).toEqual(expect.arrayContaining([hex(other), hex(loose)]))
    for (const one of [file, deep, sub, top]) expect(await backend.size('s', one)).toBeDefined()
  })

  test('uploads that nothing was written to lately are given up', async () => {
    const backend = open()
    await backend.begin('s', 'u-1', 0, 9)
    await backend.append('s', 'u-1', 0, cut(bytes('12345')), { quota: 99, now: 50 })
    await backend.begin('s', 'u-2', 0, 9)
    await backend.append('s', 'u-2', 0, cut(bytes('12345')), { quota: 99, now: 100 })
    expect(await collect(backend, { keep: none, before: 100 })).toMatchObject({ uploads: 1 })
    expect(await backend.upload('s', 'u-1')).toBeUndefined()
    expect(await backend.uploaded('s', 'u-2', 0, 1)).toEqual(cut(bytes('12345')))
  })
})

test('where a tree that is kept is damaged, nothing is freed', async () => {
  const path = temporaryFile()
  const backend = sqlite(path)
  const file = await put(backend, 'file')
  const tree = JSON.stringify({ tree: 1, entries: [['a', 'file', hex(file), 4]] })
  const top = await put(backend, tree)
  await backend.set('s', 'w', { name: 'top', expected: undefined, value: top }, 9)
  const db = new DatabaseSync(path)
  db.prepare('update bytes set bytes = ? where length(bytes) > 4').run(
    bytes(tree.replace(hex(file), '0'.repeat(64))),
  )
  db.close()
  const done = await collect(backend, { keep: none, before: 100 })
  expect(done).toMatchObject({ freed: [], damaged: [{ hash: top }] })
  expect(await backend.size('s', file)).toBe(4)
  await backend[Symbol.asyncDispose]?.()
})

describe('in a directory', () => {
  function opened() {
    const path = temporaryFolder()
    const backend = directory(path)
    onTestFinished(() => backend[Symbol.asyncDispose]?.())
    const files = () =>
      readdirSync(join(path, 'blobs'), { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
    return { path, backend, files }
  }

  test('a file goes when the last namespace forgets it', async () => {
    const { backend, files } = opened()
    const hash = await put(backend, 'a')
    await put(backend, 'a', 0, 'other')
    expect(await backend.forget('s', hash, 100)).toBe(true)
    expect(await backend.chunks('other', hash, 0, 1)).toEqual(cut(bytes('a')))
    expect(files()).toHaveLength(1)
    expect(await backend.forget('other', hash, 100)).toBe(true)
    expect(files()).toHaveLength(0)
  })

  test('what a crash left goes when it is old, and nothing else does', async () => {
    const { path, backend } = opened()
    const hash = await put(backend, 'kept')
    const orphan = hex(sha256(bytes('orphan')))
    mkdirSync(join(path, 'blobs', orphan.slice(0, 2)), { recursive: true })
    const left = [join('blobs', orphan.slice(0, 2), orphan.slice(2)), 'partial/x.tmp', 'partial/y.part']
    mkdirSync(join(path, 'blobs/zz'))
    for (const name of [...left, 'blobs/zz/readme']) writeFileSync(join(path, name), 'x')
    const there = () =>
      readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /^(blobs\/..|partial)\//.test(name),
      )
    await backend.sweep(1000)
    expect(there()).toHaveLength(5)
    for (const name of there()) utimesSync(join(path, name), 0, 0)
    await backend.sweep(1000)
    const file = hex(hash)
    expect(there().toSorted()).toEqual(
      [join('blobs', file.slice(0, 2), file.slice(2)), 'blobs/zz/readme'].toSorted(),
    )
  })
})
