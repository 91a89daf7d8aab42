import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { componentWit } from '@bytecodealliance/jco'
import { build, BuildError, type Built, prepare } from '@theater/actor/build'
import { encodeMessage } from '@theater/actor/message'
import { componentNames } from '../src/build/component-names.ts'
import { FakeHost, outcome, text } from './fake-host.ts'
import { type Instance, instantiate } from './instantiate.ts'

const source = (name: string): string => join(import.meta.dirname, 'sources', name)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-actor-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Writes a source into a folder from which the kit can be resolved, and prepares it. */
async function prepared(code: string, name = 'actor.ts'): ReturnType<typeof prepare> {
  const entry = join(folder, name)
  await writeFile(entry, code)
  return await prepare({ entry })
}

async function failure(promise: Promise<unknown>): Promise<BuildError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (BuildError.is(error)) return error
  throw new Error('expected a BuildError', { cause: error })
}

const actor = (more: string, before = ''): string =>
  `import { defineActor } from '@theater/actor'\n${before}\nexport default defineActor({ ${more} })\n`

describe('the world of an actor', () => {
  const names = (world: string): string[] =>
    world
      .slice(world.indexOf('world actor {'))
      .split('\n')
      .slice(1, -2)
      .map((line) => line.trim())

  test('has what is used and defined, and nothing else', async () => {
    expect(names((await prepared(actor('messages: { a: () => 1 }'))).world)).toEqual([
      'export theater:messaging/receiver@0.1.0;',
      'export theater:messaging/responder@0.1.0;',
    ])
    expect(names((await prepared(actor(`uses: ['store'], state: 0, init() {}`))).world)).toEqual([
      'import theater:store/blobs@0.1.0;',
      'import theater:store/labels@0.1.0;',
      'import theater:store/transfers@0.1.0;',
      'export theater:actor/lifecycle@0.1.0;',
      'export theater:actor/migration@0.1.0;',
    ])
  })

  test.for([
    ['Date.now()', ['wasi:clocks/wall-clock@0.2.12']],
    ['new Date(0).getTime()', ['wasi:clocks/wall-clock@0.2.12']],
    // The engine's own, which is no part of the world as it is written.
    ['Math.random()', []],
    ['new Promise((done) => setTimeout(done, 1))', []],
    ['1', []],
  ] as const)('has what %s needs', async ([code, imported]) => {
    const { world } = await prepared(actor(`messages: { a: () => ${code} }`))
    expect(names(world).filter((line) => line.startsWith('import'))).toEqual(
      imported.map((name) => `import ${name};`),
    )
  })

  test('has HTTP where it is asked for, and the one way does not bring the other', async () => {
    const found = async (more: string): Promise<string[]> =>
      names((await prepared(actor(more))).world).filter((line) => line.includes('http'))
    expect(await found('fetch: () => new Response()')).toEqual([
      'import wasi:http/types@0.2.12;',
      'export theater:http/request-handler@0.1.0;',
      'export wasi:http/incoming-handler@0.2.12;',
    ])
    expect(await found(`uses: ['http'], messages: { a: () => fetch('http://a/') }`)).toEqual([
      'import wasi:http/types@0.2.12;',
      'import wasi:http/outgoing-handler@0.2.12;',
    ])
    expect(await found('messages: { a: () => Response.json(1).status }')).toEqual([])
  })

  test('needs http for fetch, in the actor’s own code', async () => {
    const error = await failure(prepared(actor(`messages: { a: () => fetch('http://a/') }`)))
    expect(error.message).toContain('this actor has no fetch')
    expect(error.message).toContain("Add 'http' to uses.")
    await prepared(actor(`messages: { a: (_ctx, fetch) => fetch('a') }`))
  })

  test('has what a dependency needs, and nothing for what is shaken off', async () => {
    await writeFile(join(folder, 'dated.ts'), 'export const at = () => Date.now()\nexport const one = 1')
    const using = (what: string): Promise<{ world: string }> =>
      prepared(actor(`messages: { a: () => ${what} }`, `import { at, one } from './dated.ts'`))
    expect((await using('at()')).world).toContain('import wasi:clocks/wall-clock@0.2.12;')
    expect((await using('one')).world).not.toContain('import wasi:clocks')
  })

  test('needs something to export', async () => {
    const error = await failure(prepared(actor(`uses: ['log']`)))
    expect(error).toMatchObject({ code: 'entry', message: expect.stringContaining('exports nothing') })
  })
})

