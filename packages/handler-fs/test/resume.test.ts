import type { Json } from '@theater/values'
import { describe, expect, test } from 'vitest'
import type { Descriptor } from '../src/descriptor.ts'
import type { FsGrant, Rights } from '../src/index.ts'
import { bind, code, CREATE, names, READ, text, utf8, worlds, WRITE, type World } from './support.ts'

const DESCRIPTOR = 'wasi:filesystem/types@0.2#descriptor'
const RENAME = 'wasi:filesystem/types@0.2#[method]descriptor.rename-at'

const granted = (here: World, rights: Rights = 'rw'): FsGrant => ({
  mounts: { '/data': { host: `${here.root}/data`, rights } },
})

/** What `make` opened before a restart: its description, as the record gives it back. */
async function recorded(here: World, make: (data: Descriptor) => Promise<Descriptor>): Promise<Json> {
  const { binding, root } = await bind(here, granted(here))
  const description = binding.describe?.(DESCRIPTOR, await make(root('/data')))
  await binding[Symbol.asyncDispose]?.()
  return JSON.parse(JSON.stringify(description)) as Json
}

/** What it is after the restart. */
async function resumed(
  here: World,
  description: Json,
  rights: Rights = 'rw',
): Promise<Descriptor | undefined> {
  const { binding } = await bind(here, granted(here, rights))
  return binding.resume?.(DESCRIPTOR, description) as Descriptor | undefined
}

