import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WitError } from '@theater/handler'
import type { Json } from '@theater/values'
import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sha256 } from '../src/chunks.ts'
import { directory } from '../src/directory.ts'
import { store } from '../src/index.ts'
import type { StoreGrant, StoreOptions } from '../src/index.ts'
import { backends, temporaryFolder } from './backends.ts'

const BLOBS = 'theater:store/blobs@0.1'
const TRANSFERS = 'theater:store/transfers@0.1'
const UPLOAD = `${TRANSFERS}#upload`
const READER = `${TRANSFERS}#reader`
const large = new Uint8Array(300_000).map((_, index) => index * 7 + (index >> 8))
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function payload(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
  throw new Error('it answered')
}

async function bound(options: StoreOptions, grant: StoreGrant = { rights: ['read', 'write', 'label'] }) {
  const handler = store(options)
  const again = async (id = 'actor') => {
    const binding = await handler.bind(fakeActor({ id }), grant)
    const { imports } = binding
    const resumed = <T extends object>(type: string, object: T): T =>
      // As the boundary does after a restart.
      binding.resume?.(type, describedBy(type, object)) as T
    const describedBy = (type: string, object: object): Json => binding.describe?.(type, object) ?? null
    const drop = (type: string, object: object) => binding.dropped?.(type, describedBy(type, object))
    return { binding, blobs: imports[BLOBS], transfers: imports[TRANSFERS], resumed, drop }
  }
  return { handler, again, ...(await again()) }
}

