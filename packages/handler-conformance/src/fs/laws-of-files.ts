import assert from 'node:assert/strict'
import { at, bytes, changing, code, content, KEEP, open, READ, reading, text, WRITE } from './site.ts'
import type { FsLaw } from './subject.ts'

/** Laws of descriptors and what is in files. */
export const lawsOfFiles: readonly FsLaw[] = [
  changing('open-at makes, empties and insists as its flags say', async ({ data }) => {
    assert.equal(await code(() => open(data, 'new', WRITE)), 'no-entry')
    await open(data, 'new', WRITE, { create: true })
    assert.equal((await data.statAt({}, 'new')).size, 0n)
    assert.equal(await code(() => open(data, 'new', WRITE, { create: true, exclusive: true })), 'exist')
    await open(data, 'a.txt', WRITE, { create: true })
    assert.equal(await content(data, 'a.txt'), 'hello', 'create leaves what is there')
    await open(data, 'a.txt', WRITE, { truncate: true })
    assert.equal(await content(data, 'a.txt'), '')
  }),
  reading('open-at with directory opens nothing else', async ({ data }) => {
    assert.equal(await code(() => open(data, 'a.txt', READ, { directory: true })), 'not-directory')
    assert.equal(await (await open(data, 'sub', READ, { directory: true })).getType(), 'directory')
  }),
  reading(
    'get-flags says what a descriptor may do, and mutate-directory of directories alone',
    async ({ data }) => {
      const file = await (await open(data, 'a.txt')).getFlags()
      assert.deepEqual(
        [file['read'], file['write'] ?? false, file['mutateDirectory'] ?? false],
        [true, false, false],
      )
      assert.equal((await data.getFlags())['mutateDirectory'] ?? false, false, 'of a directory to be read')
    },
  ),
  changing(
    'get-flags has write where a file was opened for it, and mutate-directory where names can be changed',
    async ({ data }) => {
      const flags = await (await open(data, 'a.txt', WRITE)).getFlags()
      assert.deepEqual(
        [flags['read'], flags['write'], flags['mutateDirectory'] ?? false],
        [true, true, false],
      )
      assert.equal((await data.getFlags())['mutateDirectory'], true)
    },
  ),
  changing('a file that is open to read is not written, and the other way round', async ({ data }) => {
    const file = await open(data, 'a.txt')
    assert.notEqual(await code(() => file.write(bytes('x'), 0n)), 'answered')
    assert.notEqual(await code(() => file.writeViaStream(0n)), 'answered')
    assert.notEqual(await code(() => file.appendViaStream()), 'answered')
    assert.notEqual(await code(() => file.setSize(0n)), 'answered')
    const writable = await open(data, 'a.txt', { write: true })
    assert.notEqual(await code(() => writable.read(1n, 0n)), 'answered')
    assert.notEqual(await code(() => writable.readViaStream(0n)), 'answered')
    assert.equal(await content(data, 'a.txt'), 'hello')
  }),
  reading('get-type is the type that stat says', async ({ data }) => {
    for (const path of ['a.txt', 'sub', '.']) {
      const one = await open(data, path)
      assert.equal(await one.getType(), (await one.stat()).type, path)
    }
  }),
  reading('stat says the bytes of a file, and of a link those that it says', async ({ data }) => {
    assert.equal((await data.statAt({}, 'a.txt')).size, 5n)
    assert.equal((await data.statAt({}, 'to-sub')).size, 3n)
    assert.deepEqual(await (await open(data, 'a.txt')).stat(), await data.statAt({}, 'a.txt'))
    assert.equal(await code(() => data.statAt({}, 'nothing')), 'no-entry')
  }),
  reading(
    'read gives what is at an offset, no more than was asked for, and says where the end is',
    async ({ data }) => {
      const file = await open(data, 'a.txt')
      const [some, end] = await file.read(3n, 1n)
      assert.deepEqual([text(some), end], ['ell', false])
      const [rest, atEnd] = await file.read(10n, 3n)
      assert.deepEqual([text(rest), atEnd], ['lo', true])
      const [none, behind] = await file.read(10n, 99n)
      assert.deepEqual([none.length, behind], [0, true])
    },
  ),
  changing('write puts bytes at an offset, and zeros before what is behind the end', async ({ data }) => {
    const file = await open(data, 'a.txt', WRITE)
    assert.equal(await file.write(bytes('EL'), 1n), 2n)
    assert.equal(await content(data, 'a.txt'), 'hELlo')
    await file.write(bytes('!'), 7n)
    assert.equal(await content(data, 'a.txt'), 'hELlo\0\0!')
  }),
  changing('set-size cuts a file, or adds zeros', async ({ data }) => {
    const file = await open(data, 'a.txt', WRITE)
    await file.setSize(3n)
    await file.setSize(5n)
    assert.equal(await content(data, 'a.txt'), 'hel\0\0')
  }),
  reading('read-via-stream starts at its offset, and two streams do not interfere', async ({ data }) => {
    const file = await open(data, 'a.txt')
    const [one, other] = [await file.readViaStream(1n), await file.readViaStream(3n)]
    assert.deepEqual([one.read(2), other.read(2), one.read(2)].map(text), ['el', 'lo', 'lo'])
    assert.deepEqual(
      await code(() => one.read(1)),
      { tag: 'closed' },
      'the end of the file is the end of the stream',
    )
  }),
  changing('write-via-stream starts at its offset and goes on from there', async ({ data }) => {
    const stream = await (await open(data, 'a.txt', WRITE)).writeViaStream(2n)
    stream.write(bytes('L'))
    stream.write(bytes('L!!'))
    assert.equal(await content(data, 'a.txt'), 'heLL!!')
  }),
  changing('append-via-stream writes at the end, wherever that is by then', async ({ data }) => {
    const file = await open(data, 'a.txt', WRITE)
    const stream = await file.appendViaStream()
    stream.write(bytes('1'))
    await file.write(bytes('23'), 6n)
    stream.write(bytes('4'))
    assert.equal(await content(data, 'a.txt'), 'hello1234')
  }),
  reading('sync and sync-data succeed for what is open to read', async ({ data }) => {
    const file = await open(data, 'a.txt')
    assert.deepEqual(
      [await code(() => file.sync()), await code(() => file.syncData())],
      ['answered', 'answered'],
    )
  }),
  changing('sync and sync-data succeed for what was written', async ({ data }) => {
    const file = await open(data, 'a.txt', WRITE)
    await file.write(bytes('x'), 0n)
    assert.deepEqual(
      [await code(() => file.sync()), await code(() => file.syncData())],
      ['answered', 'answered'],
    )
  }),
  reading('advise of a file is taken and changes nothing', async ({ data }) => {
    const file = await open(data, 'a.txt')
    for (const advice of ['normal', 'sequential', 'random', 'will-need', 'dont-need', 'no-reuse'])
      assert.equal(await code(() => file.advise(0n, 1n, advice)), 'answered', advice)
    assert.equal(await content(data, 'a.txt'), 'hello')
  }),
  changing('set-times sets a time, keeps one, and takes that of now', async ({ data }) => {
    const file = await open(data, 'a.txt', WRITE)
    await file.setTimes(at(1000n), at(2000n))
    await file.setTimes(KEEP, at(3000n))
    const set = await file.stat()
    assert.deepEqual(
      [set.dataAccessTimestamp?.seconds, set.dataModificationTimestamp?.seconds],
      [1000n, 3000n],
    )
    await file.setTimes({ tag: 'now' }, KEEP)
    const now = await file.stat()
    assert.ok((now.dataAccessTimestamp?.seconds ?? 0n) > 3000n, 'now is not long ago')
    assert.equal(now.dataModificationTimestamp?.seconds, 3000n)
  }),
  changing('set-times-at is of the file, or of the link itself', async ({ data }) => {
    await data.setTimesAt({ symlinkFollow: true }, 'to-a', at(1000n), at(2000n))
    await data.setTimesAt({}, 'to-a', at(5n), at(6n))
    assert.equal((await data.statAt({}, 'a.txt')).dataModificationTimestamp?.seconds, 2000n)
    assert.equal((await data.statAt({}, 'to-a')).dataModificationTimestamp?.seconds, 6n)
  }),
  reading('is-same-object is true of one object and of no two', async ({ data }) => {
    const [one, again, other] = [
      await open(data, 'a.txt'),
      await open(data, 'a.txt'),
      await open(data, 'sub/b.txt'),
    ]
    assert.deepEqual([await one.isSameObject(again), await one.isSameObject(other)], [true, false])
    assert.deepEqual(
      [await data.isSameObject(await open(data, '.')), await data.isSameObject(one)],
      [true, false],
    )
  }),
  changing('is-same-object is true of two names of one file', async ({ data }) => {
    await data.linkAt({}, 'a.txt', data, 'second')
    assert.equal(await (await open(data, 'a.txt')).isSameObject(await open(data, 'second')), true)
  }),
  reading('metadata-hash is the same of one object, and another of another', async ({ data }) => {
    const hash = await (await open(data, 'a.txt')).metadataHash()
    assert.deepEqual(await data.metadataHashAt({ symlinkFollow: true }, 'to-a'), hash)
    assert.notDeepEqual(await data.metadataHashAt({}, 'sub/b.txt'), hash)
  }),
  changing('metadata-hash changes with the file', async ({ data }) => {
    const file = await open(data, 'a.txt', WRITE)
    const hash = await file.metadataHash()
    await file.setSize(1n)
    assert.notDeepEqual(await file.metadataHash(), hash)
  }),
  changing('a file that was unlinked is read and written by whoever has it open', async ({ data }) => {
    const file = await open(data, 'a.txt', WRITE)
    await data.unlinkFileAt('a.txt')
    await file.write(bytes('HELLO'), 0n)
    assert.equal(text((await file.read(9n, 0n))[0]), 'HELLO')
  }),
]
