import { cidOf, sha256 } from '@theater/values'
import assert from 'node:assert/strict'
import { ChainError, ChainLinker } from '../src/index.ts'
import type { ChainErrorCode, Kept, Linked, Store, StoredEvent } from '../src/index.ts'
import { countingSalts } from './helpers.ts'
import { sampleChain } from './sample.ts'

/** What every store of chains and blocks does. `open` gives an empty one. */
export interface StoreLaw {
  readonly name: string
  run(open: () => Store): Promise<void>
}

const a = sampleChain(40, 'a')
const b = sampleChain(40, 'b', 1000)
const id = (chain: readonly Linked[]): Uint8Array => sha256((chain[0] as Linked).body)
const head = (chain: readonly Linked[]): Uint8Array => (chain.at(-1) as Linked).hash

function create(store: Store, chain: readonly Linked[], label: string): Promise<void> {
  return store.create(id(chain), label, { epoch: 0, events: chain, head: head(chain) })
}

function append(
  store: Store,
  before: readonly Linked[],
  events: readonly Linked[],
  epoch = 0,
): Promise<void> {
  return store.append(id(before), head(before), { epoch, events, head: head(events) })
}

async function all(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const out: StoredEvent[] = []
  for await (const { header, body } of events) {
    out.push({ header: new Uint8Array(header), body: body === null ? null : new Uint8Array(body) })
  }
  return out
}

const plain = (chain: readonly Linked[]): StoredEvent[] =>
  chain.map(({ header, body }) => ({ header: new Uint8Array(header), body: new Uint8Array(body) }))

async function refuses(code: ChainErrorCode, run: () => Promise<unknown>): Promise<void> {
  await assert.rejects(run, (error) => ChainError.is(error) && error.code === code)
}