describe('the bundle', () => {
  test('restricts the environment before the actor’s own modules run', async () => {
    const { source: code } = await prepared(actor('messages: {}', 'globalThis.first = 1'))
    expect(code.indexOf('restrict(globalThis')).toBeGreaterThan(0)
    expect(code.indexOf('restrict(globalThis')).toBeLessThan(code.indexOf('globalThis.first'))
  })

  test('imports only what the world has', async () => {
    const { source: code } = await prepared(actor(`uses: ['log', 'fs'], messages: {}`))
    const found = [...code.matchAll(/from ?"([^"]+)"/g)].map((match) => match[1])
    expect(new Set(found)).toEqual(new Set(['theater:actor/log@0.1.0', 'wasi:filesysten/preopens@0.2.12']))
  })

  test('refuses what is part of Node, at the line that imports it', async () => {
    const error = await failure(prepare({ entry: source('uses-node.ts') }))
    expect(error.code).toBe('bundle')
    expect(error.message).toContain('node:fs is part of Node')
    expect(error.message).toMatch(/uses-node-helper\.ts:2:\d+/)
  })

  test.for(['fs', 'node:path', 'crypto', 'buffer', 'process'])('refuses %s', async (name) => {
    const error = await failure(prepared(actor('messages: { a: () => x }', `import * as x from '${name}'`)))
    expect(error.message).toContain(`${name} is part of Node`)
  })

  test.for(['theater:actor/log@0.1.0', 'wasi:filesystem/types@0.2.12', 'wasi:http/outgoing-handler'])(
    'refuses an import of %s by the actor itself',
    async (name) => {
      const error = await failure(
        prepared(actor(`uses: ['log'], messages: { a: () => x }`, `import * as x from '${name}'`)),
      )
      expect(error.message).toContain(`an actor does not import ${name} itself`)
    },
  )

  test('has npm dependencies in it', async () => {
    const code = actor(
      'messages: { a: () => bytesToHex(new Uint8Array(2)) }',
      `import { bytesToHex } from './npm.ts'`,
    )
    await writeFile(join(folder, 'npm.ts'), `export { bytesToHex } from ${JSON.stringify(noble)}`)
    expect((await prepared(code)).source).toContain('function bytesToHex')
  })

  test('takes an npm package that has the name of a part of Node, and what a package maps away', async () => {
    const modules = join(folder, 'node_modules')
    for (const [name, files] of Object.entries({
      events: { 'package.json': '{"main":"main.js"}', 'main.js': 'export const polyfill = "of events"' },
      mapped: {
        'package.json': '{"main":"main.js","browser":{"fs":false}}',
        'main.js': 'exports.has = () => typeof require("fs").readFileSync',
      },
    })) {
      await mkdir(join(modules, name), { recursive: true })
      for (const [file, text] of Object.entries(files)) await writeFile(join(modules, name, file), text)
    }
    const { source: code } = await prepared(
      actor(
        'messages: { a: () => polyfill + has() }',
        `import { polyfill } from 'events'; import { has } from 'mapped'`,
      ),
    )
    expect(code).toContain('of events')
    await rm(modules, { recursive: true })
  })

  test('says what is missing, or wrong in a source', async () => {
    expect((await failure(prepared(actor('messages: {}', `import './nowhere.ts'`)))).message).toContain(
      'nowhere.ts',
    )
    await writeFile(join(folder, 'broken.ts'), 'const = 1')
    const broken = await failure(prepared(actor('messages: {}', `import './broken.ts'`)))
    expect(broken).toMatchObject({ code: 'bundle', message: expect.stringContaining('broken.ts:1:7') })
    expect(await failure(prepare({ entry: join(folder, 'none.ts') }))).toMatchObject({ code: 'entry' })
  })
})

// Any package that is plain JavaScript will do.
const noble = new URL('../node_modules/@noble/hashes/utils.js', import.meta.url).pathname

const imports = [
  'theater:actor/types@0.1.0',
  'theater:actor/self@0.1.0',
  'theater:actor/log@0.1.0',
  'theater:messaging/client@0.1.0',
  'theater:store/blobs@0.1.0',
  'theater:store/labels@0.1.0',
  'theater:store/transfers@0.1.0',
  'wasi:filesystem/types@0.2.12',
  'wasi:filesystem/preopens@0.2.12',
  'wasi:clocks/wall-clock@0.2.12',
  'wasi:random/random@0.2.12',
]
const exports = [
  'theater:actor/migration@0.1.0',
  'theater:messaging/receiver@0.1.0',
  'theater:messaging/responder@0.1.0',
]

