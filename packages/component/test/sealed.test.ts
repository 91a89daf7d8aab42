import { execFileSync } from 'node:child_process'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { promises } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256 } from '@theater/values/node'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { decodeEntry, encodeEntry, type Entry } from '../src/entry.ts'
import {
  type ComponentCache,
  ComponentError,
  diskCache,
  type Transpiler,
  workerTranspiler,
} from '../src/node.ts'
import { sealOf } from '../src/node/seal.ts'
import { checkVersion, findingsVersion } from '../src/version.ts'
import { spineStillRuns } from './support.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-sealed-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Counting = Transpiler & { asked: number; metered: number }

function counting(): Counting {
  const inner = workerTranspiler()
  const counter: Counting = {
    ...inner,
    jco: inner.jco,
    asked: 0,
    metered: 0,
    transpile: (request) => {
      counter.asked++
      return inner.transpile(request)
    },
    meter: (request) => {
      counter.metered++
      return inner.meter(request)
    },
  }
  return counter
}

/** The same cache, of somebody who cannot seal. */
const unsealed = (cache: ComponentCache): ComponentCache => ({
  get: (key) => cache.get(key),
  put: (key, bytes) => cache.put(key, bytes),
})

async function glueFile(): Promise<string> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (name.endsWith('.theater') && (await readFile(path)).includes('instantiate')) return path
  }
  throw new Error('there is no glue')
}

const run = async (transpiler: Transpiler): Promise<boolean> =>
  spineStillRuns({ cache: await diskCache(folder), transpiler })

const key = (): Promise<Buffer> => readFile(join(folder, 'seal.key'))

function sealed(bytes: Uint8Array): Entry {
  const entry = decodeEntry(bytes, sealOf(folder) ?? sha256, 'sealed')
  if (entry === undefined) throw new Error('it is not sealed')
  return entry
}

test('the JavaScript of a component is kept as it came out of the check, sealed with a key that the owner alone can read', async () => {
  const transpiler = counting()
  expect(await run(transpiler)).toBe(true)
  expect((await stat(join(folder, 'seal.key'))).mode & 0o777).toBe(0o600)
  const path = await glueFile()
  const good = await readFile(path)
  // What is only there before the check is not kept.
  expect(sealed(good).glue).not.toContain('use components')
  // Another process, with the same folder.
  expect(await run(transpiler)).toBe(true)
  expect(transpiler.asked).toBe(1)
  expect(await readFile(path)).toEqual(good)
})

/** What runs only if nobody looks at it: the check would refuse it for its form. */
const planted = (entry: Entry): Entry => ({
  ...entry,
  glue: entry.glue.replace('(function instantiate', 'globalThis.constructor; (function instantiate'),
})

test.for([
  ['with a sha-256 for a seal', (entry: Entry) => encodeEntry(planted(entry), sha256, 'sealed')],
  [
    'with the seal of another folder',
    async (entry: Entry) => {
      const other = join(folder, 'other')
      await mkdir(other)
      const { seal = sha256 } = await diskCache(other)
      await rm(other, { recursive: true })
      return encodeEntry(planted(entry), seal, 'sealed')
    },
  ],
  [
    'with the seal of what it was',
    (entry: Entry, good: Uint8Array) => {
      const bytes = encodeEntry(planted(entry), sha256, 'sealed')
      bytes.set(good.subarray(0, 58))
      return bytes
    },
  ],
] as const)('what somebody else wrote is not run, but made again: %s', async ([, write]) => {
  const transpiler = counting()
  await run(transpiler)
  const path = await glueFile()
  const good = await readFile(path)
  await writeFile(path, await write(sealed(good), good))
  expect(await run(transpiler)).toBe(true)
  expect(transpiler.asked).toBe(2)
  expect(await readFile(path)).toEqual(good)
})

test('what is not sealed is checked where nothing can be: JavaScript of another form is refused, whatever its digest', async () => {
  const transpiler = counting()
  await run(transpiler)
  const path = await glueFile()
  await writeFile(path, encodeEntry(planted(sealed(await readFile(path))), sha256))
  const error = await spineStillRuns({ cache: unsealed(await diskCache(folder)), transpiler }).catch(
    (e: unknown) => e,
  )
  expect(ComponentError.is(error) && error.code).toBe('glue-rejected')
})

