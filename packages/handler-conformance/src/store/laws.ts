import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Ask } from '@theater/handler'
import type { Json } from '@theater/values'
import { fakeActor } from '../fake-actor.ts'
import { bytes, errorOf, payloadOf, sorted } from '../outcome.ts'
import { BLOBS, LABELS, Part, TRANSFERS } from './part.ts'
import type { Reader, Upload } from './part.ts'
import type { StoreLaw, StoreSubject, StoreWorld } from './subject.ts'

/** One for each MUST of `wit/theater/store.wit`. */
export const storeLaws: readonly StoreLaw[] = [
  law(
    'a blob is named by the SHA-256 of its bytes, and putting it again gives the same',
    async ({ blobs }) => {
      for (const data of [bytes(''), bytes('a'), LARGE]) {
        assert.deepEqual(await blobs.put(data), sha256(data))
        assert.deepEqual(await blobs.put(data), sha256(data))
        assert.equal(await blobs.size(sha256(data)), BigInt(data.length))
      }
    },
  ),
  law('putting the same bytes again takes no more room', { room: 10 }, async ({ blobs }) => {
    await blobs.put(bytes('123456'))
    await blobs.put(bytes('123456'))
    assert.equal(await errorOf(() => blobs.put(bytes('12345'))), 'quota')
    await blobs.put(bytes('1234'))
  }),
  law('a part of a blob is exactly the bytes that there are', async ({ blobs }) => {
    const hash = await blobs.put(LARGE)
    for (const [offset, length] of PARTS)
      assert.deepEqual(await blobs.get(hash, offset, length), part(offset, length))
  }),
  law(
    'none of the bytes of a damaged blob is handed out as if they were whole',
    async ({ blobs, transfers }, world) => {
      if (world.damage === undefined) return
      const hash = await blobs.put(LARGE)
      await world.damage(hash, 100_000)
      assert.equal(await errorOf(() => blobs.get(hash, 0n, 200_000n)), 'damaged')
      assert.equal(await errorOf(() => blobs.get(hash, 100_000n, 1n)), 'damaged')
      const reader = await transfers.open(hash)
      assert.equal(await errorOf(() => reader.read(100_000n, 1n)), 'damaged')
      await blobs.put(LARGE)
      assert.deepEqual(await blobs.get(hash, 0n, 200_000n), LARGE)
    },
  ),
  law('a label is changed only from what it is, whoever changes it', async ({ labels }) => {
    const [a, b] = [sha256(bytes('a')), sha256(bytes('b'))]
    await labels.set('x/y', undefined, a)
    assert.deepEqual(await payloadOf(() => labels.set('x/y', undefined, b)), { tag: 'conflict', val: a })
    assert.deepEqual(await payloadOf(() => labels.set('x/y', b, a)), { tag: 'conflict', val: a })
    // Of many at once one comes first.
    const values = Array.from({ length: 8 }, (_, n) => sha256(bytes(String(n))))
    const done = await Promise.all(values.map((value) => errorOf(() => labels.set('x/y', a, value))))
    assert.equal(done.filter((error) => error === undefined).length, 1)
    assert.deepEqual(await labels.get('x/y'), values[done.indexOf(undefined)])
  }),
  law('a label is set whether its blob is there or not', async ({ labels }) => {
    const nothing = sha256(bytes('nobody has put this'))
    await labels.set('name', undefined, nothing)
    assert.deepEqual(await labels.get('name'), nothing)
  }),
  law('labels are listed by bytes, each once, and none is missed', async ({ labels }) => {
    const names = ['b', 'a/2', 'a/10', 'a', 'A', 'a-', 'az']
    for (const name of names) await labels.set(name, undefined, sha256(bytes('')))
    for (const [prefix, limit] of [
      ['', 3],
      ['', 1],
      ['a/', 100],
    ] as const) {
      const all: string[] = []
      for (let page = await labels.list(prefix, undefined, limit); page.length > 0;) {
        assert.ok(page.length <= limit, `${page.length} names where ${limit} were asked for`)
        all.push(...page)
        assert.ok(all.length <= names.length, 'a listing does not end')
        page = await labels.list(prefix, all.at(-1), limit)
      }
      assert.deepEqual(all, sorted(names.filter((name) => name.startsWith(prefix))))
    }
  }),
  law('an upload goes on where it ends, and nowhere else', async ({ transfers }) => {
    const upload = await transfers.start()
    await upload.write(0n, bytes('hello'))
    for (const offset of [1n, 4n, 6n])
      assert.deepEqual(await payloadOf(() => upload.write(offset, bytes('xyz'))), {
        tag: 'bad-offset',
        val: 5n,
      })
    assert.equal(await upload.size(), 5n)
  }),
  law('writing the same bytes again to an upload changes nothing', async ({ transfers }) => {
    const upload = await transfers.start()
    await upload.write(0n, bytes('hello '))
    await upload.write(6n, bytes('you'))
    await upload.write(6n, bytes('you'))
    await upload.write(0n, bytes('hello '))
    assert.deepEqual(await upload.finish(), sha256(bytes('hello you')))
  }),
  law(
    'an upload is the blob that put makes of the same bytes, also finished again',
    async ({ blobs, transfers }) => {
      const upload = await transfers.start()
      for (let at = 0; at < LARGE.length; at += 70_000)
        await upload.write(BigInt(at), LARGE.subarray(at, at + 70_000))
      assert.deepEqual(await upload.finish(), sha256(LARGE))
      assert.deepEqual(await upload.finish(), sha256(LARGE))
      assert.deepEqual(await blobs.get(sha256(LARGE), 0n, 200_000n), LARGE)
    },
  ),
  law('nobody reads an upload before it is finished', async ({ blobs, transfers }) => {
    const upload = await transfers.start()
    await upload.write(0n, bytes('hello'))
    assert.equal(await errorOf(() => blobs.get(sha256(bytes('hello')), 0n, 5n)), 'not-found')
    assert.equal(await errorOf(() => transfers.open(sha256(bytes('hello')))), 'not-found')
  }),
  law('an upload of bytes that are there takes no more room', { room: 10 }, async ({ blobs, transfers }) => {
    await blobs.put(bytes('1234'))
    const upload = await transfers.start()
    await upload.write(0n, bytes('1234'))
    assert.equal(await errorOf(() => blobs.put(bytes('567'))), 'quota')
    await upload.finish()
    await blobs.put(bytes('567890'))
  }),
  law('an upload that is dropped is gone, with its room', { room: 10 }, async (store) => {
    const upload = await store.transfers.start()
    await upload.write(0n, bytes('1234567890'))
    const again = store.resumed('upload', upload) as Upload | undefined
    store.drop('upload', upload)
    await store.blobs.put(bytes('abcdefghij'))
    assert.ok(again, 'an upload does not resume')
    assert.equal(await errorOf(() => again.write(10n, bytes('x'))), 'closed')
    assert.equal(await errorOf(() => again.finish()), 'closed')
  }),
  law('a blob stays when the upload that it was is dropped', async (store) => {
    const upload = await store.transfers.start()
    await upload.write(0n, bytes('hello'))
    const hash = await upload.finish()
    store.drop('upload', upload)
    assert.deepEqual(await store.blobs.get(hash, 0n, 5n), bytes('hello'))
  }),
  law('handles go on after a restart', async (store, _world, restart) => {
    const upload = await store.transfers.start()
    await upload.write(0n, bytes('hello '))
    const reader = await store.transfers.open(await store.blobs.put(LARGE))
    const later = await restart()
    // As the record has them: plain data.
    const [up, read] = [later.resumed('upload', upload), later.resumed('reader', reader)]
    assert.ok(up !== undefined && read !== undefined, 'a handle does not resume')
    await (up as Upload).write(6n, bytes('you'))
    assert.deepEqual(await (up as Upload).finish(), sha256(bytes('hello you')))
    assert.deepEqual(await (read as Reader).read(99_999n, 2n), part(99_999n, 2n))
  }),
  law(
    'a part that is read through a handle is exactly the bytes that there are',
    async ({ blobs, transfers }) => {
      const reader = await transfers.open(await blobs.put(LARGE))
      assert.equal(await reader.size(), BigInt(LARGE.length))
      for (const [offset, length] of PARTS)
        assert.deepEqual(await reader.read(offset, length), part(offset, length))
    },
  ),
  {
    name: 'what authorize covers is not denied when it is performed',
    async run(subject) {
      await inWorld(subject, async (world) => {
        const full = new Part(await world.handler.bind(fakeActor(), subject.grant(1_000_000) as never))
        const hash = await full.blobs.put(bytes('a'))
        const [upload, reader] = [await full.transfers.start(), await full.transfers.open(hash)]
        const calls: readonly (readonly [string, readonly unknown[], (store: Part) => unknown])[] = [
          [`${BLOBS}#put`, [bytes('b')], (store) => store.blobs.put(bytes('b'))],
          [`${BLOBS}#get`, [hash, 0n, 1n], (store) => store.blobs.get(hash, 0n, 1n)],
          [`${LABELS}#get`, ['n'], (store) => store.labels.get('n')],
          [`${LABELS}#set`, ['n', undefined, hash], (store) => store.labels.set('n', undefined, hash)],
          [`${LABELS}#list`, ['', undefined, 9], (store) => store.labels.list('', undefined, 9)],
          [`${TRANSFERS}#start`, [], (store) => store.transfers.start()],
          [`${TRANSFERS}#open`, [hash], (store) => store.transfers.open(hash)],
          [
            `${TRANSFERS}#[method]upload.write`,
            [described(full, 'upload', upload)],
            () => upload.write(0n, bytes('c')),
          ],
          [
            `${TRANSFERS}#[method]reader.read`,
            [described(full, 'reader', reader)],
            () => reader.read(0n, 1n),
          ],
        ]
        for (const grant of [subject.grant(1_000_000), ...subject.grants]) {
          const store = new Part(await world.handler.bind(fakeActor(), grant as never))
          for (const [fn, args, call] of calls) {
            const ask: Ask | undefined = world.handler.functions[fn]?.ask?.({ fn, args })
            assert.ok(ask, `${fn} asks for nothing`)
            if (world.handler.authorize(grant as never, ask) !== true) continue
            assert.notEqual(
              await errorOf(() => call(store)),
              'denied',
              `${fn} under ${JSON.stringify(grant)}`,
            )
          }
        }
      })
    },
  },
]

