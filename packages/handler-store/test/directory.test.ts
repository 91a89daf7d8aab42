import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cut, sha256 } from '../src/chunks.ts'
import { directory } from '../src/directory.ts'
import { store } from '../src/index.ts'
import { temporaryFolder } from './backends.ts'

const BLOBS = 'theater:store/blobs@0.1'
const large = new Uint8Array(200_000).map((_, index) => index * 7)
const room = { quota: 10_000_000, now: 0 }

async function kept(path = temporaryFolder()) {
  const handler = store({ backend: directory(path) })
  onTestFinished(() => handler[Symbol.asyncDispose]?.())
  const { imports } = await handler.bind(fakeActor({ id: 'a' }), { rights: ['read', 'write', 'label'] })
  const blobs = imports[BLOBS]
  const hash = await blobs.put(large)
  const hex = Buffer.from(hash).toString('hex')
  return { path, blobs, hash, file: join(path, 'blobs', hex.slice(0, 2), hex.slice(2)) }
}

test('a blob is a file under its hash, and nothing is left of its writing', async () => {
  const { path, file } = await kept()
  expect(new Uint8Array(readFileSync(file))).toEqual(large)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(path, 'partial'))).toEqual([])
})

test('what has no room is not written, and leaves nothing', async () => {
  const path = temporaryFolder()
  const backend = directory(path)
  const hash = sha256(large)
  expect(await backend.put('s', hash, cut(large), { quota: 100, now: 0 })).toEqual({ tag: 'full', left: 100 })
  expect(readdirSync(join(path, 'blobs'))).toEqual([])
  expect(readdirSync(join(path, 'partial'))).toEqual([])
  await backend[Symbol.asyncDispose]?.()
})

test('two namespaces have one file, and know nothing of each other', async () => {
  const backend = directory(temporaryFolder())
  const hash = sha256(large)
  await backend.put('one', hash, cut(large), room)
  expect(await backend.size('two', hash)).toBeUndefined()
  expect(await backend.chunks('two', hash, 0, 1)).toBeUndefined()
  expect(await backend.put('two', hash, cut(large), { quota: 7, now: 0 })).toEqual({ tag: 'full', left: 7 })
  await backend[Symbol.asyncDispose]?.()
})

test('two openings of one folder see each other', async () => {
  const path = temporaryFolder()
  const [first, second] = [directory(path), directory(path)]
  const hash = sha256(large)
  await Promise.all([first.put('s', hash, cut(large), room), second.put('s', hash, cut(large), room)])
  expect(await second.chunks('s', hash, 0, 4)).toEqual(cut(large))
  expect(await second.put('s', sha256(hash), cut(hash), { quota: 200_031, now: 0 })).toEqual({
    tag: 'full',
    left: 31,
  })
  await first[Symbol.asyncDispose]?.()
  await second[Symbol.asyncDispose]?.()
})

test('two processes put and count in one folder, and nothing is lost or counted twice', async () => {
  const path = temporaryFolder()
  const program = new URL('putter.ts', import.meta.url).pathname
  const run = promisify(execFile)
  // Forty blobs each, twenty of them the same.
  await Promise.all(
    [
      ['0', '40'],
      ['20', '60'],
    ].map((range) => run(process.execPath, ['--conditions=theater-source', program, path, ...range])),
  )
  const backend = directory(path)
  const blobs = await backend.blobs()
  expect(blobs).toHaveLength(60)
  for (const { namespace, hash } of blobs) {
    const chunks = (await backend.chunks(namespace, hash, 0, 1)) ?? []
    expect(chunks.map(({ bytes }) => sha256(bytes))).toEqual([hash])
  }
  const { value } = (await backend.entry('shared:shared', 'b', 'n')) ?? {}
  expect(Buffer.from(value ?? []).toString()).toBe('80')
  // 60 blobs of 100 bytes, and an entry of a key of 1 and a value of 2.
  const left = await backend.put('shared:shared', sha256(large), cut(large), { quota: 7000, now: 0 })
  expect(left).toEqual({ tag: 'full', left: 7000 - 6000 - 67 })
  await backend[Symbol.asyncDispose]?.()
})

describe('damage is told apart from absence, and healed by putting the content again:', () => {
  test.each<[string, (file: string) => void]>([
    ['a byte that changed', (file) => writeFileSync(file, readFileSync(file).fill(0, 100_000, 100_001))],
    ['a file that was cut', (file) => truncateSync(file, 150_000)],
    ['a file that is empty', (file) => truncateSync(file, 0)],
    ['a file that is gone', (file) => rmSync(file)],
  ])('%s', async (_what, damage) => {
    const { blobs, hash, file } = await kept()
    damage(file)
    const damaged = { payload: { tag: 'damaged' } }
    await expect(blobs.get(hash, 0n, 200_000n)).rejects.toMatchObject(damaged)
    await expect(blobs.get(hash, 99_000n, 90_000n)).rejects.toMatchObject(damaged)
    expect(await blobs.put(large)).toEqual(hash)
    expect(await blobs.get(hash, 0n, 200_000n)).toEqual(large)
  })
})

test('chunks that are not damaged are read from a blob that is', async () => {
  const { blobs, hash, file } = await kept()
  truncateSync(file, 150_000)
  expect(await blobs.get(hash, 5n, 131_000n)).toEqual(large.slice(5, 131_005))
})

test('a file that cannot be read is a fault, no absence and no damage', async () => {
  const { blobs, hash, file } = await kept()
  rmSync(dirname(file), { recursive: true })
  writeFileSync(dirname(file), '')
  await expect(blobs.get(hash, 0n, 1n)).rejects.toThrow('ENOTDIR')
})