export const storeLaws: readonly StoreLaw[] = [
  {
    name: 'what was appended is read back, in any range',
    async run(open) {
      await using store = open()
      await create(store, a.slice(0, 5), 'a')
      await append(store, a.slice(0, 5), a.slice(5, 39))
      await append(store, a.slice(0, 39), a.slice(39))
      const ranges = [
        [0, 40],
        [0, 1],
        [5, 6],
        [39, 40],
        [10, 10],
        [30, 10],
        [0, 99],
      ] as const
      for (const [from, to] of ranges) {
        assert.deepEqual(await all(store.read(id(a), from, to)), plain(a.slice(from, to)))
      }
      assert.deepEqual(await all(store.read(id(a))), plain(a))
      assert.deepEqual(await all(store.read(id(a), 38)), plain(a.slice(38)))
    },
  },
  {
    name: 'it knows size, head, epoch and label of each chain',
    async run(open) {
      await using store = open()
      await create(store, b.slice(0, 3), 'b')
      await create(store, a, 'a')
      const info = await store.info(id(b))
      assert.deepEqual([info?.label, info?.size, info?.epoch], ['b', 3, 0])
      assert.deepEqual(new Uint8Array(info?.head ?? []), head(b.slice(0, 3)))
      assert.deepEqual(await store.find('b'), info)
      assert.deepEqual(
        (await store.list()).map(({ label, size }) => [label, size]),
        [
          ['a', 40],
          ['b', 3],
        ],
      )
      assert.equal(await store.info(new Uint8Array(32)), undefined)
      assert.equal(await store.find('c'), undefined)
    },
  },
  {
    name: 'a chain and a label are there once',
    async run(open) {
      await using store = open()
      await create(store, a.slice(0, 2), 'a')
      await refuses('exists', () => create(store, a.slice(0, 3), 'other'))
      await refuses('exists', () => create(store, b.slice(0, 2), 'a'))
      assert.deepEqual(
        (await store.list()).map(({ label, size }) => [label, size]),
        [['a', 2]],
      )
    },
  },
  {
    name: 'a chain gets another label, and its old one is free',
    async run(open) {
      await using store = open()
      await create(store, a.slice(0, 2), 'a')
      await store.relabel(id(a), 'a~1')
      assert.equal(await store.find('a'), undefined)
      assert.deepEqual(new Uint8Array((await store.find('a~1'))?.chain ?? []), id(a))
      await create(store, b.slice(0, 3), 'a')
      assert.deepEqual(
        (await store.list()).map(({ label, size }) => [label, size]),
        [
          ['a', 3],
          ['a~1', 2],
        ],
      )
      await refuses('exists', () => store.relabel(id(b), 'a~1'))
      await store.relabel(id(b), 'a')
      await refuses('not-found', () => store.relabel(new Uint8Array(32), 'c'))
      await append(store, a.slice(0, 2), a.slice(2, 4))
      assert.equal((await store.info(id(a)))?.label, 'a~1')
    },
  },
  {
    name: 'another head is refused, and nothing is written',
    async run(open) {
      await using store = open()
      await create(store, a.slice(0, 5), 'a')
      const cid = cidOf('raw', sha256(new Uint8Array([1])))
      const batch = {
        epoch: 0,
        events: a.slice(6),
        head: head(a),
        blobs: [{ cid, bytes: new Uint8Array([1]) }],
      }
      await refuses('conflict', () => store.append(id(a), (a[5] as Linked).hash, batch))
      await refuses('not-found', () => append(store, b.slice(0, 5), b.slice(5)))
      assert.equal((await store.info(id(a)))?.size, 5)
      assert.equal(await store.has(cid), false)
      await append(store, a.slice(0, 5), a.slice(5))
    },
  },
  {
    name: 'a writer whose lease was taken is refused',
    async run(open) {
      await using store = open()
      await create(store, a.slice(0, 5), 'a')
      assert.equal(await store.lease(id(a)), 1)
      await refuses('stale', () => append(store, a.slice(0, 5), a.slice(5)))
      await append(store, a.slice(0, 5), a.slice(5), 1)
      assert.equal(await store.lease(id(a)), 2)
      await refuses('stale', () => append(store, a, a, 1))
      await refuses('stale', () => append(store, a, a, 3))
      assert.equal((await store.info(id(a)))?.epoch, 2)
      await refuses('not-found', () => store.lease(id(b)))
    },
  },
  {
    name: 'an event may have no body',
    async run(open) {
      await using store = open()
      const events = a.slice(0, 3).map((e, i) => (i === 1 ? { header: e.header, body: null } : e))
      await store.create(id(a), 'a', { epoch: 0, events, head: head(a.slice(0, 3)) })
      assert.deepEqual(
        (await all(store.read(id(a)))).map(({ body }) => body === null),
        [false, true, false],
      )
    },
  },
  {
    name: 'blocks come with the events that link to them, or by themselves, and stay',
    async run(open) {
      await using store = open()
      const bytes = new Uint8Array(100_000).fill(3)
      const cid = cidOf('dag-cbor', sha256(bytes))
      const raw = cidOf('raw', sha256(bytes))
      const events = a.slice(0, 3)
      await store.create(id(a), 'a', { epoch: 0, events, head: head(events), blobs: [{ cid, bytes }] })
      assert.equal(await store.has(cid), true)
      assert.equal(await store.has(raw), false)
      assert.equal(await store.get(raw), undefined)
      await store.put(cid, new Uint8Array([1]))
      await store.put(raw, bytes)
      assert.deepEqual(new Uint8Array((await store.get(cid)) ?? []), bytes)
      assert.deepEqual(new Uint8Array((await store.get(raw)) ?? []), bytes)
    },
  },
  {
    name: 'reading sees the chain as it was when reading began',
    async run(open) {
      await using store = open()
      await create(store, a.slice(0, 5), 'a')
      let n = 0
      for await (const event of store.read(id(a))) {
        if (n++ === 0) await append(store, a.slice(0, 5), a.slice(5))
        assert.ok(event.header.length > 0)
      }
      assert.equal(n, 5)
      await refuses('not-found', () => all(store.read(id(b))))
    },
  },
  {
    name: 'what is written takes effect in its order, and whoever reads sees it, also where nobody waits',
    async run(open) {
      await using store = open()
      const writes = [
        create(store, a.slice(0, 5), 'a'),
        append(store, a.slice(0, 5), a.slice(5, 9)),
        create(store, b.slice(0, 2), 'b'),
        append(store, a.slice(0, 9), a.slice(9, 12)),
        store.relabel(id(b), 'c'),
      ]
      assert.deepEqual(await all(store.read(id(a))), plain(a.slice(0, 12)))
      assert.deepEqual(
        (await store.list()).map(({ label, size }) => [label, size]),
        [
          ['a', 12],
          ['c', 2],
        ],
      )
      await Promise.all(writes)
    },
  },
  {
    name: 'of what is written at once, only what has to be is refused',
    async run(open) {
      await using store = open()
      await create(store, a.slice(0, 5), 'a')
      const outcomes = await Promise.allSettled([
        create(store, b.slice(0, 2), 'b'),
        append(store, a.slice(0, 4), a.slice(4, 9)),
        append(store, b.slice(0, 2), b.slice(2, 3)),
        append(store, a.slice(0, 5), a.slice(5, 6), 7),
        append(store, a.slice(0, 5), a.slice(5, 9)),
      ])
      assert.deepEqual(
        outcomes.map((one) =>
          one.status === 'fulfilled' ? 'done' : ChainError.is(one.reason) && one.reason.code,
        ),
        ['done', 'conflict', 'done', 'stale', 'done'],
      )
      assert.deepEqual(
        (await store.list()).map(({ label, size }) => [label, size]),
        [
          ['a', 9],
          ['b', 3],
        ],
      )
    },
  },
  {
    name: 'it keeps how durable a chain is to be, and takes appends that are as durable as any',
    async run(open) {
      await using store = open()
      const batch = (events: readonly Linked[]) => ({ epoch: 0, events, head: head(events) })
      await store.create(id(a), 'a', { ...batch(a.slice(0, 2)), durability: 'disk' }, 'disk')
      await store.create(id(b), 'b', { ...batch(b.slice(0, 2)), durability: 'memory' })
      assert.equal((await store.find('a'))?.durability, 'disk')
      assert.equal((await store.info(id(b)))?.durability, undefined)
      await store.setDurability(id(b), 'memory')
      await store.setDurability(id(a), null)
      assert.deepEqual(
        (await store.list()).map(({ durability }) => durability),
        [undefined, 'memory'],
      )
      await refuses('not-found', () => store.setDurability(new Uint8Array(32), 'disk'))
      for (const [i, durability] of (['disk', 'memory', 'process'] as const).entries()) {
        const before = a.slice(0, 2 + i)
        await store.append(id(a), head(before), { ...batch(a.slice(2 + i, 3 + i)), durability })
      }
      assert.equal((await store.info(id(a)))?.size, 5)
    },
  },
  {
    name: 'many chains grow side by side',
    async run(open) {
      await using store = open()
      const linkers = Array.from(
        { length: 20 },
        (_, i) => new ChainLinker({ epoch: 0, salts: countingSalts(i * 100) }),
      )
      const heads: Uint8Array[] = []
      for (let round = 0; round < 10; round++) {
        for (const [i, linker] of linkers.entries()) {
          const event = linker.link(round === 0 ? 'genesis' : 'send', new Uint8Array([0x81, round]))
          const batch = { epoch: 0, events: [event], head: event.hash }
          const before = heads[i]
          if (before === undefined) await store.create(linker.chain, `actor-${i}`, batch)
          else await store.append(linker.chain, before, batch)
          heads[i] = event.hash
        }
      }
      for (const linker of linkers) assert.equal((await all(store.read(linker.chain))).length, 10)
    },
  },
  {
    name: 'after close it says so, and closing twice does nothing',
    async run(open) {
      const store = open()
      await create(store, a.slice(0, 5), 'a')
      await store.close()
      await store.close()
      await refuses('closed', () => store.list())
      await refuses('closed', () => append(store, a.slice(0, 5), a.slice(5)))
      await refuses('closed', () => store.setDurability(id(a), 'disk'))
      await refuses('closed', () => store.put(cidOf('raw', head(a)), new Uint8Array(1)))
      await refuses('closed', () => store.get(cidOf('raw', head(a))))
      await refuses('closed', () => all(store.read(id(a))))
    },
  },
  {
    name: 'what is kept beside a chain is the last of its kind, and is gone when it is thrown away',
    async run(open) {
      await using store = open()
      const { caches } = store
      assert.ok(caches)
      const thing = (size: number, byte: number): Kept => ({
        size,
        head: head(a.slice(0, size)),
        bytes: new Uint8Array([byte]),
      })
      const kept = async (chain: readonly Linked[], kind: string): Promise<unknown> => {
        const found = await caches.kept(id(chain), kind)
        return found && [found.size, new Uint8Array(found.head), [...found.bytes]]
      }
      await create(store, a, 'a')
      assert.equal(await kept(a, 'one'), undefined)
      await caches.keep([])
      await caches.keep([
        { chain: id(a), kind: 'one', ...thing(3, 1) },
        { chain: id(a), kind: 'two', ...thing(5, 2) },
        // Nobody knows of this chain.
        { chain: id(b), kind: 'one', ...thing(3, 3) },
      ])
      await caches.keep([{ chain: id(a), kind: 'one', ...thing(7, 4) }])
      assert.deepEqual(await kept(a, 'one'), [7, head(a.slice(0, 7)), [4]])
      assert.deepEqual(await kept(a, 'two'), [5, head(a.slice(0, 5)), [2]])
      assert.equal(await kept(b, 'one'), undefined)
      await caches.discard(id(a), 'one')
      await caches.discard(id(b), 'one')
      assert.equal(await kept(a, 'one'), undefined)
      assert.deepEqual(await kept(a, 'two'), [5, head(a.slice(0, 5)), [2]])
      // It says nothing of the chain.
      assert.equal((await store.info(id(a)))?.size, 40)
    },
  },
]