// One real build with the engine, some seconds.
describe('a built component', () => {
  let built: Built
  let host: FakeHost
  let instance: Instance
  const send = (code: string): Promise<unknown> =>
    outcome(async () =>
      text(await instance.responder.handleRequest({ tag: 'host' }, encodeMessage('run', code))),
    )

  beforeAll(async () => {
    built = await build({ entry: source('everything.ts'), out: join(folder, 'out', 'everything.wasm') })
    host = new FakeHost()
    host.files = { '/data/a.txt': 'hello' }
    instance = await instantiate(built.bytes, host.all(), folder)
  })

  test('imports and exports exactly this', async () => {
    expect(built.imports).toEqual(imports)
    expect(built.exports).toEqual(exports)
    const wit = await componentWit(built.bytes)
    const found = [...wit.matchAll(/^ {2}(?:import|export) (\S+);/gm)].map((match) => match[1])
    expect(found).toEqual([...imports, ...exports])
    expect(built.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(readFileSync(join(folder, 'out', 'everything.wasm'))).toEqual(Buffer.from(built.bytes))
  })

  test('asks of WASI only the functions that the kit calls', () => {
    expect(instance.imported('wasi:')).toEqual([
      'wasi:clocks/wall-clock now',
      'wasi:filesystem/preopens getDirectories',
      'wasi:filesystem/types Descriptor',
      'wasi:filesystem/types DirectoryEntryStream',
      'wasi:random/random getRandomBytes',
      'wasi:random/random getRandomU64',
    ])
  })

  test.for([
    ['ctx.fs.readText("/data/a.txt")', '"hello"'],
    ['JSON.stringify(ctx.fs.readDir("/data"))', '"[{\\"name\\":\\"a.txt\\",\\"kind\\":\\"file\\"}]"'],
    ['ctx.fs.stat("/data/a.txt").size', '"5"'],
    ['ctx.fs.readBytes("/data/a.txt") instanceof Uint8Array', '"true"'],
    ['ctx.store.getText(ctx.store.put("blob"))', '"blob"'],
    ['ctx.store.getLabel("none")', '"null"'],
    ['ctx.id', '"me"'],
    ['ctx.parent', '"null"'],
    ['Date.now()', '"86400000"'],
    ['new Date().toISOString()', '"1970-01-02T00:00:00.000Z"'],
    ['Math.random() === Math.random()', '"true"'],
    ['crypto.randomUUID()', '"07070707-0707-4707-8707-070707070707"'],
  ])('runs %s', async ([code, reply]) => {
    expect(await send(code!)).toBe(reply)
  })

  test('answers what a handler throws, and keeps running', async () => {
    const before = text(await instance.migration.save())
    expect(await send('(() => { throw new TypeError("oops") })()')).toMatchObject({ code: 'exception' })
    expect(await send('(() => { throw new Failure("no-way", "x", { a: 1 }) })()')).toEqual({
      code: 'no-way',
      message: 'x',
      detail: { a: 1 },
    })
    expect(await send('ctx.fs.readText("/data/none")')).toMatchObject({
      message: 'FsError: /data/none: no-entry',
    })
    expect(text(await instance.migration.save())).toBe(before)
  })

  test('has stacks that name nothing of where it was built', async () => {
    const stack = await send('new Error("x").stack')
    expect(stack).toMatch(/@engine\.js:\d+:\d+/)
    const files = String(stack).matchAll(/@([^@]*?):\d+:\d+/g)
    expect(new Set([...files].map(([, file]) => file?.replace(/ line.*$/s, '')))).toEqual(
      new Set(['actor.js', 'engine.js']),
    )
  })

  test('starts two requests and finishes them at the await', async () => {
    host.answers.set('a', { reply: 1 }).set('b', { reply: 2 })
    host.calls.length = 0
    expect(await send('Promise.all([ctx.request("a", "get"), ctx.request("b", "get")])')).toBe('"1,2"')
    expect(host.calls).toEqual([
      'request a {"type":"get"} 0',
      'request b {"type":"get"} 0',
      'finish a',
      'finish b',
    ])
  })

  test('sees the bytes of the host as its own', async () => {
    const message = encodeMessage('instances', new Uint8Array([1]))
    expect(text(await instance.responder.handleRequest({ tag: 'host' }, message))).toBe('true')
  })

  test('writes console into the log', async () => {
    host.calls.length = 0
    await send('console.warn("careful", { a: 1 })')
    expect(host.calls).toEqual(['log warn careful {"a":1}'])
  })
})

describe('kit-counter, as it is committed', () => {
  const bytes = readFileSync(new URL('../../../tooling/guests/kit-counter/kit-counter.wasm', import.meta.url))

  test('imports and exports exactly this', () => {
    expect(componentNames(bytes)).toEqual({
      imports: imports.slice(0, 4),
      exports: ['theater:actor/lifecycle@0.1.0', ...exports],
    })
  })
})

test('what is not a component has no names', () => {
  expect(() => componentNames(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))).toThrow('not a component')
})
