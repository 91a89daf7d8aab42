import { linkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, test } from 'vitest'
import type { Descriptor } from '../src/descriptor.ts'
import { PREOPENS } from '../src/functions.ts'
import { entry, fs, memory, MountError, putTree, type FsOptions, type MemoryTree } from '../src/index.ts'
import { cidOf, encodeDirectory, hashOf, type TreeEntry } from '../src/tree.ts'
import { code, content, CREATE, disks, FOLLOW, names, READ, text, utf8, worlds, WRITE } from './support.ts'

const DESCRIPTOR = 'wasi:filesystem/types@0.2#descriptor'

/** A content store, and what it was asked for. */
function blocks() {
  const kept = new Map<string, Uint8Array>()
  const asked: string[] = []
  const key = (cid: Uint8Array): string => Buffer.from(cid).toString('hex')
  return {
    kept,
    asked,
    put: async (cid: Uint8Array, bytes: Uint8Array): Promise<void> => void kept.set(key(cid), bytes),
    get: async (cid: Uint8Array): Promise<Uint8Array | undefined> => {
      asked.push(key(cid))
      return kept.get(key(cid))
    },
    /** Keeps bytes and says their hash. */
    add(bytes: Uint8Array): string {
      const digest = hashOf(bytes)
      kept.set(key(cidOf(digest)), bytes)
      return digest
    },
    directory(entries: readonly TreeEntry[]): string {
      return this.add(encodeDirectory(entries))
    },
  }
}

const TREE: MemoryTree = {
  'a.txt': 'hello',
  empty: '',
  same: 'hello',
  sub: { 'b.txt': 'world', up: entry('symbolic-link', '../a.txt'), deep: { 'c.txt': 'deep' } },
  'to-sub': entry('symbolic-link', 'sub'),
  out: entry('symbolic-link', '../secret'),
  absolute: entry('symbolic-link', '/etc/passwd'),
  loop: entry('symbolic-link', 'loop'),
}

async function put(tree: MemoryTree = TREE) {
  const store = blocks()
  return { store, tree: await putTree(store, memory({ top: tree }), '/top') }
}

/** Mounts a tree at `/tree`. */
async function mount(tree: string, options: FsOptions, path?: string) {
  const handler = fs(options)
  const grant = { mounts: { '/tree': { tree, ...(path === undefined ? {} : { path }) } } }
  const binding = await handler.bind(fakeActor(), grant)
  const root = binding.imports[PREOPENS].getDirectories()[0]?.[0]
  if (root === undefined) throw new Error('no mount')
  return { binding, root }
}

describe.each(worlds)('put from $name', ({ name, world }) => {
  test('is the same tree, with the same hash, wherever it was put from', async () => {
    const here = world()
    const store = blocks()
    const tree = await putTree(store, here.backend, `${here.root}/data`)
    const { root } = await mount(tree, { trees: store })
    expect(names(root)).toContain('to-a')
    expect(await content(root, 'sub/deep/c.txt')).toBe('deep')
    expect(root.readlinkAt('to-sub')).toBe('sub')
    expect(tree).toMatch(/^sha256:[0-9a-f]{64}$/)
    // Again, into another store.
    expect(await putTree(blocks(), here.backend, `${here.root}/data`)).toBe(tree)
    if (name === 'memory') return
    // A second name of a file is a file of the same content.
    linkSync(join(here.root, 'data/a.txt'), join(here.root, 'data/second'))
    const more = await putTree(store, here.backend, `${here.root}/data`)
    expect(more).not.toBe(tree)
    expect(await content((await mount(more, { trees: store })).root, 'second')).toBe('hello')
  })
})

