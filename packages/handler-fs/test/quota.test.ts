import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, test } from 'vitest'
import { fs, type FsGrant, type FsQuota, type Rights } from '../src/index.ts'
import { PREOPENS } from '../src/functions.ts'
import { bind, code, content, CREATE, FOLLOW, names, READ, text, utf8, worlds, WRITE } from './support.ts'

const granted = (root: string, quota: FsQuota, rights: Rights = 'rw'): FsGrant => ({
  mounts: { '/data': { host: `${root}/data`, rights, quota } },
})

/** What a stream's error says. */
async function streamCode(call: () => unknown): Promise<unknown> {
  const payload = (await code(call)) as { readonly val?: { readonly code?: unknown } }
  return payload.val?.code ?? payload
}

describe.each(worlds)('$name', ({ world }) => {
  test('bytes: every way to write counts, and nothing of one that is too much is written', async () => {
    const here = world()
    const { root } = await bind(here, granted(here.root, { bytes: 20 }))
    const data = root('/data')
    const file = await data.openAt({}, 'empty', {}, WRITE)
    await file.write(utf8('12345'), 0n)
    const stream = file.writeViaStream(5n)
    stream.write(utf8('67890'))
    const end = file.appendViaStream()
    end.write(utf8('abcde'))
    expect(await code(() => file.write(utf8('123456'), 0n))).toBe('quota')
    expect(await streamCode(() => stream.write(utf8('123456')))).toBe('quota')
    expect(await streamCode(() => end.write(utf8('123456')))).toBe('quota')
    expect(await code(() => file.setSize(21n))).toBe('quota')
    expect(await content(data, 'empty')).toBe('1234567890abcde')
    // A smaller file is no more room: it counts what was written, not what is there.
    await file.setSize(0n)
    await file.write(utf8('12345'), 0n)
    expect(await code(() => file.write(utf8('1'), 0n))).toBe('quota')
    await file.write(utf8(''), 0n)
    expect(await content(data, 'empty')).toBe('12345')
  })

  test('bytes: so do the zeros of a file that is made longer', async () => {
    const here = world()
    const { root } = await bind(here, granted(here.root, { bytes: 20 }))
    const file = await root('/data').openAt({}, 'empty', {}, WRITE)
    expect(await code(() => file.write(utf8('1'), 1_000_000_000n))).toBe('quota')
    expect(await streamCode(() => file.writeViaStream(1_000_000_000n).write(utf8('1')))).toBe('quota')
    expect(await code(() => file.setSize(1_000_000_000n))).toBe('quota')
    expect(file.stat().size).toBe(0n)
    await file.setSize(10n)
    await file.write(utf8('1'), 14n)
    expect(file.stat().size).toBe(15n)
    await file.write(utf8('12345'), 15n)
    expect(await code(() => file.write(utf8('1'), 0n))).toBe('quota')
  })

  test('files: every way to make a name counts, what fails does not', async () => {
    const here = world()
    const { root } = await bind(here, granted(here.root, { files: 4 }))
    const data = root('/data')
    expect(await code(() => data.createDirectoryAt('sub'))).toBe('exist')
    expect(await code(() => data.symlinkAt('a.txt', 'to-a'))).toBe('exist')
    expect(await code(() => data.linkAt({}, 'a.txt', data, 'sub'))).toBe('exist')
    expect(await code(() => data.openAt({}, 'x/y', CREATE, WRITE))).toBe('no-entry')
    await data.createDirectoryAt('1')
    await data.symlinkAt('a.txt', '2')
    await data.linkAt({}, 'a.txt', data, '3')
    await data.openAt({}, '4', CREATE, WRITE)
    const before = names(data)
    const attempts = [
      () => data.createDirectoryAt('5'),
      () => data.symlinkAt('a.txt', '5'),
      () => data.linkAt({}, 'a.txt', data, '5'),
      () => data.openAt({}, '5', CREATE, WRITE),
      () => data.openAt(FOLLOW, 'dangling', CREATE, WRITE),
    ]
    for (const attempt of attempts) expect(await code(attempt)).toBe('quota')
    expect(names(data)).toEqual(before)
    // What is there is opened, moved and removed as before, and removing gives nothing back.
    await data.openAt({}, '4', CREATE, WRITE)
    await data.renameAt('4', data, '5')
    await data.unlinkFileAt('5')
    expect(await code(() => data.openAt({}, '4', CREATE, WRITE))).toBe('quota')
  })

  test('handles: descriptors, streams and listings, and a closed one makes room', async () => {
    const here = world()
    const { root } = await bind(here, granted(here.root, { handles: 4 }))
    const data = root('/data')
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    const stream = file.readViaStream(0n)
    const list = data.readDirectory()
    const attempts = [
      () => data.openAt({}, 'sub', {}, READ),
      () => data.openAt({}, 'new', CREATE, WRITE),
      () => file.readViaStream(0n),
      () => file.writeViaStream(0n),
      () => file.appendViaStream(),
      () => data.readDirectory(),
    ]
    for (const attempt of attempts) expect(await code(attempt)).toBe('quota')
    list[Symbol.dispose]()
    list[Symbol.dispose]()
    expect(names(data)).not.toContain('new')
    stream[Symbol.dispose]?.()
    await data.openAt({}, 'sub', {}, READ)
    await data.openAt({}, 'sub', {}, READ)
    expect(await code(() => data.openAt({}, 'sub', {}, READ))).toBe('quota')
  })

  test('is of one mount of one actor, and goes on when the actor is bound again', async () => {
    const here = world()
    const grant: FsGrant = {
      mounts: {
        ...granted(here.root, { bytes: 3, files: 1 }).mounts,
        '/sub': { host: `${here.root}/data/sub`, rights: 'rw', quota: { bytes: 3, files: 1 } },
      },
    }
    const handler = fs({ backend: here.backend })
    const start = async (id: string) => {
      const binding = await handler.bind(fakeActor({ id }), grant)
      const mounts = new Map(binding.imports[PREOPENS].getDirectories().map(([one, name]) => [name, one]))
      const spend = async (name: string): Promise<unknown> => {
        const file = await mounts.get(name)!.openAt({}, id, CREATE, WRITE)
        return code(() => file.write(utf8('123'), 0n))
      }
      return { spend, end: () => binding[Symbol.asyncDispose]?.() }
    }
    const one = await start('one')
    expect(await one.spend('/data')).toMatch(/answered/)
    expect(await one.spend('/data')).toBe('quota')
    expect(await one.spend('/sub')).toMatch(/answered/)
    await one.end()
    const again = await start('one')
    expect(await again.spend('/data')).toBe('quota')
    await again.end()
    const other = await start('other')
    expect(await other.spend('/data')).toMatch(/answered/)
    await other.end()
  })
})

