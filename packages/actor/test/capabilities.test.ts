import { describe, expect, test } from 'vitest'
import { FsError, StoreError } from '@theater/actor'
import { makeFileSystem } from '../src/guest/fs.ts'
import { makeStore } from '../src/guest/store.ts'
import { FakeHost } from './fake-host.ts'

describe('store', () => {
  const make = (): { host: FakeHost; store: ReturnType<typeof makeStore> } => {
    const host = new FakeHost()
    const { blobs, labels } = host.store()
    return { host, store: makeStore(blobs!, labels!) }
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
