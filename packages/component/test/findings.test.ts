import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { guest } from '@theater/guests'
import { encodeModel } from '@theater/values'
import { sha256 } from '@theater/values/node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeEntry, encodeEntry, type Entry } from '../src/entry.ts'
import {
  ComponentError,
  diskCache,
  loadComponent,
  type LoadOptions,
  recallComponent,
  workerTranspiler,
} from '../src/node.ts'
import { sealOf } from '../src/node/seal.ts'
import { findingsVersion } from '../src/version.ts'
import { spineRuns, spineStillRuns } from './support.ts'

const transpiler = workerTranspiler()
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-found-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function files(): Promise<{ readonly found: string; readonly glue: string; readonly module: string }> {
  const by = { found: '', glue: '', module: '' }
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.theater')) continue
    const bytes = await readFile(join(folder, name))
    const kind = bytes.includes('instantiate') ? 'glue' : bytes.includes('\0asm') ? 'module' : 'found'
    by[kind] = join(folder, name)
  }
  return by
}

/** Recalls the spine as another process does, and says how often its bytes were read. */
async function recalled(options: LoadOptions = {}, bytes = guest('spine')) {
  let reads = 0
  const read = async (): Promise<Uint8Array> => {
    reads++
    return bytes
  }
  const cache = await diskCache(folder)
  const source = { digest: sha256(guest('spine')), read }
  const component = await recallComponent(source, { cache, transpiler, ...options })
  return { component, reads: () => reads }
}

async function loaded(): Promise<void> {
  expect(await spineStillRuns({ cache: await diskCache(folder), transpiler })).toBe(true)
}

test('a component that was checked once is there again without its bytes, and runs the same', async () => {
  const { component: first, reads: all } = await recalled()
  expect(await spineRuns(first)).toBe(true)
  expect(all()).toBe(1)
  const { component, reads } = await recalled()
  expect(component.digest).toEqual(sha256(guest('spine')))
  expect(encodeModel(component.model)).toEqual(encodeModel(first.model))
  expect(component.model).toEqual(first.model)
  const [host] = component.model.imports
  // One resource is one object, wherever it stands.
  expect(host?.functions.every(({ resource }) => resource === null || resource === host.resources[0])).toBe(
    true,
  )
  expect(await spineRuns(component)).toBe(true)
  expect(reads()).toBe(0)
  expect('bytes' in component).toBe(false)
})

test('its bytes are read once where something has to be made of them', async () => {
  await loaded()
  const { glue, module } = await files()
  for (const gone of [[glue], [module], [glue, module]]) {
    for (const file of gone) await rm(file)
    const { component, reads } = await recalled()
    expect(reads()).toBe(0)
    expect(await spineRuns(component)).toBe(true)
    expect(reads()).toBe(1)
  }
  const { component, reads } = await recalled()
  await component.prepare({ mode: 'sync', metering: 'none' })
  expect(reads()).toBe(1)
})

test('bytes with another digest are not those of the component', async () => {
  const error = await recalled({}, guest('echo')).catch((e: unknown) => e)
  expect(ComponentError.is(error) && error.code).toBe('cache')
  await loaded()
  const { glue } = await files()
  await rm(glue)
  const { component } = await recalled({}, guest('echo'))
  const later = await component.prepare({ mode: 'sync' }).catch((e: unknown) => e)
  expect(ComponentError.is(later) && later.code).toBe('cache')
})

test('what was found under other limits is not used', async () => {
  await loaded()
  const error = await recalled({ limits: { modules: 0 } }).catch((e: unknown) => e)
  expect(ComponentError.is(error) && error.code).toBe('too-large')
  const { reads } = await recalled({ limits: { modules: 63 } })
  expect(reads()).toBe(1)
})

/** The same with another limit of the model, as somebody would write it who wants a check left out. */
const planted = (entry: Entry): Entry => ({
  ...entry,
  modules: [{ bytes: serialize({ model: { imports: [], exports: [] }, modules: [] }) }],
})

test.for([
  ['with a sha-256 for a seal', (entry: Entry) => encodeEntry(planted(entry), sha256, 'sealed')],
  ['as it is kept where nobody seals', (entry: Entry) => encodeEntry(planted(entry), sha256)],
  [
    'for another component',
    (entry: Entry, seal: typeof sha256) =>
      encodeEntry({ ...planted(entry), glue: entry.glue.replace(/^./, 'x') }, seal, 'sealed'),
  ],
  [
    'by another version of the checks',
    (entry: Entry, seal: typeof sha256) =>
      encodeEntry({ ...planted(entry), glue: entry.glue.replace(findingsVersion, '0') }, seal, 'sealed'),
  ],
  [
    'in bytes that this version cannot read',
    (entry: Entry, seal: typeof sha256) =>
      encodeEntry({ ...entry, modules: [{ bytes: Uint8Array.of(0xff, 0xff, 0, 0) }] }, seal, 'sealed'),
  ],
] as const)('what was found is not taken from whoever wrote it: %s', async ([, write]) => {
  await loaded()
  const { found } = await files()
  const good = await readFile(found)
  const seal = sealOf(folder) ?? sha256
  const entry = decodeEntry(good, seal, 'sealed')
  if (entry === undefined) throw new Error('it is not sealed')
  await writeFile(found, write(entry, seal))
  const { component, reads } = await recalled()
  expect(reads()).toBe(1)
  expect(await spineRuns(component)).toBe(true)
  const again = await recalled()
  expect(again.reads()).toBe(0)
})

test('a cache that cannot seal keeps nothing of it', async () => {
  const { data: _, ...cache } = await diskCache(folder)
  await spineStillRuns({ cache, transpiler })
  const { found, glue } = await files()
  expect([found === '', glue === '']).toEqual([true, false])
})

test('an entry in the place of another one, sealed as it is, is made again', async () => {
  await loaded()
  const kinds = ['found', 'glue', 'module'] as const
  for (const from of kinds)
    for (const to of kinds) {
      if (from === to) continue
      const { [from]: one, [to]: other } = await files()
      const good = await readFile(other)
      await copyFile(one, other)
      const { component } = await recalled()
      expect([from, to, await spineRuns(component)]).toEqual([from, to, true])
      expect([from, to, await readFile(other)]).toEqual([from, to, good])
    }
})

test('a component whose JavaScript was made under a larger limit is refused under a smaller one', async () => {
  await loaded()
  const cache = await diskCache(folder)
  const limits = { glueChars: 1000 }
  const { component } = await recalled({ cache, limits })
  await expect(component.prepare({ mode: 'sync' })).rejects.toMatchObject({ code: 'too-large' })
})

test('of a component that is refused nothing is kept', async () => {
  const cache = await diskCache(folder)
  const bytes = guest('spine').slice(0, -1)
  await expect(loadComponent(bytes, { cache, transpiler })).rejects.toBeInstanceOf(Error)
  expect((await files()).found).toBe('')
})