describe.each(worlds)('$name, to add', ({ world }) => {
  test('makes what is new, writes at the end, and changes nothing that is there', async () => {
    const here = world()
    const { root, binding } = await bind(here, granted(here.root, {}, 'ra'))
    const data = root('/data')
    expect(data.getFlags()).toEqual({ read: true, mutateDirectory: true })
    await data.createDirectoryAt('new')
    await data.symlinkAt('a.txt', 'link')
    await data.linkAt({}, 'a.txt', data, 'second')
    const file = await data.openAt({}, 'a.txt', CREATE, WRITE)
    const end = file.appendViaStream()
    end.write(utf8(' world'))
    const made = await data.openAt({}, 'new/file', { create: true, exclusive: true }, WRITE)
    made.appendViaStream().write(utf8('line'))
    expect(text(file.read(99n, 0n)[0])).toBe('hello world')
    // What asks see of the stream is that it writes at the end.
    const ask = { mount: '/data', path: 'a.txt', append: true }
    expect(binding.describe?.('wasi:io/streams@0.2#output-stream', end)).toEqual(ask)
    const now = { tag: 'now' } as const
    const attempts: readonly (readonly [string, () => unknown])[] = [
      ['write', () => file.write(utf8('x'), 0n)],
      ['write of a new file', () => made.write(utf8('x'), 0n)],
      ['write-via-stream', () => file.writeViaStream(0n)],
      ['set-size', () => file.setSize(0n)],
      ['set-times', () => file.setTimes(now, now)],
      ['set-times-at', () => data.setTimesAt({}, 'a.txt', now, now)],
      ['truncate', () => data.openAt({}, 'a.txt', { truncate: true }, WRITE)],
      ['create and truncate', () => data.openAt({}, 'x', { create: true, truncate: true }, WRITE)],
      ['rename-at', () => data.renameAt('new/file', data, 'x')],
      ['unlink-file-at', () => data.unlinkFileAt('link')],
      ['remove-directory-at', () => data.removeDirectoryAt('new')],
    ]
    for (const [name, attempt] of attempts) expect([name, await code(attempt)]).toEqual([name, 'read-only'])
    expect(await content(data, 'a.txt')).toBe('hello world')
    expect(await content(data, 'second')).toBe('hello world')
    expect(await content(data, 'new/file')).toBe('line')
  })
})