describe.each(backends)('$name', ({ open }) => {
  describe('an upload', () => {
    test.each([[1000], [65_536], [100_000], [131_072], [300_000]])(
      'in pieces of %i bytes is the blob that put makes',
      async (piece) => {
        const { transfers, blobs } = await bound({ backend: open() })
        const upload = await transfers.start()
        for (let at = 0; at < large.byteLength; at += piece) {
          expect(await upload.size()).toBe(BigInt(at))
          await upload.write(BigInt(at), large.subarray(at, at + piece))
        }
        expect(await payload(blobs.get(sha256(large), 0n, 1n))).toEqual({ tag: 'not-found' })
        const hash = await upload.finish()
        expect(hash).toEqual(sha256(large))
        expect(await upload.finish()).toEqual(hash)
        expect(await blobs.get(hash, 0n, 300_000n)).toEqual(large)
        expect(await payload(upload.write(300_000n, bytes('more')))).toEqual({ tag: 'closed' })
      },
    )

    test('of nothing is the empty blob', async () => {
      const { transfers, blobs } = await bound({ backend: open() })
      const hash = await (await transfers.start()).finish()
      expect(hash).toEqual(sha256(new Uint8Array()))
      expect(await blobs.get(hash, 0n, 1n)).toEqual(new Uint8Array())
    })

    test('goes on where it ends, and nowhere else; what is there already may be written again', async () => {
      const { transfers } = await bound({ backend: open() })
      const upload = await transfers.start()
      await upload.write(0n, bytes('hello'))
      await upload.write(0n, bytes('hello'))
      await upload.write(1n, bytes('ell'))
      await upload.write(5n, bytes(''))
      for (const [offset, text] of [
        [0n, 'help'],
        [3n, 'low'],
        [6n, 'x'],
        [2n ** 64n - 1n, 'x'],
      ] as const) {
        expect(await payload(upload.write(offset, bytes(text)))).toEqual({ tag: 'bad-offset', val: 5n })
      }
      expect(await upload.size()).toBe(5n)
      await upload.write(5n, bytes(' you'))
      expect(await upload.finish()).toEqual(sha256(bytes('hello you')))
    })

    test('counts from its first byte on, and once when it is finished', async () => {
      const { transfers, blobs } = await bound(
        { backend: open() },
        { rights: ['read', 'write', 'label'], maxBytes: 10 },
      )
      const hash = await blobs.put(bytes('1234'))
      const upload = await transfers.start()
      await upload.write(0n, bytes('12'))
      expect(await payload(blobs.put(bytes('56789')))).toEqual({ tag: 'quota', val: 4n })
      await upload.write(2n, bytes('34'))
      expect(await payload(upload.write(4n, bytes('567')))).toEqual({ tag: 'quota', val: 2n })
      expect(await upload.finish()).toEqual(hash)
      await blobs.put(bytes('567890'))
      expect(await payload(blobs.put(bytes('x')))).toEqual({ tag: 'quota', val: 0n })
    })

    test('that is dropped leaves its room at once, and is closed', async () => {
      const { transfers, blobs, drop, resumed } = await bound(
        { backend: open() },
        { rights: ['read', 'write', 'label'], maxBytes: 10 },
      )
      const upload = await transfers.start()
      await upload.write(0n, bytes('1234567890'))
      drop(UPLOAD, upload)
      await blobs.put(bytes('abcdefghij'))
      for (const one of [upload, resumed(UPLOAD, upload)]) {
        expect(await payload(one.size())).toEqual({ tag: 'closed' })
        expect(await payload(one.write(0n, bytes('x')))).toEqual({ tag: 'closed' })
        expect(await payload(one.finish())).toEqual({ tag: 'closed' })
      }
    })

    test('that is dropped when it is finished leaves its blob', async () => {
      const { transfers, blobs, drop } = await bound({ backend: open() })
      const upload = await transfers.start()
      await upload.write(0n, bytes('hello'))
      const hash = await upload.finish()
      drop(UPLOAD, upload)
      expect(await blobs.get(hash, 0n, 5n)).toEqual(bytes('hello'))
    })

    test('expires when nothing was written to it for so long, and makes room for others', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: 1000 })
      onTestFinished(() => void vi.useRealTimers())
      const { transfers, blobs } = await bound(
        { backend: open(), uploadMs: 100, maxUploads: 1 },
        { rights: ['read', 'write', 'label'], maxBytes: 10 },
      )
      const upload = await transfers.start()
      vi.setSystemTime(1100)
      await upload.write(0n, bytes('12345678'))
      expect(await payload(transfers.start())).toEqual({ tag: 'too-many', val: 1n })
      vi.setSystemTime(1200)
      expect(await upload.size()).toBe(8n)
      expect(await payload(blobs.put(bytes('abc')))).toEqual({ tag: 'quota', val: 2n })
      vi.setSystemTime(1201)
      expect(await payload(upload.size())).toEqual({ tag: 'closed' })
      await blobs.put(bytes('abcdefghij'))
      await transfers.start()
    })

    test('goes on after a restart, under its name, and as nothing else', async () => {
      const { again, transfers } = await bound({ backend: open() })
      const upload = await transfers.start()
      await upload.write(0n, large.subarray(0, 100_000))
      const { resumed, binding } = await again()
      const back = resumed(UPLOAD, upload)
      expect(await back.size()).toBe(100_000n)
      await back.write(100_000n, large.subarray(100_000))
      expect(await resumed(UPLOAD, back).finish()).toEqual(sha256(large))
      for (const description of [null, 'x', {}, { upload: 7 }, { upload: '../../index' }, []])
        expect(binding.resume?.(UPLOAD, description)).toBeUndefined()
    })

    test("of another actor's is closed", async () => {
      const { again, transfers } = await bound({ backend: open() })
      const upload = await transfers.start()
      const other = await again('other')
      expect(await payload(other.resumed(UPLOAD, upload).size())).toEqual({ tag: 'closed' })
    })

    test('takes no more than a call moves', async () => {
      const { transfers } = await bound({ backend: open(), maxCallBytes: 4 })
      const upload = await transfers.start()
      expect(await payload(upload.write(0n, bytes('hello')))).toEqual({ tag: 'too-large', val: 4n })
    })

    test('heals a blob that is damaged', async () => {
      const backend = open()
      const { transfers, blobs } = await bound({ backend })
      const hash = sha256(bytes('hello'))
      const wrong = bytes('hellx')
      await backend.put('actor:actor', hash, [{ hash: sha256(wrong), bytes: wrong }], { quota: 99, now: 0 })
      expect(await payload(blobs.get(hash, 0n, 5n))).toEqual({ tag: 'damaged' })
      const upload = await transfers.start()
      await upload.write(0n, bytes('hello'))
      await upload.finish()
      expect(await blobs.get(hash, 0n, 5n)).toEqual(bytes('hello'))
    })
  })

  describe('a reader', () => {
    test('reads any part, also after a restart', async () => {
      const { transfers, blobs, again } = await bound({ backend: open() })
      const reader = await transfers.open(await blobs.put(large))
      const back = (await again()).resumed(READER, reader)
      for (const one of [reader, back]) {
        expect(one.size()).toBe(300_000n)
        expect(await one.read(65_530n, 10n)).toEqual(large.slice(65_530, 65_540))
        expect(await one.read(299_999n, 2n ** 64n - 1n)).toEqual(large.slice(299_999))
        expect(await one.read(2n ** 64n - 1n, 1n)).toEqual(new Uint8Array())
      }
    })

    test('is of what is there', async () => {
      const { transfers, binding } = await bound({ backend: open() })
      expect(await payload(transfers.open(sha256(bytes('a'))))).toEqual({ tag: 'not-found' })
      expect(await payload(transfers.open(new Uint8Array(31)))).toEqual({ tag: 'bad-hash' })
      for (const description of [null, {}, { hash: 'x', size: 1 }, { hash: 'a'.repeat(64), size: 0.5 }])
        expect(binding.resume?.(READER, description)).toBeUndefined()
      expect(binding.closed?.(`${TRANSFERS}#[method]reader.read`)?.payload).toEqual({ tag: 'closed' })
      expect(binding.closed?.(`${TRANSFERS}#open`)).toBeUndefined()
    })

    test('of a blob that is damaged gives none of those bytes, and reads the rest', async () => {
      const backend = open()
      const { transfers } = await bound({ backend })
      const chunks = [
        large.subarray(0, 65_536),
        large.subarray(65_536, 131_072),
        large.subarray(131_072, 140_000),
      ]
      const hash = sha256(large.subarray(0, 140_000))
      const damaged = chunks.map((chunk, n) => ({
        hash: sha256(chunk),
        bytes: n === 1 ? chunk.map(() => 0) : chunk,
      }))
      await backend.put('actor:actor', hash, damaged, { quota: 1_000_000, now: 0 })
      const reader = await transfers.open(hash)
      expect(await payload(reader.read(70_000n, 1n))).toEqual({ tag: 'damaged' })
      expect(await payload(reader.read(0n, 140_000n))).toEqual({ tag: 'damaged' })
      expect(await reader.read(0n, 65_536n)).toEqual(chunks[0])
      expect(await reader.read(131_072n, 9000n)).toEqual(chunks[2])
    })
  })
})

