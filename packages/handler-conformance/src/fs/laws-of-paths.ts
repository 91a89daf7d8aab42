import assert from 'node:assert/strict'
import { changing, code, content, FOLLOW, KEEP, names, open, READ, reading, WRITE } from './site.ts'
import type { FsDescriptor, FsLaw } from './subject.ts'

/** Every call that takes a path, on that path. */
function everywhere(data: FsDescriptor, path: string): readonly (readonly [string, () => unknown])[] {
  return [
    ['open-at', () => data.openAt({}, path, {}, READ)],
    ['open-at to create', () => data.openAt(FOLLOW, path, { create: true }, WRITE)],
    ['stat-at', () => data.statAt({}, path)],
    ['metadata-hash-at', () => data.metadataHashAt({}, path)],
    ['set-times-at', () => data.setTimesAt({}, path, KEEP, KEEP)],
    ['readlink-at', () => data.readlinkAt(path)],
    ['create-directory-at', () => data.createDirectoryAt(path)],
    ['remove-directory-at', () => data.removeDirectoryAt(path)],
    ['unlink-file-at', () => data.unlinkFileAt(path)],
    ['symlink-at', () => data.symlinkAt('a.txt', path)],
    ['link-at from', () => data.linkAt({}, path, data, 'x')],
    ['link-at to', () => data.linkAt({}, 'a.txt', data, path)],
    ['rename-at from', () => data.renameAt(path, data, 'x')],
    ['rename-at to', () => data.renameAt('a.txt', data, path)],
  ]
}

async function notPermitted(data: FsDescriptor, paths: readonly string[]): Promise<void> {
  for (const path of paths)
    for (const [name, call] of everywhere(data, path))
      assert.equal(await code(call), 'not-permitted', `${name} of ${path}`)
}

/** Laws of paths, links and names. */
export const lawsOfPaths: readonly FsLaw[] = [
  changing('a path that starts with a slash is not permitted', async ({ data }) => {
    await notPermitted(data, ['/a.txt', '/', '/etc'])
  }),
  changing('a path that leads above its directory is not permitted', async ({ data }) => {
    await notPermitted(data, ['../outside/x', 'sub/../../outside/x', 'to-sub/../../outside/x'])
    const sub = await open(data, 'sub', READ, { directory: true })
    assert.equal(await code(() => sub.statAt({}, '../a.txt')), 'not-permitted', 'out of a descriptor')
  }),
  reading(
    'a link that leads out of its directory, or says an absolute path, is not followed',
    async ({ data }) => {
      for (const path of ['out', 'out/x', 'absolute', 'absolute/passwd']) {
        assert.equal(await code(() => data.statAt(FOLLOW, path)), 'not-permitted', `stat-at ${path}`)
        assert.equal(
          await code(() => data.openAt(FOLLOW, path, {}, READ)),
          'not-permitted',
          `open-at ${path}`,
        )
      }
    },
  ),
  reading('links in a circle are a loop', async ({ data }) => {
    assert.equal(await code(() => data.statAt(FOLLOW, 'loop')), 'loop')
    assert.equal(await code(() => data.statAt({}, 'loop/x')), 'loop')
  }),
  reading(
    'a link at the end of a path is followed where symlink-follow is set, and nowhere else',
    async ({ data }) => {
      assert.equal((await data.statAt({}, 'to-a')).type, 'symbolic-link')
      assert.equal((await data.statAt(FOLLOW, 'to-a')).type, 'regular-file')
      assert.equal(await code(() => open(data, 'to-a')), 'loop')
      assert.equal((await data.statAt({}, 'to-sub/b.txt')).size, 5n, 'on the way it is')
      assert.notDeepEqual(await data.metadataHashAt({}, 'to-a'), await data.metadataHashAt(FOLLOW, 'to-a'))
    },
  ),
  reading('readlink-at says what a link says, and nothing of an absolute path', async ({ data }) => {
    assert.equal(await data.readlinkAt('to-a'), 'a.txt')
    assert.equal(await code(() => data.readlinkAt('absolute')), 'not-permitted')
    assert.equal(await code(() => data.readlinkAt('a.txt')), 'invalid')
  }),
  changing('symlink-at makes a link, and none to an absolute path', async ({ data }) => {
    await data.symlinkAt('sub/b.txt', 'link')
    assert.equal(await data.readlinkAt('link'), 'sub/b.txt')
    assert.equal((await data.statAt(FOLLOW, 'link')).size, 5n)
    assert.equal(await code(() => data.symlinkAt('/etc', 'other')), 'not-permitted')
    assert.equal(await code(() => data.statAt({}, 'other')), 'no-entry')
  }),
  changing('link-at gives a file a second name', async ({ data }) => {
    await data.linkAt({}, 'a.txt', data, 'second')
    assert.equal((await data.statAt({}, 'second')).linkCount, 2n)
    assert.equal(await content(data, 'second'), 'hello')
    assert.equal(await code(() => data.linkAt({}, 'a.txt', data, 'sub')), 'exist')
  }),
  changing('rename-at moves what has one name to another', async ({ data }) => {
    const sub = await open(data, 'sub')
    await data.renameAt('a.txt', sub, 'moved')
    assert.equal(await content(sub, 'moved'), 'hello')
    assert.equal(await code(() => data.statAt({}, 'a.txt')), 'no-entry')
    await sub.renameAt('moved', sub, 'b.txt')
    assert.deepEqual([await names(sub), await content(sub, 'b.txt')], [['b.txt'], 'hello'], 'over a file')
  }),
  changing('create-directory-at makes a directory, and only where nothing is', async ({ data }) => {
    await data.createDirectoryAt('new')
    assert.equal((await data.statAt({}, 'new')).type, 'directory')
    assert.equal(await code(() => data.createDirectoryAt('a.txt')), 'exist')
    assert.equal(await code(() => data.createDirectoryAt('none/new')), 'no-entry')
  }),
  changing('remove-directory-at removes a directory that is empty', async ({ data }) => {
    assert.equal(await code(() => data.removeDirectoryAt('sub')), 'not-empty')
    assert.equal(await code(() => data.removeDirectoryAt('a.txt')), 'not-directory')
    await data.unlinkFileAt('sub/b.txt')
    await data.removeDirectoryAt('sub')
    assert.equal(await code(() => data.statAt({}, 'sub')), 'no-entry')
  }),
  changing('unlink-file-at removes a file or a link, and no directory', async ({ data }) => {
    assert.equal(await code(() => data.unlinkFileAt('sub')), 'is-directory')
    await data.unlinkFileAt('to-sub')
    assert.equal((await data.statAt({}, 'sub/b.txt')).size, 5n, 'not what a link leads to')
    await data.unlinkFileAt('a.txt')
    assert.equal(await code(() => data.statAt({}, 'a.txt')), 'no-entry')
  }),
]
