import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fs, GRANT, memory } from '../src/index.ts'
import type { FsGrant, FsQuota } from '../src/index.ts'
import { bind, code, worlds } from './support.ts'

const handler = fs()
const grant = (mounts: FsGrant['mounts']): FsGrant => ({ mounts })
const TYPES = 'wasi:filesystem/types@0.2'
const method = (name: string): string => `${TYPES}#[method]descriptor.${name}`

test('within: the same directory or one below it, with no more rights', () => {
  const parent = grant({
    '/d': { host: '/srv/data', rights: 'rw' },
    '/r': { host: '/srv/read', rights: 'r' },
  })
  const inside: FsGrant[] = [
    grant({}),
    parent,
    grant({ '/other-name': { host: '/srv/data/deep/er', rights: 'rw' } }),
    grant({ '/d': { host: '/srv/data/', rights: 'r' } }),
    grant({ '/d': { host: '/srv/x/../data/..data', rights: 'r' } }),
    grant({ '/r': { host: '/srv/read/x', rights: 'r' } }),
  ]
  for (const child of inside) expect([child, handler.within(child, parent)]).toEqual([child, true])
  const outside: [FsGrant, string][] = [
    [
      grant({ '/d': { host: '/srv', rights: 'r' } }),
      'mount /d: /srv lies in no directory that the parent holds',
    ],
    [grant({ '/d': { host: '/', rights: 'r' } }), 'mount /d: / lies in no directory that the parent holds'],
    [
      grant({ '/d': { host: '/srv/database', rights: 'r' } }),
      'mount /d: /srv/database lies in no directory that the parent holds',
    ],
    [
      grant({ '/d': { host: '/srv/data/../x', rights: 'r' } }),
      'mount /d: /srv/data/../x lies in no directory that the parent holds',
    ],
    [grant({ '/r': { host: '/srv/read', rights: 'rw' } }), 'mount /r: the parent may only read /srv/read'],
    [grant({ '/r': { host: '/srv/read', rights: 'ra' } }), 'mount /r: the parent may only read /srv/read'],
    [
      grant({ '/d': { host: 'data', rights: 'r' } }),
      'mount /d: data lies in no directory that the parent holds',
    ],
  ]
  for (const [child, refused] of outside) expect(handler.within(child, parent)).toEqual({ refused })
  expect(handler.within(grant({ '/d': { host: '/srv', rights: 'r' } }), grant({}))).not.toBe(true)
})

test('within: looking is less than adding, which is less than changing', () => {
  const rights = ['r', 'ra', 'rw'] as const
  for (const [i, held] of rights.entries()) {
    for (const [j, asked] of rights.entries()) {
      const [child, parent] = [asked, held].map((one) => grant({ '/d': { host: '/srv', rights: one } }))
      expect([asked, held, handler.within(child!, parent!) === true]).toEqual([asked, held, j <= i])
    }
  }
  expect(
    handler.within(
      grant({ '/d': { host: '/srv/x', rights: 'rw' } }),
      grant({ '/d': { host: '/srv', rights: 'ra' } }),
    ),
  ).toEqual({ refused: 'mount /d: the parent may only read and add to /srv/x' })
})

