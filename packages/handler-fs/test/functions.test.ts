import { describe, expect, test } from 'vitest'
import {
  bind,
  code,
  content,
  CREATE,
  FOLLOW,
  names,
  open,
  READ,
  text,
  utf8,
  worlds,
  WRITE,
} from './support.ts'

const SECOND = 1_000_000_000

describe.each(worlds)('$name', ({ world }) => {
  test('lists the mounts, sorted by name', async () => {
    const here = world()
    const { binding } = await bind(here, { mounts: {} })
    expect(binding.imports['wasi:filesystem/preopens@0.2'].getDirectories()).toEqual([])
    const many = await bind(here, {
      mounts: {
        '/z': { host: `${here.root}/data`, rights: 'r' },
        '/a': { host: `${here.root}/data/sub`, rights: 'rw' },
        '/a/b': { host: `${here.root}/outside`, rights: 'r' },
      },
    })
    const listed = many.binding.imports['wasi:filesystem/preopens@0.2'].getDirectories()
    expect(listed.map(([, name]) => name)).toEqual(['/a', '/a/b', '/z'])
    expect(listed.map(([descriptor]) => names(descriptor).length)).toEqual([2, 2, 14])
  })

  test('reads at any offset and says where the end is', async () => {
    const data = await open(world(), 'r')
    const file = await data.openAt({}, 'a.txt', {}, READ)
    expect(text(file.read(3n, 0n)[0])).toBe('hel')
    expect(file.read(3n, 0n)[1]).toBe(false)
    expect(file.read(3n, 3n)).toEqual([utf8('lo'), true])
    expect(file.read(3n, 5n)).toEqual([new Uint8Array(), true])
    expect(file.read(0n, 0n)).toEqual([new Uint8Array(), false])
    expect(file.read(3n, 2n ** 60n)).toEqual([new Uint8Array(), true])
    expect(await code(() => file.read(3n, 2n ** 64n - 1n))).toBe('invalid')
    expect(text(file.read(2n ** 64n - 1n, 0n)[0])).toBe('hello')
  })

  test('answers no more than the limit at once', async () => {
    const data = await open(world(), 'r', { maxRead: 2 })
    const file = await data.openAt({}, 'a.txt', {}, READ)
    expect(file.read(100n, 0n)).toEqual([utf8('he'), false])
    expect(file.read(100n, 4n)).toEqual([utf8('o'), true])
  })

  test('streams a file to its end, and again after more was written', async () => {
    const data = await open(world())
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    const stream = file.readViaStream(1n)
    expect(text(stream.read(2))).toBe('el')
    expect(stream.read(0)).toEqual(new Uint8Array())
    expect(stream.pollable.ready()).toBe(true)
    await stream.pollable.wait(new AbortController().signal)
    expect(text(await stream.blockingRead(10, new AbortController().signal))).toBe('lo')
    expect(await code(() => stream.read(1))).toEqual({ tag: 'closed' })
    await file.write(utf8('!'), 5n)
    expect(text(stream.read(9))).toBe('!')
    stream[Symbol.dispose]?.()
    expect(await code(() => stream.read(1))).toEqual({ tag: 'closed' })
  })

  test('writes, past the end too', async () => {
    const data = await open(world())
    const file = await data.openAt({}, 'new', CREATE, WRITE)
    expect(await file.write(utf8('abc'), 0n)).toBe(3n)
    expect(await file.write(utf8('X'), 1n)).toBe(1n)
    expect(await file.write(utf8('end'), 6n)).toBe(3n)
    expect(await file.write(new Uint8Array(), 0n)).toBe(0n)
    expect(await content(data, 'new')).toBe('aXc\0\0\0end')
    expect(await code(() => file.write(utf8('x'), 2n ** 60n))).toBe('file-too-large')
    await file.setSize(2n)
    await file.setSize(3n)
    expect(await content(data, 'new')).toBe('aX\0')
    expect(await code(() => file.setSize(2n ** 64n - 1n))).toBe('file-too-large')
    await file.sync()
    await file.syncData()
    await data.sync()
  })

  test('streams into a file, at a place and at the end', async () => {
    const data = await open(world())
    const file = await data.openAt({}, 'a.txt', {}, { write: true, dataIntegritySync: true })
    const at = file.writeViaStream(1n)
    expect(at.checkWrite()).toBeGreaterThanOrEqual(4096)
    at.write(utf8('E'))
    at.write(utf8('L'))
    at.flush()
    await at.blockingFlush(new AbortController().signal)
    const end = file.appendViaStream()
    end.write(utf8('!'))
    file[Symbol.dispose]()
    end.write(utf8('?'))
    expect(await content(data, 'a.txt')).toBe('hELlo!?')
    end[Symbol.dispose]?.()
    expect(await code(() => end.write(utf8('x')))).toEqual({ tag: 'closed' })
    expect(await code(() => end.checkWrite())).toEqual({ tag: 'closed' })
  })

  test('creates, truncates, insists on a new one', async () => {
    const data = await open(world())
    await data.openAt({}, 'one', { create: true, exclusive: true }, WRITE)
    expect(await code(() => data.openAt({}, 'one', { create: true, exclusive: true }, WRITE))).toBe('exist')
    expect(await code(() => data.openAt({}, 'sub', { create: true, exclusive: true }, WRITE))).toBe('exist')
    expect(await code(() => data.openAt({}, 'two', {}, WRITE))).toBe('no-entry')
    expect(await code(() => data.openAt({}, 'two/three', CREATE, WRITE))).toBe('no-entry')
    expect(await code(() => data.openAt({}, 'two/', CREATE, WRITE))).toBe('is-directory')
    expect(await code(() => data.openAt({}, 'a.txt/', {}, READ))).toBe('not-directory')
    expect(await code(() => data.openAt({}, 'a.txt/.', {}, READ))).toBe('not-directory')
    expect(await code(() => data.openAt({}, 'a.txt', { directory: true }, READ))).toBe('not-directory')
    expect(await code(() => data.openAt({}, 'sub', {}, WRITE))).toBe('is-directory')
    expect(await code(() => data.openAt({}, 'sub', { truncate: true }, READ))).toBe('is-directory')
    expect(await code(() => data.openAt({}, 'x', { create: true, directory: true }, READ))).toBe('invalid')
    expect(await code(() => data.openAt({}, 'a.txt', {}, { requestedWriteSync: true }))).toBe('unsupported')
    const file = await data.openAt({}, 'a.txt', { truncate: true }, READ)
    expect(file.stat().size).toBe(0n)
    expect(await code(() => file.write(utf8('x'), 0n))).toBe('bad-descriptor')
    expect(await code(() => file.writeViaStream(0n))).toBe('bad-descriptor')
    const writeOnly = await data.openAt({}, 'one', {}, { write: true })
    expect(await code(() => writeOnly.read(1n, 0n))).toBe('bad-descriptor')
    expect(await code(() => writeOnly.readViaStream(0n))).toBe('bad-descriptor')
  })

  test('says what a descriptor is and may', async () => {
    const here = world()
    const data = await open(here)
    expect(data.getType()).toBe('directory')
    expect(data.getFlags()).toEqual({ read: true, mutateDirectory: true })
    expect((await open(here, 'r')).getFlags()).toEqual({ read: true })
    const file = await data.openAt({}, 'a.txt', {}, { write: true, fileIntegritySync: true })
    expect(file.getType()).toBe('regular-file')
    expect(file.getFlags()).toEqual({ write: true, fileIntegritySync: true })
    const looked = await data.openAt({}, 'a.txt', {}, {})
    expect(looked.getFlags()).toEqual({})
    expect(looked.stat().size).toBe(5n)
    file.advise()
    expect(await code(() => data.advise())).toBe('is-directory')
    expect(await code(() => data.read(1n, 0n))).toBe('is-directory')
    expect(await code(() => file.readDirectory())).toBe('not-directory')
    expect(await code(() => file.openAt({}, 'x', {}, READ))).toBe('not-directory')
    expect(await code(() => file.statAt({}, 'x'))).toBe('not-directory')
  })

  test('stats', async () => {
    const data = await open(world(), 'r')
    expect(data.statAt({}, 'a.txt')).toMatchObject({ type: 'regular-file', linkCount: 1n, size: 5n })
    expect(data.statAt({}, 'to-a')).toMatchObject({ type: 'symbolic-link' })
    expect(data.statAt(FOLLOW, 'to-a')).toMatchObject({ type: 'regular-file', size: 5n })
    expect(data.statAt({}, 'to-sub/')).toMatchObject({ type: 'directory' })
    expect(data.statAt({}, '.')).toEqual(data.stat())
    expect(data.statAt({}, 'sub/..')).toEqual(data.stat())
    expect(data.statAt({}, 'sub/deep/../b.txt')).toMatchObject({ size: 5n })
    expect(data.statAt({}, './/sub///b.txt')).toMatchObject({ size: 5n })
    expect(await code(() => data.statAt({}, 'nothing'))).toBe('no-entry')
    expect(await code(() => data.statAt({}, 'a.txt/b'))).toBe('not-directory')
    expect(await code(() => data.statAt({}, 'a.txt/..'))).toBe('not-directory')
    expect(await code(() => data.statAt(FOLLOW, 'dangling'))).toBe('no-entry')
    expect(await code(() => data.statAt({}, ''))).toBe('no-entry')
  })

  test('sets times, of a link too, and leaves one alone', async () => {
    const data = await open(world())
    const at = (seconds: bigint, nanoseconds = 0) =>
      ({ tag: 'timestamp', val: { seconds, nanoseconds } }) as const
    const keep = { tag: 'no-change' } as const
    await data.setTimesAt(FOLLOW, 'to-a', at(1000n), at(2000n, 500_000_000))
    const set = data.statAt({}, 'a.txt')
    expect(set.dataAccessTimestamp).toEqual({ seconds: 1000n, nanoseconds: 0 })
    expect(set.dataModificationTimestamp).toEqual({ seconds: 2000n, nanoseconds: 500_000_000 })
    await data.setTimesAt({}, 'to-a', at(5n), at(6n))
    expect(data.statAt({}, 'a.txt').dataModificationTimestamp).toEqual({
      seconds: 2000n,
      nanoseconds: 500_000_000,
    })
    expect(data.statAt({}, 'to-a').dataModificationTimestamp).toEqual({ seconds: 6n, nanoseconds: 0 })
    const file = await data.openAt({}, 'a.txt', {}, READ)
    await file.setTimes(keep, at(7n))
    expect(file.stat()).toMatchObject({
      dataAccessTimestamp: { seconds: 1000n },
      dataModificationTimestamp: { seconds: 7n },
    })
    await file.setTimes({ tag: 'now' }, keep)
    expect(file.stat().dataAccessTimestamp?.seconds).toBeGreaterThan(1_000_000n)
    expect(file.stat().dataModificationTimestamp).toEqual({ seconds: 7n, nanoseconds: 0 })
    await data.setTimes(at(8n), at(9n))
    expect(data.stat().dataModificationTimestamp?.seconds).toBe(9n)
    expect(await code(() => file.setTimes(keep, at(1n, SECOND)))).toBe('invalid')
    expect(await code(() => data.setTimesAt({}, 'nothing', keep, keep))).toBe('no-entry')
  })

  test('lists, sorted by the bytes of the names, as it was when asked', async () => {
    const data = await open(world())
    await data.createDirectoryAt('list')
    const list = await data.openAt({}, 'list', { directory: true }, READ)
    for (const name of ['b', 'a', 'Z', '\u{1f600}', '\uff61', 'a-b', 'ab', 'é'])
      await list.openAt({}, name, CREATE, WRITE)
    const entries = list.readDirectory()
    await list.unlinkFileAt('b')
    const seen: string[] = []
    for (let one = entries.readDirectoryEntry(); one; one = entries.readDirectoryEntry()) seen.push(one.name)
    expect(seen).toEqual(['Z', 'a', 'a-b', 'ab', 'b', 'é', '\uff61', '\u{1f600}'])
    expect(entries.readDirectoryEntry()).toBe(undefined)
    entries[Symbol.dispose]()
    expect(await code(() => entries.readDirectoryEntry())).toBe('bad-descriptor')
    const types = data.readDirectory()
    expect(types.readDirectoryEntry()).toEqual({ type: 'regular-file', name: 'a.txt' })
    expect(types.readDirectoryEntry()).toEqual({ type: 'symbolic-link', name: 'dangling' })
    const few = await open(world(), 'r', { maxEntries: 3 })
    expect(await code(() => few.readDirectory())).toBe('insufficient-memory')
  })

  test('makes and removes directories', async () => {
    const data = await open(world())
    await data.createDirectoryAt('one')
    await data.createDirectoryAt('one/two/')
    expect(await code(() => data.createDirectoryAt('one'))).toBe('exist')
    expect(await code(() => data.createDirectoryAt('a.txt'))).toBe('exist')
    expect(await code(() => data.createDirectoryAt('dangling'))).toBe('exist')
    expect(await code(() => data.createDirectoryAt('.'))).toBe('exist')
    expect(await code(() => data.createDirectoryAt('x/y'))).toBe('no-entry')
    expect(await code(() => data.removeDirectoryAt('one'))).toBe('not-empty')
    expect(await code(() => data.removeDirectoryAt('a.txt'))).toBe('not-directory')
    expect(await code(() => data.removeDirectoryAt('to-sub'))).toBe('not-directory')
    expect(await code(() => data.removeDirectoryAt('one/.'))).toBe('invalid')
    await data.removeDirectoryAt('one/two')
    const one = await data.openAt({}, 'one', {}, READ)
    await data.removeDirectoryAt('one')
    expect(await code(() => data.removeDirectoryAt('one'))).toBe('no-entry')
    expect(await code(() => one.openAt({}, 'x', CREATE, WRITE))).toMatch(/no-entry|bad-descriptor/)
  })

  test('unlinks files and links, not what they lead to', async () => {
    const data = await open(world())
    const file = await data.openAt({}, 'a.txt', {}, READ)
    await data.unlinkFileAt('to-a')
    await data.unlinkFileAt('to-sub')
    await data.unlinkFileAt('dangling')
    expect(names(data)).toContain('sub')
    await data.unlinkFileAt('a.txt')
    expect(text(file.read(5n, 0n)[0])).toBe('hello')
    expect(await code(() => data.unlinkFileAt('a.txt'))).toBe('no-entry')
    expect(await code(() => data.unlinkFileAt('sub'))).toBe('is-directory')
    expect(await code(() => data.unlinkFileAt('sub/'))).toBe('is-directory')
    expect(await code(() => data.unlinkFileAt('empty/'))).toBe('not-directory')
    expect(await code(() => data.unlinkFileAt('sub/..'))).toBe('is-directory')
  })

  test('renames, over a file, between directories', async () => {
    const data = await open(world())
    const sub = await data.openAt({}, 'sub', {}, READ)
    await data.renameAt('a.txt', sub, 'b.txt')
    expect(await content(sub, 'b.txt')).toBe('hello')
    await sub.renameAt('deep', data, 'moved/')
    expect(await content(data, 'moved/c.txt')).toBe('deep')
    await data.renameAt('to-sub', data, 'link')
    expect(data.readlinkAt('link')).toBe('sub')
    expect(await code(() => data.renameAt('nothing', data, 'x'))).toBe('no-entry')
    expect(await code(() => data.renameAt('empty/', data, 'x'))).toBe('not-directory')
    expect(await code(() => data.renameAt('empty', data, 'x/'))).toBe('not-directory')
    expect(await code(() => data.renameAt('empty', data, 'sub'))).toBe('is-directory')
    expect(await code(() => data.renameAt('sub', data, 'empty'))).toBe('not-directory')
    expect(await code(() => data.renameAt('sub', data, 'up'))).toBe('not-empty')
    expect(await code(() => data.renameAt('sub', sub, 'inside'))).toBe('invalid')
    expect(await code(() => data.renameAt('sub/.', data, 'x'))).toBe('invalid')
    expect(await code(() => data.renameAt('sub', data, '.'))).toBe('invalid')
  })

  test('links files', async () => {
    const data = await open(world())
    const sub = await data.openAt({}, 'sub', {}, READ)
    await data.linkAt({}, 'a.txt', sub, 'same')
    expect(data.statAt({}, 'a.txt').linkCount).toBe(2n)
    const [one, two] = [await data.openAt({}, 'a.txt', {}, READ), await sub.openAt({}, 'same', {}, READ)]
    expect(one.isSameObject(two)).toBe(true)
    expect(one.isSameObject(sub)).toBe(false)
    await data.linkAt(FOLLOW, 'to-a', data, 'followed')
    expect(data.statAt({}, 'followed')).toMatchObject({ type: 'regular-file', linkCount: 3n })
    expect(await code(() => data.linkAt({}, 'sub', data, 'x'))).toBe('not-permitted')
    expect(await code(() => data.linkAt({}, 'a.txt', data, 'sub'))).toBe('exist')
    expect(await code(() => data.linkAt({}, 'a.txt', data, '.'))).toBe('exist')
    expect(await code(() => data.linkAt({}, 'a.txt', data, 'x/'))).toBe('no-entry')
    expect(await code(() => data.linkAt({}, 'nothing', data, 'x'))).toBe('no-entry')
  })

  test('makes links inside the mount and reads them', async () => {
    const data = await open(world())
    await data.symlinkAt('../a.txt', 'sub/link')
    expect(data.readlinkAt('sub/link')).toBe('../a.txt')
    expect(data.statAt(FOLLOW, 'sub/link').size).toBe(5n)
    expect(text((await data.openAt(FOLLOW, 'up/to-top/to-sub/b.txt', {}, READ)).read(9n, 0n)[0])).toBe(
      'world',
    )
    expect(await code(() => data.openAt({}, 'to-a', {}, READ))).toBe('loop')
    expect(await code(() => data.openAt({}, 'to-sub', { directory: true }, READ))).toBe('not-directory')
    expect(await code(() => data.readlinkAt('a.txt'))).toBe('invalid')
    expect(await code(() => data.readlinkAt('sub'))).toBe('invalid')
    expect(await code(() => data.readlinkAt('nothing'))).toBe('no-entry')
    expect(await code(() => data.symlinkAt('a', 'a.txt'))).toBe('exist')
    expect(await code(() => data.symlinkAt('a', '.'))).toBe('exist')
    expect(await code(() => data.symlinkAt('a', 'x/'))).toBe('no-entry')
    expect(await code(() => data.symlinkAt('', 'x'))).toBe('no-entry')
    const made = await data.openAt(FOLLOW, 'dangling', CREATE, WRITE)
    await made.write(utf8('through'), 0n)
    expect(await content(data, 'not-there')).toBe('through')
  })

  test('hashes metadata: the same until the file changes', async () => {
    const data = await open(world())
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    const before = file.metadataHash()
    expect(data.metadataHashAt(FOLLOW, 'to-a')).toEqual(before)
    expect(data.metadataHashAt({}, 'sub/b.txt')).not.toEqual(before)
    await file.setSize(1n)
    expect(file.metadataHash()).not.toEqual(before)
    expect(before.lower).toBeLessThan(2n ** 64n)
    expect(before.upper).toBeLessThan(2n ** 64n)
  })

  test('a dropped descriptor answers bad-descriptor, whatever is asked', async () => {
    const data = await open(world())
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    file[Symbol.dispose]()
    file[Symbol.dispose]()
    const calls: (() => unknown)[] = [
      () => file.getType(),
      () => file.getFlags(),
      () => file.stat(),
      () => file.read(1n, 0n),
      () => file.readViaStream(0n),
      () => file.write(utf8('x'), 0n),
      () => file.appendViaStream(),
      () => file.sync(),
      () => file.setSize(0n),
      () => file.metadataHash(),
      () => file.openAt({}, 'x', {}, READ),
      () => data.linkAt({}, 'a.txt', file, 'x'),
    ]
    for (const call of calls) expect(await code(call)).toBe('bad-descriptor')
  })

  test('holds only so many resources', async () => {
    const data = await open(world(), 'rw', { maxHandles: 4 })
    const first = await data.openAt({}, 'a.txt', {}, WRITE)
    const stream = first.readViaStream(0n)
    const list = data.readDirectory()
    expect(await code(() => data.openAt({}, 'a.txt', {}, READ))).toBe('insufficient-memory')
    expect(await code(() => first.appendViaStream())).toBe('insufficient-memory')
    expect(await code(() => first.writeViaStream(0n))).toBe('insufficient-memory')
    expect(await code(() => first.readViaStream(0n))).toBe('insufficient-memory')
    expect(await code(() => data.readDirectory())).toBe('insufficient-memory')
    expect(await code(() => data.openAt({}, 'unmade', CREATE, WRITE))).toBe('insufficient-memory')
    list[Symbol.dispose]()
    expect(names(data)).not.toContain('unmade')
    stream[Symbol.dispose]?.()
    await data.openAt({}, 'a.txt', {}, READ)
  })
})