describe.each(worlds)('$name', ({ world }) => {
  test('a mount', async () => {
    const here = world()
    const description = await recorded(here, async (data) => data)
    expect(description).toEqual({
      mount: '/data',
      path: '',
      rights: 'rw',
      kind: 'directory',
      flags: ['read', 'mutateDirectory'],
    })
    const again = await resumed(here, description)
    expect(again && names(again)).toContain('a.txt')
    const readOnly = await resumed(here, description, 'r')
    expect(readOnly?.getFlags()).toEqual({ read: true })
    expect(await code(() => readOnly?.createDirectoryAt('x'))).toBe('read-only')
  })

  test('a directory and a file, with what they were opened for', async () => {
    const here = world()
    const directory = await recorded(here, (data) =>
      data.openAt({ symlinkFollow: true }, 'up/to-top/to-sub', {}, READ),
    )
    expect(directory).toMatchObject({ mount: '/data', path: 'sub', kind: 'directory' })
    expect(names((await resumed(here, directory)) as Descriptor)).toEqual(['b.txt', 'deep'])
    const file = await recorded(here, (data) =>
      data.openAt({}, 'sub/b.txt', {}, { ...WRITE, dataIntegritySync: true }),
    )
    expect(file).toMatchObject({
      path: 'sub/b.txt',
      kind: 'regular-file',
      flags: ['read', 'write', 'dataIntegritySync'],
    })
    const again = await resumed(here, file)
    await again?.write(utf8('W'), 0n)
    expect(text(again?.read(9n, 0n)[0] ?? utf8(''))).toBe('World')
    expect(again?.getFlags()).toEqual({ read: true, write: true, dataIntegritySync: true })
    expect(JSON.stringify([directory, file])).not.toContain(here.root)
  })

  test('under fewer rights: read on, write no more; what could only write is closed', async () => {
    const here = world()
    const both = await recorded(here, (data) => data.openAt({}, 'a.txt', {}, WRITE))
    const again = await resumed(here, both, 'r')
    expect(again?.getFlags()).toEqual({ read: true })
    expect(await code(() => again?.write(utf8('x'), 0n))).toBe('read-only')
    expect(
      await resumed(here, await recorded(here, (data) => data.openAt({}, 'a.txt', {}, { write: true })), 'r'),
    ).toBe(undefined)
    const looking = await recorded(here, (data) => data.openAt({}, 'a.txt', {}, {}))
    expect((await resumed(here, looking, 'r'))?.stat().size).toBe(5n)
  })

  test('not under a grant that has the mount no more', async () => {
    const here = world()
    const description = await recorded(here, async (data) => data)
    const { binding } = await bind(here, {
      mounts: { '/other': { host: `${here.root}/data`, rights: 'rw' } },
    })
    expect(binding.resume?.(DESCRIPTOR, description)).toBe(undefined)
  })

  test('not when it is gone, or another object has its name', async () => {
    const here = world()
    const open = (path: string) => recorded(here, (data) => data.openAt({}, path, {}, READ))
    const [file, nested, directory, deep] = [
      await open('a.txt'),
      await open('sub/b.txt'),
      await open('up'),
      await open('sub/deep'),
    ]
    const { root } = await bind(here, granted(here))
    const data = root('/data')
    await data.unlinkFileAt('a.txt')
    expect(await resumed(here, file)).toBe(undefined)
    const other = await data.openAt({}, 'other', CREATE, WRITE)
    await other.write(utf8('hello'), 0n)
    await data.renameAt('other', data, 'a.txt')
    expect(await resumed(here, file)).toBe(undefined)
    // A link to it in its place is not followed, nor one in the place of a directory on the way.
    await data.renameAt('sub', data, 'elsewhere')
    await data.symlinkAt('elsewhere', 'sub')
    expect(await resumed(here, nested)).toBe(undefined)
    expect(await resumed(here, deep)).toBe(undefined)
    await data.unlinkFileAt('sub')
    await data.renameAt('elsewhere', data, 'sub')
    expect(await resumed(here, nested)).not.toBe(undefined)
    await data.unlinkFileAt('up/to-a')
    await data.unlinkFileAt('up/to-top')
    await data.removeDirectoryAt('up')
    await data.openAt({}, 'up', CREATE, WRITE)
    expect(await resumed(here, directory)).toBe(undefined)
  })

  test('not from a description that nobody here wrote', async () => {
    const here = world()
    const { id } = (await recorded(here, (data) => data.openAt({}, 'a.txt', {}, READ))) as { id: string }
    const file = { mount: '/data', path: 'a.txt', rights: 'r', kind: 'regular-file', flags: ['read'], id }
    expect(await resumed(here, file)).not.toBe(undefined)
    const odd: Json[] = [
      null,
      7,
      'a.txt',
      [],
      {},
      { ...file, id: 'another' },
      { ...file, id: 7 },
      { ...file, path: '../outside/secret' },
      { ...file, path: '/a.txt' },
      { ...file, path: 'sub/../a.txt' },
      { ...file, path: './a.txt' },
      { ...file, path: 'a.txt/' },
      { ...file, path: 'to-a' },
      { ...file, path: '' },
      { ...file, path: 'a.txt\0' },
      { ...file, path: 'x'.repeat(300) },
      { ...file, kind: 'fifo' },
      { ...file, kind: 'directory' },
      { ...file, flags: 'read' },
      { ...file, mount: '__proto__' },
      { ...file, mount: null },
    ]
    for (const description of odd) {
      expect([description, await code(() => resumed(here, description))]).toEqual([
        description,
        'answered: undefined',
      ])
    }
  })

  test('only descriptors go on: a stream is cut, a listing is closed, an error says what it said', async () => {
    const here = world()
    const { binding, root } = await bind(here, granted(here))
    const data = root('/data')
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    const input = 'wasi:io/streams@0.2#input-stream'
    const place = { mount: '/data', path: 'a.txt' }
    expect(binding.describe?.(input, file.readViaStream(0n))).toEqual(place)
    expect(binding.describe?.('wasi:io/streams@0.2#output-stream', file.writeViaStream(0n))).toEqual(place)
    expect(binding.describe?.('wasi:filesystem/types@0.2#directory-entry-stream', data.readDirectory())).toBe(
      undefined,
    )
    expect(binding.resume?.('wasi:io/streams@0.2#output-stream', place)).toBe(undefined)
    // Not `closed`: that is what the end of a file looks like.
    const cut = binding.resume?.(input, place) as ReturnType<Descriptor['readViaStream']>
    expect(await code(() => cut.read(1))).toMatchObject({ tag: 'last-operation-failed' })
    expect(await code(() => cut.read(1))).toEqual({ tag: 'closed' })
    const other = binding.resume?.(input, place) as typeof cut
    const failed = (await code(() => other.blockingRead(1, new AbortController().signal))) as { val: object }
    const errorCode = (error: unknown) =>
      binding.imports['wasi:filesystem/types@0.2'].filesystemErrorCode(error)
    expect(errorCode(failed.val)).toBe('io')
    const error = 'wasi:io/error@0.2#error'
    expect(errorCode(binding.resume?.(error, binding.describe?.(error, failed.val) as Json))).toBe('io')
    expect(binding.resume?.(error, { code: 'made-up' })).toBe(undefined)
    expect(binding.resume?.(error, null)).toBe(undefined)
    expect(errorCode({ toDebugString: () => 'of another handler' })).toBe(undefined)
  })

  test('closed handles answer in every way the interface can', async () => {
    const here = world()
    const { binding, handler } = await bind(here, granted(here))
    for (const fn of Object.keys(handler.functions)) {
      const error = binding.closed?.(fn)
      const method = fn.includes('filesystem/types@0.2#[method]') && !fn.endsWith('is-same-object')
      expect([fn, error?.payload]).toEqual([fn, method ? 'bad-descriptor' : undefined])
    }
  })

  describe('a rename that was under way when the host crashed', () => {
    const ask = { mount: '/data', path: '', need: 'w' }
    const settle = async (here: World, from: string, to: string, self?: Json): Promise<unknown> => {
      const description = self ?? (await recorded(here, async (data) => data))
      const { binding, root } = await bind(here, granted(here))
      const answer = await binding.reconcile?.({
        fn: RENAME,
        args: [description, from, description, to],
        ask,
      })
      const live = root('/data')
      expect(await binding.reconcile?.({ fn: RENAME, args: [live, from, live, to], ask })).toEqual(
        self ? expect.anything() : answer,
      )
      return answer
    }

    test('is told by the names there are', async () => {
      const here = world()
      expect(await settle(here, 'a.txt', 'new')).toBe('not-done')
      expect(await settle(here, 'nothing', 'a.txt')).toEqual({ done: undefined })
      expect(await settle(here, 'nothing', 'to-nowhere')).toBe('not-done')
      expect(await settle(here, 'a.txt', 'empty')).toBe('unknown')
      expect(await settle(here, 'dangling', 'new')).toBe('not-done')
      expect(await settle(here, '../outside/secret', 'new')).toBe('unknown')
    })

    test('is not told where the directory is another now, or of other functions', async () => {
      const here = world()
      const sub = await recorded(here, (data) => data.openAt({}, 'sub', {}, READ))
      const { root, binding } = await bind(here, granted(here))
      await root('/data').renameAt('sub', root('/data'), 'other')
      expect(await settle(here, 'b.txt', 'new', sub)).toBe('unknown')
      expect(await binding.reconcile?.({ fn: RENAME, args: [], ask })).toBe('unknown')
      expect(await binding.reconcile?.({ fn: RENAME.replace('rename-at', 'write'), args: [], ask })).toBe(
        'unknown',
      )
    })
  })
})