test('of a cache that could not seal nothing counts any more once it can, and nothing of one that could where it cannot', async () => {
  const transpiler = counting()
  const cache = await diskCache(folder)
  await spineStillRuns({ cache: unsealed(cache), transpiler })
  const path = await glueFile()
  const plain = await readFile(path)
  expect(decodeEntry(plain, sha256)?.glue).toContain('use components')
  const metered = transpiler.metered
  expect(await run(transpiler)).toBe(true)
  expect([transpiler.asked, transpiler.metered]).toEqual([2, 2 * metered])
  expect(sealed(await readFile(path)).glue).not.toContain('use components')
  expect(await spineStillRuns({ cache: unsealed(cache), transpiler })).toBe(true)
  expect(transpiler.asked).toBe(3)
})

/** Another folder with the same files, its key among them, as `cp -a` and `tar` make one. */
async function copied(): Promise<string> {
  const copy = join(folder, 'copy')
  await mkdir(copy, { mode: 0o700 })
  for (const name of await readdir(folder)) {
    if (name === 'copy') continue
    await writeFile(join(copy, name), await readFile(join(folder, name)), { mode: 0o600 })
  }
  return copy
}

test('in a folder that somebody sent, with its key, nothing is sealed: all of it is made again', async () => {
  const transpiler = counting()
  await run(transpiler)
  const { asked, metered } = transpiler
  const path = await glueFile()
  // They have the key, so they can seal whatever they like.
  await writeFile(
    path,
    encodeEntry(planted(sealed(await readFile(path))), sealOf(folder) ?? sha256, 'sealed'),
  )
  const cache = await diskCache(await copied())
  expect(cache.seal).toBeDefined()
  expect(await spineStillRuns({ cache, transpiler })).toBe(true)
  expect([transpiler.asked, transpiler.metered]).toEqual([2 * asked, 2 * metered])
  expect(await spineStillRuns({ cache, transpiler })).toBe(true)
  expect([transpiler.asked, transpiler.metered]).toEqual([2 * asked, 2 * metered])
})

test('a metered module is sealed too, as one of its place: neither another’s nor what somebody wrote is run', async () => {
  const transpiler = counting()
  await run(transpiler)
  const { metered } = transpiler
  expect(metered).toBeGreaterThan(0)
  const paths = (await readdir(folder)).map((name) => join(folder, name))
  const texts = await Promise.all(paths.map((path) => readFile(path)))
  const path = paths[texts.findIndex((text) => text.includes('\0asm'))] ?? ''
  const good = await readFile(path)
  const { modules } = sealed(good)
  for (const bad of [
    encodeEntry({ glue: '', modules }, sha256),
    encodeEntry({ glue: '0'.repeat(64), modules }, sealOf(folder) ?? sha256, 'sealed'),
  ]) {
    await writeFile(path, bad)
    const before = transpiler.metered
    expect(await run(transpiler)).toBe(true)
    expect(transpiler.metered).toBe(before + 1)
    expect(await readFile(path)).toEqual(good)
  }
})

test('where what is kept is of no use and cannot be replaced it is made each time', async () => {
  const transpiler = counting()
  await run(transpiler)
  const cache = await diskCache(await copied())
  const full = vi.spyOn(promises, 'rename').mockRejectedValue(new Error('there is no room'))
  try {
    expect(await spineStillRuns({ cache, transpiler })).toBe(true)
    expect(transpiler.asked).toBe(2)
    const empty = await diskCache(join(folder, 'empty'))
    const error = await spineStillRuns({ cache: empty, transpiler }).catch((e: unknown) => e)
    expect(ComponentError.is(error) && error.code).toBe('cache')
  } finally {
    full.mockRestore()
  }
})