test('is written in one way, which does not change', async () => {
  const store = blocks()
  const small = memory({ top: { b: 'x', a: { l: entry('symbolic-link', '../b') } } })
  const tree = await putTree(store, small, '/top')
  const texts = [...store.kept.values()].map((bytes) => text(bytes))
  const inner = '{"tree":1,"entries":[["l","link","../b"]]}'
  const hash = hashOf(utf8(inner))
  const x = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'
  const outer = `{"tree":1,"entries":[["a","directory","${hash}"],["b","file","${x}",1]]}`
  expect(texts.toSorted()).toEqual(['x', inner, outer].toSorted())
  // What sha256sum says of that text.
  expect(tree).toBe('sha256:af6bd046cc8df76409634108418c516795d3109b6231e0600f26fddc66feb8db')
})

describe('a tree', () => {
  test('is read like any other directory, and says no times', async () => {
    const { store, tree } = await put()
    const { root } = await mount(tree, { trees: store })
    expect(root.getFlags()).toEqual({ read: true })
    expect(names(root)).toEqual(Object.keys(TREE).toSorted())
    const file = await root
      .openAt(FOLLOW, 'to-sub/up', {}, READ)
      .then(() => 'opened')
      .catch((error: { payload: unknown }) => error.payload)
    expect(file).toBe('opened')
    expect(root.statAt({}, 'a.txt')).toEqual({ type: 'regular-file', linkCount: 1n, size: 5n })
    expect(root.statAt({}, 'to-sub')).toMatchObject({ type: 'symbolic-link', size: 3n })
    const stream = (await root.openAt({}, 'a.txt', {}, READ)).readViaStream(1n)
    expect(text(stream.read(99))).toBe('ello')
    expect(await code(() => stream.read(99))).toEqual({ tag: 'closed' })
    const [one, same] = [await root.openAt({}, 'a.txt', {}, READ), await root.openAt({}, 'same', {}, READ)]
    expect(one.isSameObject(await root.openAt({}, 'sub/../a.txt', {}, READ))).toBe(true)
    expect(one.isSameObject(same)).toBe(false)
    expect(one.metadataHash()).not.toEqual(same.metadataHash())
    await one.sync()
    one.advise()
  })

  test('has links that lead out of it like any other, and they are not followed', async () => {
    const { store, tree } = await put()
    const { root } = await mount(tree, { trees: store })
    for (const path of ['out', 'absolute']) {
      expect(await code(() => root.openAt(FOLLOW, path, {}, READ))).toBe('not-permitted')
      expect(await code(() => root.readlinkAt(path))).toBe('not-permitted')
    }
    expect(await code(() => root.statAt(FOLLOW, 'loop'))).toBe('loop')
    expect(await code(() => root.statAt({}, 'a.txt/..'))).toBe('not-directory')
  })

  test('is not changed', async () => {
    const { store, tree } = await put()
    const { root } = await mount(tree, { trees: store })
    const before = new Map(store.kept)
    const attempts = [
      () => root.openAt({}, 'a.txt', {}, WRITE),
      () => root.openAt({}, 'new', CREATE, READ),
      () => root.createDirectoryAt('new'),
      () => root.unlinkFileAt('a.txt'),
      () => root.renameAt('a.txt', root, 'b'),
      () => root.symlinkAt('a.txt', 'b'),
      () => root.linkAt({}, 'a.txt', root, 'b'),
      () => root.setTimesAt({}, 'a.txt', { tag: 'now' }, { tag: 'now' }),
    ]
    for (const attempt of attempts) expect(await code(attempt)).toBe('read-only')
    expect(store.kept).toEqual(before)
    // What is read is a copy.
    const file = await root.openAt({}, 'a.txt', {}, READ)
    file.read(5n, 0n)[0].fill(0)
    expect(await content(root, 'same')).toBe('hello')
  })

  test('is mounted below its top too, and not through a link', async () => {
    const { store, tree } = await put()
    const { root } = await mount(tree, { trees: store }, 'sub/deep')
    expect(names(root)).toEqual(['c.txt'])
    expect(await code(() => root.statAt({}, '..'))).toBe('not-permitted')
    for (const [path, why] of [
      ['nothing', 'not-found'],
      ['sub/nothing', 'not-found'],
      ['to-sub', 'through-a-link'],
      ['to-sub/deep', 'through-a-link'],
      ['a.txt', 'not-a-directory'],
    ] as const)
      await expect(mount(tree, { trees: store }, path)).rejects.toMatchObject({ code: why, host: tree })
  })

  test('a descriptor goes on after a restart, in the same tree and in no other', async () => {
    const { store, tree } = await put()
    const first = await mount(tree, { trees: store })
    const described = async (path: string) =>
      first.binding.describe?.(DESCRIPTOR, await first.root.openAt({}, path, {}, READ)) ?? null
    const [file, directory] = [await described('a.txt'), await described('sub')]
    await first.binding[Symbol.asyncDispose]?.()
    const again = await mount(tree, { trees: store })
    const resumed = again.binding.resume?.(DESCRIPTOR, file) as Descriptor
    expect(text(resumed.read(99n, 0n)[0])).toBe('hello')
    expect(again.binding.resume?.(DESCRIPTOR, directory)).toBeDefined()
    const other = await putTree(store, memory({ top: { ...TREE, 'a.txt': 'other' } }), '/top')
    const changed = await mount(other, { trees: store })
    expect(changed.binding.resume?.(DESCRIPTOR, file)).toBe(undefined)
    // What is the same there is the same.
    expect(changed.binding.resume?.(DESCRIPTOR, directory)).toBeDefined()
  })
})