test('within: a quota is no larger than that of the mount around it', () => {
  const one = (quota?: FsQuota) =>
    grant({ '/d': { host: '/srv', rights: 'rw', ...(quota === undefined ? {} : { quota }) } })
  const cases: [FsQuota | undefined, FsQuota | undefined, true | string][] = [
    [{ bytes: 5 }, undefined, true],
    [{ bytes: 5 }, { bytes: 5 }, true],
    [{ bytes: 5, files: 1 }, { bytes: 6 }, true],
    [{ bytes: 7 }, { bytes: 6 }, "mount /d: the parent's quota of bytes is 6 for /srv"],
    [undefined, { files: 6 }, "mount /d: the parent's quota of files is 6 for /srv"],
    [{ bytes: 1 }, { handles: 0 }, "mount /d: the parent's quota of handles is 0 for /srv"],
  ]
  for (const [child, parent, said] of cases)
    expect(handler.within(one(child), one(parent))).toEqual(said === true ? true : { refused: said })
  // One mount of the parent's has the rights, another the room: neither is around it.
  const parent = grant({
    '/a': { host: '/srv', rights: 'rw', quota: { bytes: 1 } },
    '/b': { host: '/srv', rights: 'r' },
  })
  expect(handler.within(grant({ '/d': { host: '/srv/x', rights: 'rw' } }), parent)).not.toBe(true)
  expect(handler.within(grant({ '/d': { host: '/srv/x', rights: 'r' } }), parent)).toBe(true)
})

test('within: a directory of a tree lies in that tree', () => {
  const [one, two] = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string]
  const held = grant({ '/t': { tree: one, path: 'a' }, '/d': { host: '/srv', rights: 'rw' } })
  for (const path of ['a', 'a/b'])
    expect(handler.within(grant({ '/x': { tree: one, path } }), held)).toBe(true)
  const outside: FsGrant[] = [
    grant({ '/x': { tree: one } }),
    grant({ '/x': { tree: one, path: 'ab' } }),
    grant({ '/x': { tree: two, path: 'a' } }),
    grant({ '/x': { host: 'a', rights: 'r' } }),
  ]
  for (const child of outside) expect([child, handler.within(child, held)]).not.toEqual([child, true])
  expect(handler.within(grant({ '/x': { tree: one, path: 'b' } }), grant({ '/t': { tree: one } }))).toBe(true)
  expect(handler.within(grant({ '/x': { tree: one, path: 'b' } }), held)).toEqual({
    refused: `mount /x: b of ${one} lies in no directory that the parent holds`,
  })
})

test('within: relative to the base', () => {
  const based = fs({ base: '/srv' })
  const parent = grant({ '/d': { host: 'data', rights: 'rw' } })
  expect(based.within(grant({ '/d': { host: '/srv/data/x', rights: 'r' } }), parent)).toBe(true)
  expect(based.within(grant({ '/d': { host: './data/x', rights: 'r' } }), parent)).toBe(true)
  expect(based.within(grant({ '/d': { host: '../srv/data', rights: 'r' } }), parent)).toBe(true)
  expect(based.within(grant({ '/d': { host: '../data', rights: 'r' } }), parent)).not.toBe(true)
})