test.skipIf(process.platform === 'win32')(
  'a pipe in the place of a file is none, and nobody waits for it',
  async () => {
    const transpiler = counting()
    await run(transpiler)
    const path = await glueFile()
    await rm(path)
    execFileSync('mkfifo', ['-m', '600', path])
    expect(await run(transpiler)).toBe(true)
    expect(transpiler.asked).toBe(2)
    const keyPath = join(folder, 'seal.key')
    await rm(keyPath)
    execFileSync('mkfifo', ['-m', '600', keyPath])
    expect((await diskCache(folder)).seal).toBeDefined()
    expect(await key()).toHaveLength(32)
  },
)

test('a seal is one of an entry: what was checked for another, or by another version of the check, is made again', async () => {
  const transpiler = counting()
  await run(transpiler)
  const path = await glueFile()
  const good = await readFile(path)
  const entry = sealed(good)
  const seal = sealOf(folder) ?? sha256
  const key = /[0-9a-f]{64}/.exec(path)?.[0] ?? ''
  for (const [from, to] of [
    [key, key.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))],
    [checkVersion, `${checkVersion}0`],
  ] as const) {
    expect(entry.glue).toContain(from)
    await writeFile(path, encodeEntry({ ...entry, glue: entry.glue.replace(from, to) }, seal, 'sealed'))
    const before = transpiler.asked
    expect(await run(transpiler)).toBe(true)
    expect(transpiler.asked).toBe(before + 1)
    expect(await readFile(path)).toEqual(good)
  }
})

test('what somebody else wrote in the place of a metered module is not even compiled', async () => {
  const transpiler = counting()
  const cache = await diskCache(folder)
  await spineStillRuns({ cache: unsealed(cache), transpiler })
  const names = (await readdir(folder)).filter((name) => name.endsWith('.theater'))
  const paths = names.map((name) => join(folder, name))
  const texts = await Promise.all(paths.map((path) => readFile(path)))
  const path = paths[texts.findIndex((text) => text.includes('\0asm'))] ?? ''
  const plain = decodeEntry(await readFile(path), sha256)
  if (plain === undefined) throw new Error('it is sealed')
  // One that could not be sealed is made again, and sealed.
  expect(await run(transpiler)).toBe(true)
  expect(sealed(await readFile(path)).modules).toEqual(plain.modules)
  expect(await run(transpiler)).toBe(true)
  // A function that ends with nothing on the stack.
  const wrong = Uint8Array.of(
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    0x60,
    0,
    1,
    0x7f,
    3,
    2,
    1,
    0,
    10,
    4,
    1,
    2,
    0,
    0x0b,
  )
  expect(WebAssembly.validate(wrong)).toBe(false)
  for (const digest of [sha256, () => new Uint8Array(32)])
    for (const kind of ['plain', 'sealed'] as const) {
      await writeFile(path, encodeEntry({ glue: '', modules: [{ bytes: wrong }] }, digest, kind))
      expect(await run(transpiler)).toBe(true)
    }
})

test('in the place of a key that others can read, that is a link or has another length there is a new one, and all is made again', async () => {
  const transpiler = counting()
  await run(transpiler)
  const path = join(folder, 'seal.key')
  const unusable = [
    () => chmod(path, 0o644),
    async () => writeFile(path, (await key()).subarray(1)),
    async () => truncate(path, 3 * 1024 ** 3),
    async () => {
      await rename(path, join(folder, 'elsewhere'))
      await symlink('elsewhere', path)
    },
    () => rm(path),
  ]
  for (const spoil of unusable) {
    await spoil()
    // As somebody writes who knows that key.
    await spineStillRuns({ cache: unsealed(await diskCache(folder)), transpiler: workerTranspiler() })
    const before = transpiler.asked
    expect(await run(transpiler)).toBe(true)
    expect(transpiler.asked).toBe(before + 1)
    const { mode, size } = await lstat(path)
    expect([mode & 0o777, size]).toEqual([0o600, 32])
    expect(sealed(await readFile(await glueFile()))).toBeDefined()
  }
})

test('where there can be no key nothing is kept, and nothing that is there is believed', async () => {
  const transpiler = counting()
  await spineStillRuns({ cache: unsealed(await diskCache(folder)), transpiler })
  await rm(join(folder, 'seal.key'))
  await mkdir(join(folder, 'seal.key'))
  const before = await readdir(folder)
  const cache = await diskCache(folder)
  expect(cache.seal).toBeUndefined()
  const asked = transpiler.asked
  expect(await spineStillRuns({ cache, transpiler })).toBe(true)
  expect(transpiler.asked).toBe(asked + 1)
  expect(await readdir(folder)).toEqual(before)
})

