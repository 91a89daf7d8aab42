import { describe, expect, test } from 'vitest'
import { FsError, StoreError } from '@theater/actor'
import type { Pieces } from '@theater/actor'
import { makeFileSystem } from '../src/guest/fs.ts'
import { makeStore } from '../src/guest/store.ts'
import { FakeHost } from './fake-host.ts'

describe('store', () => {
  const make = (): { host: FakeHost; store: ReturnType<typeof makeStore> } => {
    const host = new FakeHost()
    const { blobs, labels, transfers } = host.store()
    return { host, store: makeStore({ blobs: blobs!, labels: labels!, transfers: transfers! }) }
  }

  test('puts and gets, hashes as text', () => {
    const { store } = make()
    const hash = store.put('hello')
    expect(hash).toBe('ab05')
    expect(store.getText(hash)).toBe('hello')
    expect(store.get(hash, { offset: 1, length: 2 })).toEqual(new TextEncoder().encode('el'))
    expect(store.size(hash)).toBe(5)
  })

  test('reads in pieces what the host does not hand over in one', () => {
    const { host, store } = make()
    const hash = store.put('0123456789')
    host.blobLimit = 4
    expect(store.getText(hash)).toBe('0123456789')
    expect(host.calls).toEqual(['get 0 4', 'get 4 4', 'get 8 4'])
    expect(store.get(hash, { offset: 1, length: 8 })).toHaveLength(8)
  })

  test('says what is wrong, in the words of the WIT', () => {
    const { store } = make()
    expect(code(() => store.get('00'))).toBe('not-found')
    expect(code(() => store.get('xyz'))).toBe('bad-hash')
  })

  describe('piece by piece', () => {
    const read = async (stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> => Array.fromAsync(stream)
    const text = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString()

    async function* later(): AsyncGenerator<Uint8Array | string> {
      yield 'he'
      yield new TextEncoder().encode('llo')
    }

    test.each<[string, () => Pieces]>([
      ['a list', () => ['he', 'llo']],
      ['what comes later', later],
      ['a stream', () => ReadableStream.from(later())],
    ])('puts %s, and lets go of what it opened', async (_what, pieces) => {
      const { host, store } = make()
      const hash = await store.putStream(pieces())
      expect(hash).toBe('cd05')
      expect(host.calls).toEqual(['write 0 5', 'drop upload'])
      expect(text(await read(store.getStream(hash)))).toBe('hello')
      expect(host.calls.slice(2)).toEqual(['read 0 5', 'drop reader'])
    })

    test('keeps nothing where a piece does not come', async () => {
      const { host, store } = make()
      async function* fails(): AsyncGenerator<string> {
        yield 'x'.repeat(300_000)
        throw new Error('cut off')
      }
      await expect(store.putStream(fails())).rejects.toThrow('cut off')
      expect(host.calls).toEqual(['write 0 262144', 'write 262144 37856', 'drop upload'])
      expect(host.blobs.size).toBe(0)
    })

    test('moves no more at once than the host says', async () => {
      const { host, store } = make()
      host.blobLimit = 4
      const hash = await store.putStream(['0123456789'])
      expect(host.calls).toEqual(['write 0 4', 'write 4 4', 'write 8 2', 'drop upload'])
      const pieces = await read(store.getStream(hash, { offset: 1, length: 8 }))
      expect(pieces.map(({ length }) => length)).toEqual([4, 4])
      expect(text(pieces)).toBe('12345678')
    })

    test('reads a range, and what is behind the end is nothing', async () => {
      const { store } = make()
      const hash = await store.putStream(['hello'])
      expect(text(await read(store.getStream(hash, { offset: 3, length: 99 })))).toBe('lo')
      expect(text(await read(store.getStream(hash, { offset: 9 })))).toBe('')
      expect(code(() => store.getStream('00'))).toBe('not-found')
    })

    test('an upload takes steps', () => {
      const { host, store } = make()
      const upload = store.upload()
      upload.write('he')
      upload.write(new TextEncoder().encode('llo'))
      expect(upload.size).toBe(5)
      expect(upload.finish()).toBe('cd05')
      upload[Symbol.dispose]()
      expect(host.calls).toEqual(['write 0 2', 'write 2 3', 'drop upload'])
    })
  })

  test('sets labels by compare and set', () => {
    const { store } = make()
    expect(store.getLabel('a')).toBe(null)
    store.setLabel('a', '01')
    store.setLabel('a', '02', '01')
    expect(store.getLabel('a')).toBe('02')
    expect(thrown(() => store.setLabel('a', '03', null))).toMatchObject({ code: 'conflict', current: '02' })
    store.setLabel('a', null)
    expect(store.getLabel('a')).toBe(null)
  })

  test('lists all labels, page by page', () => {
    const { store } = make()
    for (const name of ['b', 'a', 'd', 'c', 'e']) store.setLabel(name, '01')
    expect(store.list()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(store.list('', { limit: 3, after: 'a' })).toEqual(['b', 'c', 'd'])
    expect(store.list('x')).toEqual([])
  })
})

describe('fs', () => {
  const make = (mounts = ['/data']): { host: FakeHost; fs: ReturnType<typeof makeFileSystem> } => {
    const host = new FakeHost()
    host.files = { '/data/a.txt': 'hello', '/data/sub/b.txt': 'b', '/data/sub/c/d': '' }
    host.mounts = mounts
    return { host, fs: makeFileSystem(host.fs().preopens!) }
  }

  test('reads whole files, piece by piece, and drops what it opened', () => {
    const { host, fs } = make()
    expect(fs.readText('/data/a.txt')).toBe('hello')
    expect(fs.readBytes('/data/sub/c/d')).toEqual(new Uint8Array())
    expect(host.calls).toEqual([
      'preopens',
      'open /data/a.txt',
      'drop /data/a.txt',
      'open /data/sub/c/d',
      'drop /data/sub/c/d',
    ])
  })

  test('lists directories', () => {
    const { host, fs } = make()
    expect(fs.readDir('/data')).toEqual([
      { name: 'a.txt', kind: 'file' },
      { name: 'sub', kind: 'directory' },
    ])
    expect(fs.readDir('/data/sub/')).toHaveLength(2)
    expect(host.calls).toEqual([
      'preopens',
      'drop listing /data',
      'open /data/sub',
      'drop listing /data/sub',
      'drop /data/sub',
    ])
  })

  test('says what a file is', () => {
    const { fs } = make()
    expect(fs.stat('/data/a.txt')).toEqual({ kind: 'file', size: 5, modified: 5250 })
    expect(fs.stat('/data').kind).toBe('directory')
    expect(fs.exists('/data/sub')).toBe(true)
    expect(fs.exists('/data/none')).toBe(false)
    expect(fs.exists('/elsewhere')).toBe(false)
  })

  test('takes the longest name that fits, whole segments only', () => {
    const { host, fs } = make(['/', '/data/sub', '/dat'])
    host.files['//x'] = 'root'
    expect(fs.readText('/data/sub/b.txt')).toBe('b')
    expect(code(() => fs.readText('/data/none'))).toBe('no-entry')
    expect(fs.roots()).toEqual(['/', '/data/sub', '/dat'])
  })

  test('asks again for directories when nothing fits, for grants change', () => {
    const { host, fs } = make(['/other'])
    expect(code(() => fs.readText('/data/a.txt'))).toBe('no-entry')
    host.mounts = ['/data']
    expect(fs.readText('/data/a.txt')).toBe('hello')
    expect(host.calls.filter((call) => call === 'preopens')).toHaveLength(3)
    expect(host.calls).toContain('drop /other')
  })
})

function thrown(call: () => unknown): FsError | StoreError {
  try {
    call()
  } catch (error) {
    if (FsError.is(error) || StoreError.is(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function code(call: () => unknown): string {
  return thrown(call).code
}
