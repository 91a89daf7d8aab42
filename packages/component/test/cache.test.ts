import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guest } from '@theater/guests'
import { sha256 } from '@theater/values/node'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeEntry, encodeEntry, type Entry } from '../src/entry.ts'
import {
  ComponentError,
  diskCache,
  loadComponent,
  type LoadOptions,
  type Transform,
  type Transpiler,
  workerTranspiler,
} from '../src/node.ts'
import { spineIds, spineStillRuns } from './support.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-cache-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A transpiler that counts what it is asked. */
function counting(): Transpiler & { asked: number } {
  const inner = workerTranspiler()
  const counter = {
    jco: inner.jco,
    asked: 0,
    transpile: (request: Parameters<Transpiler['transpile']>[0]) => {
      counter.asked++
      return inner.transpile(request)
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
  expect((await stat(join(folder, 'made'))).mode & 0o777).toBe(0o700)
  const files = await readdir(join(folder, 'made'))
  expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.theater$/)])
  expect((await stat(join(folder, 'made', files[0] ?? ''))).mode & 0o777).toBe(0o600)
})

test('another plan, transform or version of jco is another entry', async () => {
  const cache = await diskCache(folder)
  const transpiler = counting()
  const prepare = async (options: LoadOptions, asyncImports?: string[]): Promise<void> => {
    const component = await loadComponent(guest('spine'), { cache, transpiler, ...options })
    await component.prepare(asyncImports === undefined ? { mode: 'sync' } : { mode: 'jspi', asyncImports })
  }
  const transform = (version: string): Transform => ({ name: 'mark', version, apply: (module) => module })
  await prepare({})
  await prepare({}, [])
  await prepare({}, [spineIds.add])
  await prepare({ transform: transform('1') })
  await prepare({ transform: transform('2') })
  await prepare({ transpiler: { jco: '9.9.9', transpile: (request) => transpiler.transpile(request) } })
  expect(transpiler.asked).toBe(6)
  expect(await readdir(folder)).toHaveLength(6)
  await prepare({}, [spineIds.add])
  expect(transpiler.asked).toBe(6)
})

test('a damaged entry is noticed and made again, wherever the damage is', async () => {
  const cache = await diskCache(folder)
  const transpiler = counting()
  await spineStillRuns({ cache, transpiler })
  const [file = ''] = await readdir(folder)
  const path = join(folder, file)
  const good = await readFile(path)
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
  for (const [i, damaged] of damages.entries()) {
    await writeFile(path, damaged)
    expect(await spineStillRuns({ cache, transpiler })).toBe(true)
    expect(transpiler.asked).toBe(i + 2)
    expect(await readFile(path)).toEqual(good)
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

test('a transform changes what is compiled; one that fails says so', async () => {
  const seen: number[] = []
  const load = async (apply: Transform['apply']): Promise<unknown> => {
    const component = await loadComponent(guest('spine'), {
      transform: { name: 'probe', version: '1', apply },
    })
    expect(component.transform).toEqual({ name: 'probe', version: '1' })
    return component.prepare({ mode: 'sync' }).catch((error: unknown) => error)
  }
  await load((module, index) => {
    seen.push(index)
    return module
  })
  expect(seen).toEqual([0])
  const invalid = await load(() => new Uint8Array([1]))
  const throwing = await load(() => {
    throw new Error('cannot')
  })
  for (const error of [invalid, throwing])
    expect(ComponentError.is(error) && error.code).toBe('transform-failed')
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