test('within is an order', () => {
  const host = fc
    .array(fc.constantFrom('a', 'b', '..'), { maxLength: 4 })
    .map((names) => `/${names.join('/')}`)
  const mount = fc.record({ host, rights: fc.constantFrom('r' as const, 'rw' as const) })
  const grants = fc.dictionary(fc.constantFrom('/x', '/y', '/z'), mount, { maxKeys: 3 }).map(grant)
  fc.assert(
    fc.property(grants, grants, grants, (a, b, c) => {
      expect(handler.within(a, a)).toBe(true)
      const both = handler.within(a, b) === true && handler.within(b, c) === true
      expect(!both || handler.within(a, c) === true).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('authorize', () => {
  const held = grant({
    '/d': { host: '/srv/data', rights: 'rw' },
    '/r': { host: '/srv/read', rights: 'r' },
    '/a': { host: '/srv/log', rights: 'ra' },
    '/t': { tree: `sha256:${'1'.repeat(64)}` },
  })
  const covered = [
    { mount: '/a', path: 'x', need: 'a' },
    { mount: '/d', path: 'x', need: 'a' },
    { mount: '/t', path: 'x', need: 'r' },
    { mount: '/d', path: 'a/b', need: 'w' },
    { mount: '/d', path: '', need: 'r' },
    { mount: '/r', path: 'a', need: 'r' },
    { mount: '/d', path: 'a', need: 'w', to: { mount: '/d', path: 'b' } },
  ]
  for (const ask of covered) expect([ask, handler.authorize(held, ask)]).toEqual([ask, true])
  const refused: [Parameters<typeof handler.authorize>[1], string][] = [
    [{ mount: '/r', path: 'a', need: 'w' }, '/r was granted for reading only'],
    [{ mount: '/r', path: 'a', need: 'a' }, '/r was granted for reading only'],
    [{ mount: '/a', path: 'a', need: 'w' }, '/a was granted for reading and adding only'],
    [{ mount: '/t', path: 'a', need: 'a' }, '/t was granted for reading only'],
    [{ mount: '/x', path: 'a', need: 'r' }, '/x was not granted'],
    [{ mount: '', path: 'a', need: 'r' }, 'no directory that was granted'],
    [{ mount: '/d', path: '../x', need: 'r' }, '../x leads out of /d'],
    [{ mount: '/d', path: '/etc', need: 'r' }, '/etc leads out of /d'],
    [
      { mount: '/d', path: 'a', need: 'w', to: { mount: '/r', path: 'b' } },
      '/r was granted for reading only',
    ],
    [{ mount: '/d', path: 'a', need: 'w', to: { mount: '/d', path: '..' } }, '.. leads out of /d'],
    [{ mount: '/d', path: 'a', need: 'w', to: null }, 'a malformed ask'],
    [{ mount: '/d', path: 'a', need: 'x' }, 'a malformed ask'],
    [{ mount: 'toString', path: 'a', need: 'r' }, 'toString was not granted'],
    [{}, 'a malformed ask'],
  ]
  for (const [ask, reason] of refused) expect(handler.authorize(held, ask)).toEqual({ refused: reason })
})

test('asks say which mount, which path, and to read or to write', () => {
  const sub = { mount: '/d', path: 'sub', rights: 'rw' }
  const ask = (name: string, ...args: unknown[]) =>
    handler.functions[method(name)]?.ask?.({ fn: method(name), args })
  expect(ask('stat', sub)).toEqual({ mount: '/d', path: 'sub', need: 'r' })
  expect(ask('stat-at', sub, {}, './x//../y')).toEqual({ mount: '/d', path: 'sub/y', need: 'r' })
  expect(ask('stat-at', sub, {}, '../y')).toEqual({ mount: '/d', path: '../y', need: 'r' })
  expect(ask('stat-at', sub, {}, '/y')).toEqual({ mount: '/d', path: '/y', need: 'r' })
  expect(ask('open-at', sub, {}, 'x', {}, { read: true })).toEqual({ mount: '/d', path: 'sub/x', need: 'r' })
  for (const open of [{ truncate: true }, { create: true, truncate: true }]) {
    expect(ask('open-at', sub, {}, 'x', open, {})).toEqual({ mount: '/d', path: 'sub/x', need: 'w' })
  }
  expect(ask('open-at', sub, {}, 'x', { create: true }, {})).toEqual({
    mount: '/d',
    path: 'sub/x',
    need: 'a',
  })
  for (const flags of [{ write: true }, { mutateDirectory: true }]) {
    expect(ask('open-at', sub, {}, 'x', {}, flags)).toEqual({ mount: '/d', path: 'sub/x', need: 'a' })
  }
  for (const add of ['create-directory-at', 'append-via-stream']) {
    expect(ask(add, sub, 'x')).toMatchObject({ mount: '/d', need: 'a' })
  }
  for (const change of ['write', 'write-via-stream', 'set-size', 'set-times', 'unlink-file-at']) {
    expect(ask(change, sub, 'x')).toMatchObject({ mount: '/d', need: 'w' })
  }
  const write = 'wasi:io/streams@0.2#[method]output-stream.write'
  const streamed = (self: object) => handler.functions[write]?.ask?.({ fn: write, args: [self] })
  expect(streamed({ mount: '/d', path: 'f' })).toEqual({ mount: '/d', path: 'f', need: 'w' })
  expect(streamed({ mount: '/d', path: 'f', append: true })).toEqual({ mount: '/d', path: 'f', need: 'a' })
  expect(ask('symlink-at', sub, 'target', 'x')).toEqual({ mount: '/d', path: 'sub/x', need: 'a' })
  expect(ask('set-times-at', sub, {}, 'x', {}, {})).toEqual({ mount: '/d', path: 'sub/x', need: 'w' })
  const to = { mount: '/e', path: 'y' }
  expect(ask('rename-at', sub, 'x', { mount: '/e', path: '' }, 'y')).toEqual({
    mount: '/d',
    path: 'sub/x',
    need: 'w',
    to,
  })
  expect(ask('link-at', sub, {}, 'x', { mount: '/e', path: '' }, 'y')).toEqual({
    mount: '/d',
    path: 'sub/x',
    need: 'a',
    to,
  })
})

test('asks are total, and what they cannot say nobody was granted', () => {
  const held = grant({ '/d': { host: '/srv', rights: 'rw' } })
  const description = fc.oneof(
    fc.constant(null),
    fc.json().map((json) => JSON.parse(json) as unknown),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(handler.functions)),
      description,
      fc.array(fc.anything(), { maxLength: 5 }),
      (fn, self, rest) => {
        const ask = handler.functions[fn]?.ask?.({ fn, args: [self, ...rest] })
        if (ask === undefined) return
        expect(handler.authorize(held, ask)).not.toBe(true)
        expect(handler.functions[fn]?.deny?.({ fn, ask, refusal: { refused: 'x' } }).payload).toBeDefined()
      },
    ),
    { numRuns: 300 },
  )
})

test('a refusal is the interface’s own error', () => {
  const deny = (name: string, ask: Parameters<typeof handler.authorize>[1]) =>
    handler.functions[name]?.deny?.({ fn: name, ask, refusal: { refused: 'why' } }).payload
  expect(deny(method('write'), { mount: '/r', path: 'a', need: 'w' })).toBe('read-only')
  expect(deny(method('unlink-file-at'), { mount: '/d', path: '../a', need: 'w' })).toBe('not-permitted')
  expect(
    deny(method('rename-at'), { mount: '/d', path: 'a', need: 'w', to: { mount: '/d', path: '/' } }),
  ).toBe('not-permitted')
  expect(deny(method('read'), { mount: '/x', path: 'a', need: 'r' })).toBe('not-permitted')
  expect(
    deny('wasi:io/streams@0.2#[method]output-stream.write', { mount: '/r', path: 'a', need: 'w' }),
  ).toMatchObject({
    tag: 'last-operation-failed',
    val: { code: 'read-only' },
  })
})

test('the schema is closed, and its names of mounts are plain absolute paths', () => {
  const open: unknown[] = []
  const walk = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return
    if ('type' in schema && schema.type === 'object') {
      if (!('additionalProperties' in schema) || schema.additionalProperties !== false) open.push(schema)
    }
    Object.values(schema).forEach(walk)
  }
  walk(GRANT)
  expect(open).toEqual([])
  const mounts = (GRANT.properties as { mounts: { patternProperties: object } }).mounts
  const pattern = new RegExp(Object.keys(mounts.patternProperties)[0] ?? '', 'u')
  for (const good of ['/', '/data', '/a/b.c', '/...', '/.hidden', '/a b', '/ü'])
    expect([good, pattern.test(good)]).toEqual([good, true])
  for (const bad of ['', 'data', '.', './a', '/a/', '//', '/a//b', '/.', '/..', '/a/../b', '/a/.', '/a\0b']) {
    expect([bad, pattern.test(bad)]).toEqual([bad, false])
  }
})

test('every function of the interfaces is bound', async () => {
  const { readFileSync } = await import('node:fs')
  const wit = readFileSync(new URL(import.meta.resolve('@theater/wit/wit/wasi/filesystem.wit')), 'utf8')
  const functions = [...wit.matchAll(/^ *([a-z-]+): func\(/gm)].map((match) => match[1] as string)
  expect(functions.length).toBe(30)
  const bound = Object.keys(handler.functions)
  const own = bound.filter((id) => !id.startsWith('wasi:io/streams@0.2#[method]'))
  for (const name of functions) {
    expect(own.filter((id) => id.endsWith(`.${name}`) || id.endsWith(`#${name}`))).toHaveLength(1)
  }
  expect(own).toHaveLength(functions.length)
  const sync = Object.entries(handler.functions).filter(([, { mode }]) => mode === 'sync')
  expect(sync.filter(([, { effect }]) => effect === 'idempotent' || effect === 'once')).toEqual([])
})

test('what is sync answers, what is async promises, as declared', async () => {
  const here = worlds[0]?.world()
  if (here === undefined) throw new Error('no world')
  const { root } = await bind(here, grant({ '/data': { host: `${here.root}/data`, rights: 'rw' } }))
  const data = root('/data')
  const file = await data.openAt({}, 'a.txt', {}, { read: true, write: true })
  const now = { tag: 'now' }
  const onFile: Record<string, unknown[]> = {
    'read-via-stream': [0n],
    'write-via-stream': [0n],
    'append-via-stream': [],
    advise: [0n, 0n, 'normal'],
    'sync-data': [],
    'get-flags': [],
    'get-type': [],
    'set-size': [1n],
    'set-times': [now, now],
    read: [1n, 0n],
    write: [new Uint8Array(1), 0n],
    sync: [],
    stat: [],
    'is-same-object': [data],
    'metadata-hash': [],
  }
  const onDirectory: Record<string, unknown[]> = {
    'read-directory': [],
    'create-directory-at': ['new'],
    'stat-at': [{}, 'a.txt'],
    'set-times-at': [{}, 'a.txt', now, now],
    'link-at': [{}, 'a.txt', data, 'linked'],
    'open-at': [{}, 'a.txt', {}, {}],
    'readlink-at': ['to-a'],
    'remove-directory-at': ['new'],
    'rename-at': ['linked', data, 'renamed'],
    'symlink-at': ['a.txt', 'symlink'],
    'unlink-file-at': ['symlink'],
    'metadata-hash-at': [{}, 'a.txt'],
  }
  for (const [self, calls] of [
    [file, onFile],
    [data, onDirectory],
  ] as const) {
    for (const [name, args] of Object.entries(calls)) {
      const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
      const answer = (self as unknown as Record<string, (...args: unknown[]) => unknown>)[camel]?.(...args)
      expect([name, answer instanceof Promise ? 'async' : 'sync']).toEqual([
        name,
        handler.functions[method(name)]?.mode,
      ])
      await answer
    }
  }
})

test('without a grant: no directories, no authority', async () => {
  const inert = handler.inert?.({} as never)
  if (inert === undefined) throw new Error('not inert')
  expect(inert.imports['wasi:filesystem/preopens@0.2']?.getDirectories()).toEqual([])
  expect(inert.imports['wasi:filesystem/types@0.2']?.filesystemErrorCode({})).toBe(undefined)
  expect(inert.resume?.(`${TYPES}#descriptor`, { mount: '/', path: '', kind: 'directory', flags: [] })).toBe(
    undefined,
  )
  await inert[Symbol.asyncDispose]?.()
  expect(await code(() => handler.bind({} as never, grant({})))).toMatch(/answered/)
})

test('the backend is not asked for before a mount is opened', () => {
  let asked = 0
  const backend = new Proxy(memory(), { get: () => asked++ })
  const lazy = fs({ backend })
  lazy.within(grant({}), grant({}))
  lazy.authorize(grant({}), {})
  expect(asked).toBe(0)
})