type Run = (store: Part, world: StoreWorld, restart: () => Promise<Part>) => Promise<void>

function law(name: string, ...rest: readonly [Run] | readonly [{ readonly room: number }, Run]): StoreLaw {
  const [{ room }, run] = rest.length === 1 ? [{ room: 10_000_000 }, rest[0]] : rest
  return {
    name,
    run: (subject) =>
      inWorld(subject, async (world) => {
        const bind = async () => new Part(await world.handler.bind(fakeActor(), subject.grant(room) as never))
        await run(await bind(), world, bind)
      }),
  }
}

async function inWorld(subject: StoreSubject, run: (world: StoreWorld) => Promise<void>): Promise<void> {
  const world = await subject.make()
  try {
    await run(world)
  } finally {
    await world.handler[Symbol.asyncDispose]?.()
    await world.end?.()
  }
}

/** Not of one chunk, however large a store has them, up to 64 KiB. */
const LARGE = new Uint8Array(200_000).map((_, i) => (i * 7 + (i >> 8)) & 0xff)

const PARTS = [
  [0n, 200_000n],
  [1n, 1n],
  [65_535n, 2n],
  [131_000n, 2n ** 64n - 1n],
  [199_999n, 5n],
  [200_000n, 1n],
  [2n ** 64n - 1n, 2n ** 64n - 1n],
  [7n, 0n],
] as const

function part(offset: bigint, length: bigint): Uint8Array {
  return LARGE.slice(Number(offset), Number(offset + length))
}

function described(store: Part, type: 'upload' | 'reader', object: object): Json | undefined {
  return store.binding.describe?.(`${TRANSFERS}#${type}`, object)
}

function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(data).digest())
}
