import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Descriptor } from '../src/descriptor.ts'
import { entry, MountError } from '../src/index.ts'
import { memory } from '../src/memory.ts'
import {
  bind,
  code,
  CREATE,
  disks,
  FOLLOW,
  names,
  open,
  READ,
  SECRET,
  text,
  utf8,
  worlds,
  WRITE,
} from './support.ts'

/*
 * The catalogue of escapes: one test per attempt, what a hostile guest does next to what must come of it. Each ends by
 * looking at what lies beside the mount.
 */

const keep = { tag: 'no-change' } as const

/** Every function that takes a path, on that path. */
function everywhere(data: Descriptor, path: string): readonly (readonly [string, () => unknown])[] {
  return [
    ['open-at', () => data.openAt({}, path, {}, READ)],
    ['open-at, following', () => data.openAt(FOLLOW, path, {}, READ)],
    ['open-at, a directory', () => data.openAt(FOLLOW, path, { directory: true }, READ)],
    ['open-at, creating', () => data.openAt(FOLLOW, path, CREATE, WRITE)],
    ['open-at, creating a new one', () => data.openAt({}, path, { create: true, exclusive: true }, WRITE)],
    ['open-at, truncating', () => data.openAt(FOLLOW, path, { truncate: true }, WRITE)],
    ['stat-at', () => data.statAt({}, path)],
    ['stat-at, following', () => data.statAt(FOLLOW, path)],
    ['metadata-hash-at', () => data.metadataHashAt(FOLLOW, path)],
    ['set-times-at', () => data.setTimesAt(FOLLOW, path, keep, keep)],
    ['readlink-at', () => data.readlinkAt(path)],
    ['create-directory-at', () => data.createDirectoryAt(path)],
    ['remove-directory-at', () => data.removeDirectoryAt(path)],
    ['unlink-file-at', () => data.unlinkFileAt(path)],
    ['rename-at from', () => data.renameAt(path, data, 'stolen')],
    ['rename-at to', () => data.renameAt('a.txt', data, path)],
    ['link-at from', () => data.linkAt({}, path, data, 'stolen')],
    ['link-at from, following', () => data.linkAt(FOLLOW, path, data, 'stolen')],
    ['link-at to', () => data.linkAt({}, 'a.txt', data, path)],
    ['symlink-at', () => data.symlinkAt('a.txt', path)],
  ]
}

