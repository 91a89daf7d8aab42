import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guest } from '@theater/guests'
import { sha256 } from '@theater/values/node'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeEntry, encodeEntry, type Entry, resealed } from '../src/entry.ts'
import {
  ComponentError,
  diskCache,
  loadComponent,
  type LoadOptions,
  type Plan,
  type Transpiler,
  workerTranspiler,
} from '../src/node.ts'
import { spineIds, spineStillRuns } from './support.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-cache-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The entries of a cache, without the key that it seals them with. */
const entries = async (of: string): Promise<string[]> =>
  (await readdir(of)).filter((name) => name !== 'seal.key')

/** A transpiler that counts what it is asked, and how often to meter. */
function counting(): Transpiler & { asked: number; metered: number } {
  const inner = workerTranspiler()
  const counter = {
    jco: inner.jco,
    asked: 0,
    metered: 0,
    transpile: (request: Parameters<Transpiler['transpile']>[0]) => {
      counter.asked++
      return inner.transpile(request)
    },
    meter: (request: Parameters<Transpiler['meter']>[0]) => {
      counter.metered++
      return inner.meter(request)
    },
  }
  return counter
}

test('what was transpiled once is not transpiled again, and runs the same', async () => {
  const cache = await diskCache(join(folder, 'made'))
  const transpiler = counting()
  expect(await spineStillRuns({ cache, transpiler })).toBe(true)
  expect(await spineStillRuns({ cache, transpiler })).toBe(true)
  expect(transpiler.asked).toBe(1)
  expect(transpiler.metered).toBe(1)
  expect((await stat(join(folder, 'made'))).mode & 0o777).toBe(0o700)
  const files = await entries(join(folder, 'made'))
  // What was found of it, its glue, and its one module.
  expect(files).toHaveLength(3)
  for (const name of files) expect(name).toMatch(/^[0-9a-f]{64}\.theater$/)
  expect((await stat(join(folder, 'made', files[0] ?? ''))).mode & 0o777).toBe(0o600)
})

test('another plan or version of jco is another entry, and so is each way of metering a module', async () => {
  const cache = await diskCache(folder)
  const transpiler = counting()
  const prepare = async (options: LoadOptions, plan: Plan = { mode: 'sync' }): Promise<void> => {
    const component = await loadComponent(guest('spine'), { cache, transpiler, ...options })
    await component.prepare(plan)
  }
  // What was found of it, its glue, and its one module.
  await prepare({})
  expect(await entries(folder)).toHaveLength(3)
  await prepare({}, { mode: 'jspi', asyncImports: [] })
  await prepare({}, { mode: 'jspi', asyncImports: [spineIds.add] })
  expect(await entries(folder)).toHaveLength(5)
  // With the glue that is there already.
  await prepare({}, { mode: 'sync', metering: 'native' })
  await prepare({}, { mode: 'sync', metering: 'none' })
  expect(transpiler.asked).toBe(3)
  expect(transpiler.metered).toBe(2)
  expect(await entries(folder)).toHaveLength(6)
  await prepare({ transpiler: { ...transpiler, jco: '9.9.9' } })
  expect(transpiler.asked).toBe(4)
  expect(await entries(folder)).toHaveLength(7)
  await prepare({}, { mode: 'jspi', asyncImports: [spineIds.add] })
  expect(transpiler.asked).toBe(4)
})

test('a damaged entry is noticed and made again, wherever the damage is', async () => {
  const cache = await diskCache(folder)
  const transpiler = counting()
  await spineStillRuns({ cache, transpiler })
  let asked = 1
  let metered = 1
  for (const file of await entries(folder)) {
    const path = join(folder, file)
    const good = await readFile(path)
    const isGlue = good.includes('instantiate')
    const isModule = good.includes('\0asm')
    const damages = [
      Buffer.alloc(0),
      good.subarray(0, 20),
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.of(0)]),
      ...[0, 30, 60, 70, good.length >> 1, good.length - 1].map((at) => {
        const copy = Buffer.from(good)
        copy[at] = (copy[at] ?? 0) ^ 1
        return copy
      }),
    ]
    for (const damaged of damages) {
      await writeFile(path, damaged)
      expect(await spineStillRuns({ cache, transpiler })).toBe(true)
      // What is kept apart is made again alone.
      expect(transpiler.asked).toBe(isGlue ? ++asked : asked)
      expect(transpiler.metered).toBe(isModule ? ++metered : metered)
      const again = await readFile(path)
      expect(again.equals(damaged)).toBe(false)
      // What was found the engine may write in other bytes.
      expect(isGlue || isModule ? again : good).toEqual(good)
    }
  }
})

test('entries come back as they were written, and no others come back', () => {
  const module = fc.oneof(
    fc.record({ embedded: fc.nat(100) }),
    fc.record({ bytes: fc.uint8Array({ maxLength: 50 }) }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.array(module), fc.nat(), (glue, modules, at) => {
      const entry: Entry = { glue, modules }
      const bytes = encodeEntry(entry, sha256)
      expect(decodeEntry(bytes, sha256)).toEqual(entry)
      const damaged = bytes.slice()
      damaged[at % bytes.length] = (damaged[at % bytes.length] ?? 0) ^ 0x10
      expect(decodeEntry(damaged, sha256)).toBeUndefined()
      expect(decodeEntry(bytes.subarray(0, at % bytes.length), sha256)).toBeUndefined()
    }),
  )
})

test('a folder that others can write to is closed to them; what is no folder is refused', async () => {
  await chmod(folder, 0o777)
  await diskCache(folder)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  await symlink(folder, join(folder, 'link'))
  await writeFile(join(folder, 'file'), '')
  for (const name of ['link', 'file']) {
    const error = await diskCache(join(folder, name)).catch((e: unknown) => e)
    expect(ComponentError.is(error) && error.code).toBe('cache')
  }
})

test('a cache that cannot be read or written is an error of its own', async () => {
  const cache = await diskCache(join(folder, 'gone'))
  await rm(join(folder, 'gone'), { recursive: true })
  const error = await spineStillRuns({ cache }).catch((e: unknown) => e)
  expect(ComponentError.is(error) && error.code).toBe('cache')
})

test('an entry gets another seal only where it has the one that it should, and then is what it was', () => {
  const entry = { glue: 'glue', modules: [{ embedded: 3 }, { bytes: Uint8Array.of(1, 2) }] }
  const [one, other] = [1, 2].map((n) => (bytes: Uint8Array) => sha256(Uint8Array.of(n, ...bytes)))
  if (one === undefined || other === undefined) throw new Error('there are two')
  const sealed = encodeEntry(entry, one, 'sealed')
  const again = resealed(sealed, one, other)
  expect(again).toEqual(encodeEntry(entry, other, 'sealed'))
  expect(sealed).toEqual(encodeEntry(entry, one, 'sealed'))
  for (const bytes of [again ?? sealed, encodeEntry(entry, one), sealed.subarray(1), sealed.subarray(0, 60)])
    expect(resealed(bytes, one, other)).toBeUndefined()
})