describe('what is wrong with a tree is said before the actor runs', () => {
  const wrong = async (change: (store: ReturnType<typeof blocks>) => string, options: FsOptions = {}) => {
    const { store } = await put()
    const tree = `sha256:${change(store)}`
    const error = await mount(tree, { trees: store, ...options }).then(
      () => undefined,
      (failure: unknown) => failure,
    )
    return MountError.is(error) && error.host === tree ? error.code : error
  }
  const hello = hashOf(utf8('hello'))
  const key = (digest: string): string => Buffer.from(cidOf(digest)).toString('hex')

  test('no store, no block, another block', async () => {
    await expect(mount(`sha256:${hello}`, {})).rejects.toMatchObject({ code: 'no-trees' })
    expect(await wrong(() => '0'.repeat(64))).toBe('missing')
    expect(
      await wrong((store) => {
        const top = store.directory([['a', 'file', hello, 5]])
        store.kept.delete(key(hello))
        return top
      }),
    ).toBe('missing')
    expect(
      await wrong((store) => {
        const top = store.directory([['a', 'file', hello, 5]])
        store.kept.set(key(hello), utf8('hellO'))
        return top
      }),
    ).toBe('damaged')
  })

  test('no directory, a directory written in another way, a name that is none', async () => {
    const texts = [
      '',
      'null',
      '[]',
      '{}',
      '{"tree":1,"entries":{}}',
      '{"tree":2,"entries":[]}',
      '{"entries":[],"tree":1}',
      '{"tree":1,"entries":[]} ',
      '{"tree":1,"entries":[],"more":1}',
      `{"tree":1,"entries":[["b","file","${hello}",5],["a","file","${hello}",5]]}`,
      `{"tree":1,"entries":[["a","file","${hello}",5],["a","file","${hello}",5]]}`,
      `{"tree":1,"entries":[["a","file","${hello}",4]]}`,
      `{"tree":1,"entries":[["a","file","${hello}",-1]]}`,
      `{"tree":1,"entries":[["a","file","${hello}",5.5]]}`,
      `{"tree":1,"entries":[["a","file","${hello}","5"]]}`,
      `{"tree":1,"entries":[["a","file","${hello}"]]}`,
      `{"tree":1,"entries":[["a","file","${hello.toUpperCase()}",5]]}`,
      `{"tree":1,"entries":[["a","fifo","${hello}"]]}`,
      `{"tree":1,"entries":[["a","__proto__","${hello}"]]}`,
      `{"tree":1,"entries":[["a","directory","${hello}"]]}`,
      `{"tree":1,"entries":[["a","link",""]]}`,
      `{"tree":1,"entries":[["a","link","x\\u0000"]]}`,
      ...['', '.', '..', 'a/b', '/', 'a\\u0000', '\\ud800', 'x'.repeat(256)].map(
        (name) => `{"tree":1,"entries":[["${name}","link","x"]]}`,
      ),
    ]
    for (const one of texts)
      expect([one, await wrong((store) => store.add(utf8(one)))]).toEqual([one, 'damaged'])
    expect(await wrong((store) => store.add(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('damaged')
  })

  test('more than is held', async () => {
    const many = (store: ReturnType<typeof blocks>): string =>
      store.directory(Array.from({ length: 9 }, (_, i) => [`${i}`, 'file', hello, 5]))
    expect(await wrong(many, { maxTreeEntries: 8 })).toBe('too-large')
    expect(await wrong(many, { maxTreeBytes: 100 })).toBe('too-large')
    expect(await wrong(many, { maxTreeEntries: 9 })).toBe(undefined)
  })

  test('a few blocks that are more paths than anybody has memory for are a few blocks', async () => {
    const { store } = await put()
    let below = store.directory([['end', 'link', 'x']])
    for (let i = 0; i < 200; i++)
      below = store.directory([
        ['a', 'directory', below],
        ['b', 'directory', below],
      ])
    const { root } = await mount(`sha256:${below}`, { trees: store })
    expect(names(await root.openAt({}, 'a/b/a/b/b/a', {}, READ))).toEqual(['a', 'b'])
    expect(store.asked.length).toBe(201)
  })
})

test('a tree is held once for all actors, and not after the last one', async () => {
  const { store, tree } = await put()
  const handler = fs({ trees: store })
  const start = () => handler.bind(fakeActor(), { mounts: { '/tree': { tree } } })
  const [one, two] = await Promise.all([start(), start()])
  const once = store.asked.length
  expect(new Set(store.asked).size).toBe(once)
  await one[Symbol.asyncDispose]?.()
  await one[Symbol.asyncDispose]?.()
  const three = await start()
  expect(store.asked.length).toBe(once)
  await two[Symbol.asyncDispose]?.()
  await three[Symbol.asyncDispose]?.()
  await start()
  expect(store.asked.length).toBe(2 * once)
})

test('a mount that failed leaves nothing behind: what was missing can be put, and it is mounted', async () => {
  const { store, tree } = await put()
  const handler = fs({ trees: store })
  const start = (path?: string) =>
    handler.bind(fakeActor(), { mounts: { '/tree': { tree, ...(path === undefined ? {} : { path }) } } })
  await expect(start('nothing')).rejects.toMatchObject({ code: 'not-found' })
  const all = [...store.kept]
  store.kept.clear()
  await expect(start()).rejects.toMatchObject({ code: 'missing' })
  for (const [cid, bytes] of all) store.kept.set(cid, bytes)
  const binding = await start()
  expect(binding.imports[PREOPENS].getDirectories()).toHaveLength(1)
  await binding[Symbol.asyncDispose]?.()
})

test('what cannot be put', async () => {
  const store = blocks()
  const put = (tree: MemoryTree) => putTree(store, memory({ top: tree }), '/top')
  await expect(put({ fifo: entry('fifo') })).rejects.toMatchObject({ code: 'not-plain' })
  await expect(putTree(store, memory(), '/nothing')).rejects.toMatchObject({ code: 'not-found' })
  let deep: MemoryTree = {}
  for (let i = 0; i < 129; i++) deep = { d: deep }
  await expect(put(deep)).rejects.toMatchObject({ code: 'not-plain' })
  for (const { world } of disks) {
    const here = world()
    symlinkSync('data', join(here.root, 'link'))
    await expect(putTree(store, here.backend, join(here.root, 'link'))).rejects.toMatchObject({
      code: 'through-a-link',
    })
  }
})