describe.each(worlds)('$name', ({ world }) => {
  const climbing = [
    ['..'],
    ['../'],
    ['../outside/secret'],
    ['../outside/empty-directory'],
    ['../data/a.txt'],
    ['sub/../../outside/secret'],
    ['sub/deep/../../../outside/new'],
    ['./.././outside/secret'],
    ['up/to-top/../outside/secret'],
    ['to-sub/../../outside/secret'],
  ]
  test.each(climbing)('above the mount by .. (%s)', async (path) => {
    const here = world()
    const data = await open(here)
    for (const [name, attempt] of everywhere(data, path)) {
      expect([name, await code(attempt)]).toEqual([name, 'not-permitted'])
    }
    expect(here.secret()).toBe(SECRET)
  })

  test('an absolute path, to the outside or back into the mount', async () => {
    const here = world()
    const data = await open(here)
    for (const path of [
      `${here.root}/outside/secret`,
      `${here.root}/data/a.txt`,
      '/',
      '//',
      '/data/a.txt',
      '/proc/self/environ',
    ]) {
      for (const [name, attempt] of everywhere(data, path)) {
        expect([path, name, await code(attempt)]).toEqual([path, name, 'not-permitted'])
      }
    }
    expect(here.secret()).toBe(SECRET)
  })

  test('a link that the host left, on the way', async () => {
    const here = world()
    const data = await open(here)
    for (const path of [
      'out-directory/secret',
      'out-directory/new',
      'out-directory/',
      'out-directory/.',
      'out-directory/..',
      'out-absolute/',
    ]) {
      for (const [name, attempt] of everywhere(data, path)) {
        // What only makes or removes the last name does not follow it, slash or no slash.
        expect([path, name, await code(attempt)]).not.toEqual([path, name, expect.stringMatching(/answered/)])
      }
    }
    expect(here.secret()).toBe(SECRET)
    expect(await code(() => data.statAt({}, 'out-directory/secret'))).toBe('not-permitted')
  })

  test.each([['out-absolute'], ['out-relative'], ['out-directory'], ['out-chain'], ['out-new']])(
    'a link that the host left, at the end (%s)',
    async (path) => {
      const here = world()
      const data = await open(here)
      const target = path === 'out-directory' ? { directory: true } : {}
      expect(await code(() => data.openAt({}, path, target, READ))).toMatch(/loop|not-directory/)
      expect(await code(() => data.openAt({}, path, CREATE, WRITE))).toBe('loop')
      expect(await code(() => data.openAt({}, path, { truncate: true }, WRITE))).toBe('loop')
      expect(await code(() => data.openAt({}, path, { create: true, exclusive: true }, WRITE))).toBe('exist')
      expect(await code(() => data.openAt(FOLLOW, path, { create: true, exclusive: true }, WRITE))).toBe(
        'exist',
      )
      for (const open of [{}, { create: true }, { truncate: true }, { directory: true }]) {
        expect(await code(() => data.openAt(FOLLOW, path, open, READ))).toBe('not-permitted')
      }
      expect(await code(() => data.statAt(FOLLOW, path))).toBe('not-permitted')
      expect(await code(() => data.metadataHashAt(FOLLOW, path))).toBe('not-permitted')
      expect(await code(() => data.setTimesAt(FOLLOW, path, keep, keep))).toBe('not-permitted')
      expect(await code(() => data.linkAt(FOLLOW, path, data, 'stolen'))).toBe('not-permitted')
      expect(await code(() => data.createDirectoryAt(path))).toBe('exist')
      expect(here.secret()).toBe(SECRET)
    },
  )

  test('what a host link says: it would name a place of the host', async () => {
    const data = await open(world())
    expect(await code(() => data.readlinkAt('out-absolute'))).toBe('not-permitted')
    expect(await code(() => data.readlinkAt('out-relative'))).toBe('not-permitted')
    expect(data.readlinkAt('out-chain')).toBe('out-relative')
  })

  test('a hard link to a host link, then through it', async () => {
    const here = world()
    const data = await open(here)
    // Where the system cannot link a link, it says so.
    const linked = await code(() => data.linkAt({}, 'out-relative', data, 'mine'))
    expect(linked).toMatch(/answered|unsupported/)
    expect(await code(() => data.openAt(FOLLOW, 'mine', {}, READ))).toMatch(/not-permitted|no-entry/)
    expect(here.secret()).toBe(SECRET)
  })

  test('a link of the guest own making', async () => {
    const here = world()
    const data = await open(here)
    const targets = [
      '/',
      '/etc/passwd',
      `${here.root}/outside/secret`,
      '..',
      '../',
      '../outside/secret',
      'sub/../../outside/secret',
    ]
    for (const target of targets) {
      expect([target, await code(() => data.symlinkAt(target, 'mine'))]).toEqual([target, 'not-permitted'])
    }
    expect(await code(() => data.symlinkAt('../../outside/secret', 'sub/mine'))).toBe('not-permitted')
    expect(await code(() => data.symlinkAt('../../outside/secret', 'to-sub/mine'))).toBe('not-permitted')
    expect(names(data)).not.toContain('mine')
  })

  test('a link that is made deep and moved up, so that it leads out', async () => {
    const here = world()
    const data = await open(here)
    await data.createDirectoryAt('sub/outside')
    await data.symlinkAt('../../outside/secret', 'sub/deep/mine')
    await data.renameAt('sub/deep/mine', data, 'sub/mine')
    expect(await code(() => data.openAt(FOLLOW, 'sub/mine', {}, READ))).toBe('not-permitted')
    expect(await code(() => data.readlinkAt('sub/mine'))).toBe('not-permitted')
  })

  test('a link in a directory that is moved up afterwards', async () => {
    const here = world()
    const data = await open(here)
    await data.symlinkAt('../../outside/secret', 'sub/deep/mine')
    const deep = await data.openAt({}, 'sub/deep', {}, READ)
    await data.renameAt('sub/deep', data, 'deep')
    expect(await code(() => data.openAt(FOLLOW, 'deep/mine', {}, READ))).toBe('not-permitted')
    expect(await code(() => deep.openAt(FOLLOW, 'mine', {}, READ))).toMatch(/not-permitted|bad-descriptor/)
    expect(await code(() => deep.openAt(FOLLOW, '../../outside/secret', {}, READ))).toBe('not-permitted')
  })

  test('above a descriptor that is not the mount', async () => {
    const here = world()
    const data = await open(here)
    const sub = await data.openAt({}, 'sub', {}, READ)
    for (const path of ['..', '../a.txt', 'deep/../../a.txt', '../../outside/secret']) {
      for (const [name, attempt] of everywhere(sub, path)) {
        if (name === 'rename-at to' || name === 'link-at to') continue
        expect([path, name, await code(attempt)]).toEqual([path, name, 'not-permitted'])
      }
    }
    const up = await data.openAt({}, 'up', {}, READ)
    expect(await code(() => up.openAt(FOLLOW, 'to-a', {}, READ))).toBe('not-permitted')
    expect(await code(() => up.openAt(FOLLOW, 'to-top', {}, READ))).toBe('not-permitted')
  })

  test('links in a circle, and in a chain that is too long', async () => {
    const data = await open(world())
    expect(await code(() => data.openAt(FOLLOW, 'loop-1', {}, READ))).toBe('loop')
    expect(await code(() => data.openAt({}, 'loop-1/x', {}, READ))).toBe('loop')
    await data.symlinkAt('a.txt', 'chain-0')
    for (let i = 1; i <= 45; i++) await data.symlinkAt(`chain-${i - 1}`, `chain-${i}`)
    expect(await code(() => data.statAt(FOLLOW, 'chain-45'))).toBe('loop')
    expect(data.statAt(FOLLOW, 'chain-39').size).toBe(5n)
    await data.symlinkAt('.', 'here')
    expect(await code(() => data.statAt(FOLLOW, Array(41).fill('here').join('/')))).toBe('loop')
    // Each name doubles the ways there are: 2 to the 40th.
    await data.createDirectoryAt('d')
    await data.symlinkAt(`${Array(800).fill('d/..').join('/')}/here-0`, 'here-1')
    await data.symlinkAt(`${Array(800).fill('d/..').join('/')}/here-1`, 'here-2')
    await data.symlinkAt(`${Array(800).fill('d/..').join('/')}/here-2`, 'here-3')
    expect(await code(() => data.statAt(FOLLOW, 'here-3'))).toBe('loop')
  })

  test('NUL bytes, very long names, very deep paths', async () => {
    const here = world()
    const data = await open(here)
    for (const path of ['a.txt\0', '\0', 'a.txt\0/../../outside/secret', 'sub\0x/b.txt']) {
      for (const [name, attempt] of everywhere(data, path))
        expect([name, await code(attempt)]).toEqual([name, 'invalid'])
    }
    expect(await code(() => data.symlinkAt('a\0b', 'x'))).toBe('invalid')
    const long = [
      'x'.repeat(256),
      'é'.repeat(128),
      'x/'.repeat(2048),
      `sub/${'x'.repeat(300)}`,
      'x'.repeat(1_000_000),
    ]
    for (const path of long) {
      for (const [name, attempt] of everywhere(data, path)) {
        expect([name, await code(attempt)]).toEqual([name, 'name-too-long'])
      }
    }
    expect(await code(() => data.symlinkAt('x'.repeat(5000), 'x'))).toBe('name-too-long')
    await data.createDirectoryAt('x'.repeat(255))
    let at = data
    for (let i = 0; i < 130; i++) {
      await at.createDirectoryAt('n')
      const next = await at.openAt({}, 'n', {}, READ)
      if (at !== data) at[Symbol.dispose]()
      at = next
    }
    expect(data.statAt({}, Array(120).fill('n').join('/')).type).toBe('directory')
    expect(await code(() => data.statAt({}, Array(130).fill('n').join('/')))).toBe('name-too-long')
    expect(here.secret()).toBe(SECRET)
  })

  test('names that look like the way out, and are names', async () => {
    const here = world()
    const data = await open(here)
    const outside = 'outside/secret'
    const looks = [
      '\uff0e\uff0e',
      '\u2024\u2024',
      '\u2025',
      '..\u200b',
      '.\u0307',
      '.. ',
      ' ..',
      '...',
      '..%00',
      '%2e%2e',
      '%2e%2e%2f',
      '..;',
      '..\\',
      '\\..',
    ]
    for (const name of looks) {
      for (const [called, attempt] of everywhere(data, `${name}/${outside}`)) {
        const answer = await code(attempt)
        expect([name, called, answer]).toEqual([name, called, 'no-entry'])
      }
      await data.createDirectoryAt(name)
      expect(names(data)).toContain(name)
      expect(names(await data.openAt({}, name, {}, READ))).toEqual([])
    }
    expect(await code(() => data.statAt({}, `..\uff0foutside\uff0fsecret`))).toBe('no-entry')
    expect(here.secret()).toBe(SECRET)
  })

  // What is one name is for the host's file system to say; those of Linux compare bytes.
  test.runIf(process.platform === 'linux')('one name in two cases and two forms of Unicode', async () => {
    const here = world()
    const data = await open(here)
    expect(await code(() => data.statAt({}, 'A.TXT'))).toBe('no-entry')
    for (const name of ['\u00e9', 'e\u0301', '\u212b', '\u00c5', 'A\u030a'])
      await data.openAt({}, name, { create: true, exclusive: true }, WRITE)
    await data.symlinkAt('\u00e9', 'to-e')
    expect(await code(() => data.symlinkAt('../OUTSIDE/secret', 'x'))).toBe('not-permitted')
    const composed = await data.openAt(FOLLOW, 'to-e', {}, READ)
    expect(composed.isSameObject(await data.openAt({}, '\u00e9', {}, READ))).toBe(true)
    expect(composed.isSameObject(await data.openAt({}, 'e\u0301', {}, READ))).toBe(false)
    // A grant is compared by its letters too: what might be the same directory elsewhere is not taken for it.
    const { handler } = await bind(here, { mounts: {} })
    const mount = (host: string) => ({ mounts: { '/d': { host, rights: 'r' as const } } })
    expect(handler.within(mount('/srv/Data'), mount('/srv/data'))).not.toBe(true)
    expect(handler.within(mount('/srv/\u00e9'), mount('/srv/e\u0301'))).not.toBe(true)
  })

  test('a hard link of the guest: to what leads out, to a special file, over a mount, of a directory', async () => {
    const here = world()
    const data = await open(here)
    for (const path of ['out-absolute', 'out-directory', 'out-chain']) {
      expect(await code(() => data.linkAt(FOLLOW, path, data, 'mine'))).toBe('not-permitted')
    }
    expect(await code(() => data.linkAt({}, 'out-directory/secret', data, 'mine'))).toBe('not-permitted')
    expect(await code(() => data.linkAt({}, 'sub', data, 'mine'))).toBe('not-permitted')
    expect(await code(() => data.linkAt({}, '../outside/secret', data, 'mine'))).toBe('not-permitted')
    expect(names(data)).not.toContain('mine')
    // A second name of a file is the same file, and no way around what was granted for the first.
    await data.linkAt({}, 'a.txt', data, 'sub/mine')
    const { root } = await bind(here, {
      mounts: {
        '/r': { host: `${here.root}/data/sub`, rights: 'r' },
        '/ra': { host: `${here.root}/data/sub`, rights: 'ra' },
      },
    })
    expect(await code(() => root('/r').openAt({}, 'mine', {}, WRITE))).toBe('read-only')
    const added = await root('/ra').openAt({}, 'mine', {}, WRITE)
    expect(await code(() => added.write(utf8('x'), 0n))).toBe('read-only')
    expect(text(added.read(9n, 0n)[0])).toBe('hello')
    expect(here.secret()).toBe(SECRET)
  })

  test('a mount for reading: everything that changes', async () => {
    const here = world()
    const data = await open(here, 'r')
    const file = await data.openAt({}, 'a.txt', {}, READ)
    const before = names(data)
    const attempts: readonly (readonly [string, () => unknown])[] = [
      ['open to write', () => data.openAt({}, 'a.txt', {}, { write: true })],
      ['open to read and write', () => data.openAt({}, 'a.txt', {}, WRITE)],
      ['truncate', () => data.openAt({}, 'a.txt', { truncate: true }, READ)],
      ['create', () => data.openAt({}, 'new', CREATE, READ)],
      ['create what is there', () => data.openAt({}, 'a.txt', CREATE, READ)],
      ['create a new one', () => data.openAt({}, 'new', { create: true, exclusive: true }, READ)],
      ['create through a link', () => data.openAt(FOLLOW, 'dangling', CREATE, READ)],
      ['a directory to change', () => data.openAt({}, 'sub', { directory: true }, { mutateDirectory: true })],
      ['write', () => file.write(utf8('x'), 0n)],
      ['write-via-stream', () => file.writeViaStream(0n)],
      ['append-via-stream', () => file.appendViaStream()],
      ['set-size', () => file.setSize(0n)],
      ['set-times', () => file.setTimes(keep, { tag: 'now' })],
      ['set-times of a directory', () => data.setTimes(keep, { tag: 'now' })],
      ['set-times-at', () => data.setTimesAt({}, 'a.txt', keep, { tag: 'now' })],
      ['create-directory-at', () => data.createDirectoryAt('new')],
      ['remove-directory-at', () => data.removeDirectoryAt('sub')],
      ['unlink-file-at', () => data.unlinkFileAt('a.txt')],
      ['rename-at', () => data.renameAt('a.txt', data, 'new')],
      ['link-at', () => data.linkAt({}, 'a.txt', data, 'new')],
      ['symlink-at', () => data.symlinkAt('a.txt', 'new')],
    ]
    for (const [name, attempt] of attempts) expect([name, await code(attempt)]).toEqual([name, 'read-only'])
    expect(names(data)).toEqual(before)
    expect(text(file.read(9n, 0n)[0])).toBe('hello')
    expect(file.getFlags()).toEqual({ read: true })
  })

  test('a file of a mount for reading, by way of one for writing', async () => {
    const here = world()
    const { root } = await bind(here, {
      mounts: {
        '/r': { host: `${here.root}/data`, rights: 'r' },
        '/w': { host: `${here.root}/data/sub`, rights: 'rw' },
        '/other': { host: `${here.root}/outside`, rights: 'rw' },
      },
    })
    const [r, w, other] = [root('/r'), root('/w'), root('/other')]
    expect(await code(() => r.linkAt({}, 'a.txt', w, 'mine'))).toBe('read-only')
    expect(await code(() => r.renameAt('a.txt', w, 'mine'))).toBe('read-only')
    expect(await code(() => w.renameAt('b.txt', r, 'b.txt'))).toBe('read-only')
    expect(await code(() => w.linkAt({}, 'b.txt', r, 'mine'))).toBe('read-only')
    expect(await code(() => r.openAt({}, 'sub/b.txt', {}, WRITE))).toBe('read-only')
    expect(await code(() => w.renameAt('b.txt', other, 'b.txt'))).toBe('cross-device')
    expect(await code(() => w.linkAt({}, 'b.txt', other, 'b.txt'))).toBe('cross-device')
    await w.symlinkAt('b.txt', 'link')
    expect(await code(() => w.symlinkAt('../a.txt', 'up'))).toBe('not-permitted')
  })

  test('a descriptor of another actor', async () => {
    const here = world()
    const grant = { mounts: { '/data': { host: `${here.root}/data`, rights: 'rw' } } } as const
    const [one, two] = [await bind(here, grant), await bind(here, grant)]
    const [mine, theirs] = [one.root('/data'), two.root('/data')]
    // No guest can do this: the boundary would have to mix up actors. So it ends the turn, not with an answer.
    await expect(mine.renameAt('a.txt', theirs, 'x')).rejects.toThrow('not a descriptor of this actor')
    await expect(mine.linkAt({}, 'a.txt', theirs, 'x')).rejects.toThrow('not a descriptor of this actor')
    expect(() => mine.isSameObject(theirs)).toThrow('not a descriptor of this actor')
    await one.binding[Symbol.asyncDispose]?.()
    expect(theirs.statAt({}, 'a.txt').size).toBe(5n)
  })

  test('errors say nothing of the host', async () => {
    const here = world()
    const data = await open(here)
    const said: unknown[] = []
    for (const path of ['nothing', 'out-absolute', 'a.txt/x', 'sub', 'loop-1']) {
      for (const [, attempt] of everywhere(data, path)) said.push(await code(attempt))
    }
    expect(JSON.stringify(said)).not.toContain(here.root)
    const stream = (await data.openAt({}, 'a.txt', { create: true }, WRITE)).writeViaStream(2n ** 52n)
    const failed = (await code(() => stream.write(new Uint8Array(9)))) as { val: { toDebugString(): string } }
    expect(failed.val.toDebugString()).toBe('filesystem error: file-too-large')
  })
})