test('of two that make a key at the same time both have the one that is there', async () => {
  const made = sealOf(folder)
  const again = sealOf(folder)
  expect(made?.(Buffer.of(1))).toEqual(again?.(Buffer.of(1)))
  expect(await readdir(folder)).toEqual(['seal.key'])
})

test('a seal is of the engine that accepted what is sealed, and of what it was told of WebAssembly', () => {
  const seals = (...options: string[]): string => {
    const code = `import { sealOf } from ${JSON.stringify(new URL('../src/node/seal.ts', import.meta.url).href)}
      console.log(Buffer.from(sealOf(${JSON.stringify(folder)})(Buffer.of(1))).toString('hex'))`
    const { NODE_OPTIONS: _, ...env } = process.env
    return execFileSync(process.execPath, [...options, '--input-type=module', '-e', code], {
      encoding: 'utf8',
      env,
    })
  }
  const plain = seals()
  expect(seals('--max-old-space-size=200', '--wasm-stack-switching-stack-size=900')).toBe(plain)
  expect(seals('--no-experimental-wasm-exnref')).not.toBe(plain)
  const [one, other] = ['14.6', '14.7'].map((engine) => sealOf(folder, engine)?.(Buffer.of(1)))
  expect(one).toHaveLength(32)
  expect(one).not.toEqual(other)
})

test('a link or a folder in the place of an entry is none, and neither is what is larger than any', async () => {
  const transpiler = counting()
  await run(transpiler)
  const path = await glueFile()
  const good = await readFile(path)
  const large = join(folder, 'large')
  await writeFile(large, good)
  const planted: readonly (() => Promise<void>)[] = [
    () => symlink(large, path),
    () => mkdir(path),
    async () => {
      await writeFile(path, good)
      await truncate(path, 3 * 1024 ** 3)
    },
  ]
  for (const plant of planted) {
    await rm(path, { recursive: true })
    await plant()
    const before = transpiler.asked
    expect(await run(transpiler)).toBe(true)
    expect(transpiler.asked).toBe(before + 1)
    expect(await readFile(large)).toEqual(good)
  }
})

async function versionOf(files: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    files.map((file) => readFile(new URL(`../src/${file}.ts`, import.meta.url), 'utf8')),
  )
  const digest = sha256(Buffer.from(texts.join('\0')))
  return Buffer.from(digest).toString('hex').slice(0, 16)
}

test('the versions of the checks are the sha-256 of the files that do them: put them into version.ts where they are changed', async () => {
  const glue = [
    'prelude',
    'quicken',
    'share',
    'lift',
    'bounded-set',
    'image/glue-state',
    'image/guest-handles',
  ]
  expect(checkVersion).toBe(await versionOf(glue))
  const checks = ['findings', 'parse', 'parse-types', 'syntax', 'names', 'wire', 'core', 'signatures']
  const models = ['model', 'evaluate', 'items', 'val-types', 'meter/module', 'meter/refuse', 'meter/constant']
  const files = [...checks, ...models, 'meter/needs']
  expect(findingsVersion).toBe(await versionOf(files))
  // What is only kept by, or said, decides nothing.
  const others = ['entry', 'errors', 'version', 'types']
  expect((await importedBy('findings')).filter((file) => !others.includes(file))).toEqual(
    files.filter((file) => file !== 'syntax').toSorted(),
  )
})

/** A file of the source, and all that it imports to run. */
async function importedBy(file: string, found = new Set<string>()): Promise<string[]> {
  if (found.has(file)) return []
  found.add(file)
  const text = await readFile(new URL(`../src/${file}.ts`, import.meta.url), 'utf8')
  for (const [, path = ''] of text.matchAll(/^import (?!type )[^;]*? from '(\.[^']+)\.ts'$/gms))
    await importedBy(join(dirname(file), path), found)
  return [...found].toSorted()
}