describe('in a directory', () => {
  test('an upload is a file until it is a blob, or dropped', async () => {
    const path = temporaryFolder()
    const backend = directory(path)
    onTestFinished(() => backend[Symbol.asyncDispose]?.())
    const { transfers, drop, blobs } = await bound({ backend })
    const partial = () => readdirSync(join(path, 'partial')).map((name) => name.replace(/^.*\./, ''))
    const [one, other] = [await transfers.start(), await transfers.start()]
    await one.write(0n, large)
    await other.write(0n, large)
    expect(partial()).toEqual(['part', 'part'])
    await one.finish()
    expect(partial()).toEqual(['part'])
    drop(UPLOAD, other)
    await blobs.size(sha256(large))
    expect(partial()).toEqual([])
  })

  test('what a write has left that came to nothing is not in the blob', async () => {
    const path = temporaryFolder()
    const backend = directory(path)
    onTestFinished(() => backend[Symbol.asyncDispose]?.())
    const { transfers, blobs } = await bound({ backend })
    const upload = await transfers.start()
    await upload.write(0n, bytes('hello'))
    const [part = ''] = readdirSync(join(path, 'partial'))
    appendFileSync(join(path, 'partial', part), ' and more')
    expect(await upload.size()).toBe(5n)
    const hash = await upload.finish()
    expect(hash).toEqual(sha256(bytes('hello')))
    expect(await blobs.get(hash, 0n, 99n)).toEqual(bytes('hello'))
    const hex = Buffer.from(hash).toString('hex')
    expect(readFileSync(join(path, 'blobs', hex.slice(0, 2), hex.slice(2)), 'utf8')).toBe('hello')
  })

  test('a byte of an upload that changed is damage: no blob comes of it', async () => {
    const path = temporaryFolder()
    const backend = directory(path)
    onTestFinished(() => backend[Symbol.asyncDispose]?.())
    const { transfers } = await bound({ backend })
    const upload = await transfers.start()
    await upload.write(0n, large)
    const [file = ''] = readdirSync(join(path, 'partial'))
    writeFileSync(join(path, 'partial', file), large.with(290_000, (large.at(290_000) ?? 0) ^ 1))
    expect(await payload(upload.finish())).toEqual({ tag: 'damaged' })
    expect(await payload(upload.write(300_000n, bytes('x')))).toEqual({ tag: 'damaged' })
  })
})