describe.each(disks)('$name, on the disk', ({ name, world }) => {
  test('a fifo, a socket, a device: looked at, not opened', async () => {
    const here = world()
    execFileSync('mkfifo', [join(here.root, 'data/fifo')])
    const data = await open(here)
    expect(data.statAt({}, 'fifo').type).toBe('fifo')
    for (const flags of [READ, WRITE, { write: true }, {}]) {
      expect(await code(() => data.openAt({}, 'fifo', {}, flags))).toBe('not-permitted')
      expect(await code(() => data.openAt(FOLLOW, 'fifo', CREATE, flags))).toBe('not-permitted')
    }
    expect(await code(() => data.openAt({}, 'fifo', { truncate: true }, WRITE))).toBe('not-permitted')
    expect(await code(() => data.linkAt({}, 'fifo', data, 'x'))).toBe('not-permitted')
    expect(await code(() => data.statAt({}, 'fifo/x'))).toBe('not-directory')
  })

  test('a socket: nobody connects to it', async () => {
    const here = world()
    let connected = 0
    const server = createServer(() => connected++)
    server.listen(join(here.root, 'data/socket'))
    await once(server, 'listening')
    try {
      const data = await open(here)
      expect(data.statAt({}, 'socket').type).toBe('socket')
      for (const flags of [READ, WRITE, { write: true }, {}])
        expect(await code(() => data.openAt({}, 'socket', {}, flags))).toBe('not-permitted')
      expect(await code(() => data.openAt({}, 'socket', { truncate: true }, WRITE))).toBe('not-permitted')
      expect(await code(() => data.linkAt({}, 'socket', data, 'x'))).toBe('not-permitted')
      await data.renameAt('socket', data, 'renamed')
      await data.unlinkFileAt('renamed')
      expect(connected).toBe(0)
    } finally {
      server.close()
    }
  })

  test.runIf(process.platform === 'linux')('the host process by way of /dev and /proc', async () => {
    const { root } = await bind(world(), { mounts: { '/': { host: '/', rights: 'r' } } })
    const top = root('/')
    expect(await code(() => top.openAt({}, 'dev/null', {}, READ))).toBe('not-permitted')
    expect(await code(() => top.openAt({}, 'dev/tty', {}, READ))).toBe('not-permitted')
    if (name === 'by path') return
    for (const path of [
      'proc',
      'proc/self/environ',
      'proc/self/root/etc/passwd',
      'proc/self/fd/0',
      `proc/${process.pid}/mem`,
    ]) {
      expect([path, await code(() => top.openAt(FOLLOW, path, {}, READ))]).toEqual([path, 'not-permitted'])
    }
    const binding = bind(world(), { mounts: { '/p': { host: `/proc/${process.pid}`, rights: 'r' } } })
    await expect(binding).rejects.toMatchObject({ code: 'refused' })
  })

  test('a hard link that the host made to an outside file is the file: the host put it there', async () => {
    const here = world()
    linkSync(join(here.root, 'outside/secret'), join(here.root, 'data/given'))
    const data = await open(here, 'r')
    expect(data.statAt({}, 'given').linkCount).toBe(2n)
  })

  test('a name that is no text is an error of the listing, not absent from it', async () => {
    const here = world()
    mkdirSync(join(here.root, 'data/odd'))
    writeFileSync(join(here.root, 'data/odd/good'), '')
    writeFileSync(Buffer.concat([Buffer.from(join(here.root, 'data/odd/')), Buffer.from([0xff, 0x61])]), '')
    const data = await open(here, 'r')
    const odd = await data.openAt({}, 'odd', {}, READ)
    const entries = odd.readDirectory()
    expect(entries.readDirectoryEntry()?.name).toBe('good')
    expect(await code(() => entries.readDirectoryEntry())).toBe('illegal-byte-sequence')
    expect(entries.readDirectoryEntry()).toBe(undefined)
  })

  test('a mount that goes through a link, is none, or is relative', async () => {
    const here = world()
    symlinkSync('data', join(here.root, 'link'))
    const mount = (host: string) => bind(here, { mounts: { '/data': { host, rights: 'r' } } })
    await expect(mount(join(here.root, 'link'))).rejects.toMatchObject({ code: 'through-a-link' })
    await expect(mount(join(here.root, 'link'))).rejects.toThrow(`Write ${join(here.root, 'data')}`)
    await expect(mount(join(here.root, 'link/sub'))).rejects.toMatchObject({ code: 'through-a-link' })
    await expect(mount(join(here.root, 'nothing'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(mount(join(here.root, 'data/a.txt'))).rejects.toMatchObject({ code: 'not-a-directory' })
    await expect(mount('data')).rejects.toMatchObject({ code: 'not-absolute' })
    await expect(mount('data')).rejects.toSatisfy((error) => MountError.is(error))
    const based = await bind(
      here,
      { mounts: { '/d': { host: 'data/sub/..', rights: 'r' } } },
      { base: here.root },
    )
    expect(names(based.root('/d'))).toContain('a.txt')
  })
})

test('special files of every kind', async () => {
  const kinds = ['fifo', 'socket', 'block-device', 'character-device', 'unknown'] as const
  const backend = memory({ data: Object.fromEntries(kinds.map((kind) => [kind, entry(kind)])) })
  const { root } = await bind(
    { backend, root: '', secret: () => '' },
    { mounts: { '/data': { host: '/data', rights: 'rw' } } },
  )
  for (const kind of kinds) {
    expect(root('/data').statAt({}, kind).type).toBe(kind)
    expect(await code(() => root('/data').openAt({}, kind, {}, {}))).toBe('not-permitted')
  }
})
