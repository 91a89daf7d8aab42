import assert from 'node:assert/strict'
import { bytes, changing, code, KEEP, names, open, READ, reading, WRITE } from './site.ts'
import type { FsDescriptor, FsLaw } from './subject.ts'

/** Every way to change what is below a directory that was granted to be read. */
function changesOf(data: FsDescriptor, file: FsDescriptor): readonly (readonly [string, () => unknown])[] {
  return [
    ['open-at to write', () => data.openAt({}, 'a.txt', {}, WRITE)],
    ['open-at to create', () => data.openAt({}, 'new', { create: true }, READ)],
    ['open-at to truncate', () => data.openAt({}, 'a.txt', { truncate: true }, READ)],
    ['open-at to change names', () => data.openAt({}, 'sub', {}, { read: true, mutateDirectory: true })],
    ['write', () => file.write(bytes('x'), 0n)],
    ['write-via-stream', () => file.writeViaStream(0n)],
    ['append-via-stream', () => file.appendViaStream()],
    ['set-size', () => file.setSize(0n)],
    ['set-times', () => file.setTimes(KEEP, { tag: 'now' })],
    ['set-times-at', () => data.setTimesAt({}, 'a.txt', KEEP, { tag: 'now' })],
    ['create-directory-at', () => data.createDirectoryAt('new')],
    ['remove-directory-at', () => data.removeDirectoryAt('sub')],
    ['unlink-file-at', () => data.unlinkFileAt('a.txt')],
    ['symlink-at', () => data.symlinkAt('a.txt', 'new')],
    ['link-at', () => data.linkAt({}, 'a.txt', data, 'new')],
    ['rename-at', () => data.renameAt('a.txt', data, 'new')],
  ]
}

/** Laws of directories, listings and what was granted. */
export const lawsOfDirectories: readonly FsLaw[] = [
  reading('get-directories gives directories, by absolute names', async ({ mounts }) => {
    assert.ok(mounts.length > 0)
    for (const [directory, name] of mounts) {
      assert.match(name, /^\//)
      assert.equal(await directory.getType(), 'directory')
    }
  }),
  reading('read-directory has every entry once, without . and ..', async ({ data }) => {
    assert.deepEqual(
      (await names(data)).toSorted(),
      ['a.txt', 'sub', 'to-a', 'to-sub', 'loop', 'out', 'absolute'].toSorted(),
    )
    const first = await (await open(data, 'sub')).readDirectory()
    assert.deepEqual(await first.readDirectoryEntry(), { type: 'regular-file', name: 'b.txt' })
    assert.equal(await code(async () => (await open(data, 'a.txt')).readDirectory()), 'not-directory')
  }),
  reading('read-directory starts at the beginning, and two listings do not interfere', async ({ data }) => {
    const [one, other] = [await data.readDirectory(), await data.readDirectory()]
    const first = await one.readDirectoryEntry()
    await one.readDirectoryEntry()
    assert.deepEqual(await other.readDirectoryEntry(), first)
  }),
  changing('read-directory does not end where what it listed is removed meanwhile', async ({ data }) => {
    const listing = await data.readDirectory()
    await listing.readDirectoryEntry()
    await data.unlinkFileAt('to-a')
    const seen: unknown[] = []
    for (let entry = await listing.readDirectoryEntry(); entry; entry = await listing.readDirectoryEntry())
      seen.push(entry.name)
    assert.equal(new Set(seen).size, seen.length, 'an entry twice')
    assert.ok(seen.includes('to-sub'))
  }),
  reading('without mutate-directory everything that would change is read-only', async ({ data }) => {
    const file = await open(data, 'a.txt')
    for (const [name, call] of changesOf(data, file)) {
      const answer = await code(call)
      // Of a file that is not open to be written either can be said.
      const either = answer === 'bad-descriptor' && !name.includes('-at')
      assert.ok(answer === 'read-only' || either, `${name} answers ${String(answer)}`)
    }
  }),
  reading('what is read-only has changed nothing', async ({ data }) => {
    const file = await open(data, 'a.txt')
    const state = async (): Promise<unknown> => {
      const { size, linkCount, dataModificationTimestamp } = await file.stat()
      return [
        await names(data),
        await names(await open(data, 'sub')),
        size,
        linkCount,
        dataModificationTimestamp,
      ]
    }
    const before = await state()
    for (const [, call] of changesOf(data, file)) await code(call)
    assert.deepEqual(await state(), before)
  }),
  changing(
    'filesystem-error-code says why a stream of a file failed, and nothing of another error',
    async ({ data, errorCode }) => {
      const stream = await (await open(data, 'a.txt', WRITE)).writeViaStream((1n << 53n) - 2n)
      const failed = (await code(() => stream.write(bytes('xxxx')))) as {
        readonly tag: string
        readonly val?: unknown
      }
      assert.equal(failed.tag, 'last-operation-failed')
      assert.equal(errorCode(failed.val), 'file-too-large')
      assert.equal(errorCode({ toDebugString: () => 'of another' }), undefined)
    },
  ),
]
