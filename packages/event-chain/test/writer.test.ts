import { cidOf, sha256 } from '@theater/values'
import { describe, expect, test } from 'vitest'
import {
  ChainError,
  ChainLinker,
  ChainWriter,
  decodeBody,
  decodeHeader,
  encodeHeader,
  INLINE_LIMIT,
  memoryStore,
  readEvents,
} from '../src/index.ts'
import type { Batch, Store } from '../src/index.ts'
import { saltPool, sha256 as fastSha256 } from '../src/node.ts'
import { content, countingSalts, genesis, seed, values } from './helpers.ts'
import { sampleChain } from './sample.ts'

const genesisContent = content('genesis', genesis())
const stop = content('stop', { reason: 'x' })

/** A memory store whose writing waits until it is let go, and that keeps count. */
function slowStore(): { store: Store; batches: Batch[]; letGo: () => void; fail: (error: unknown) => void } {
  const store = memoryStore()
  const batches: Batch[] = []
  let gate = Promise.withResolvers<void>()
  const wait = async (batch: Batch): Promise<void> => {
    batches.push(batch)
    await gate.promise
  }
  const slow: Store = {
    create: async (chain, label, batch, durability) => {
      await wait(batch)
      await store.create(chain, label, batch, durability)
    },
    append: async (chain, head, batch) => {
      await wait(batch)
      await store.append(chain, head, batch)
    },
    read: (chain, from, to) => store.read(chain, from, to),
    info: (chain) => store.info(chain),
    find: (label) => store.find(label),
    list: () => store.list(),
    lease: (chain) => store.lease(chain),
    relabel: (chain, label) => store.relabel(chain, label),
    setDurability: (chain, durability) => store.setDurability(chain, durability),
    get: (cid) => store.get(cid),
    has: (cid) => store.has(cid),
    put: (cid, bytes) => store.put(cid, bytes),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  }
  const next = (): void => {
    gate = Promise.withResolvers<void>()
  }
  return {
    store: slow,
    batches,
    letGo() {
      gate.resolve()
      next()
    },
    fail(error) {
      gate.reject(error)
      next()
    },
  }
}

function create(store: Store): ChainWriter {
  return ChainWriter.create({ store, salts: countingSalts(), label: 'counter', genesis: genesisContent })
}

describe('a store in memory', () => {
  /** A writer to it whose hashes are counted. */
  function counted(store: Store = memoryStore()) {
    let hashes = 0
    const hash = (bytes: Uint8Array): Uint8Array => {
      hashes++
      return sha256(bytes)
    }
    const options = { store, salts: countingSalts(), hash, label: 'counter', genesis: genesisContent }
    return { store, writer: ChainWriter.create(options), hashes: () => hashes }
  }

  async function turns(writer: ChainWriter, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      writer.append('stop', stop)
      writer.append('stop', content('stop', { reason: 'y'.repeat(i) }))
      await writer.flush()
    }
  }

  test('has the bytes that any store is given, though nobody asked for their hashes', async () => {
    const one = counted()
    // Where somebody stands before `append` it is asked for each batch, and told of the head.
    const inner = memoryStore()
    const heads: Uint8Array[] = []
    const before = new Proxy(inner, {
      get(target, key) {
        const found: unknown = Reflect.get(target, key)
        if (key === 'append')
          return (chain: Uint8Array, head: Uint8Array, batch: Batch) => {
            heads.push(batch.head)
            return target.append(chain, head, batch)
          }
        return typeof found === 'function' ? (found.bind(target) as unknown) : found
      },
    })
    const other = counted(before)
    for (const { writer } of [one, other]) {
      await writer.flush()
      await turns(writer, 45)
    }
    expect(heads.length).toBe(45)
    expect(heads.at(-1)).toEqual(one.writer.head)
    const { chain } = one.writer
    const events = await Array.fromAsync(one.store.read(chain))
    expect(events).toEqual(await Array.fromAsync(inner.read(chain)))
    expect(await one.store.info(chain)).toEqual(await inner.info(chain))
    for (const { header, body } of events)
      expect(sha256(body as Uint8Array)).toEqual(decodeHeader(header).body)
  })

  test('leaves hashes to whoever reads, and never many of them', async () => {
    const { store, writer, hashes } = counted()
    await writer.flush()
    const first = hashes()
    // Up to number 23: a longer number has longer headers, and those before have theirs by then.
    await turns(writer, 11)
    expect(hashes()).toBe(first)
    await turns(writer, 89)
    expect(hashes()).toBeGreaterThan(first + 2 * 150)
    const info = await store.info(writer.chain)
    expect(hashes()).toBe(first + 2 * 200)
    expect(info).toMatchObject({ size: 201, head: writer.head })
  })

  test('refuses a writer whose chain was taken over, or went on, at once', async () => {
    const { store, writer } = counted()
    await writer.flush()
    await turns(writer, 3)
    const { chain, size, head } = writer
    const fork = ChainWriter.resume({ store, salts: countingSalts(9), chain, size, head, epoch: 0 })
    await turns(writer, 1)
    fork.append('stop', stop)
    await expect(fork.flush()).rejects.toMatchObject({ code: 'conflict' })
    const epoch = await store.lease(chain)
    const next = ChainWriter.resume({
      store,
      salts: countingSalts(50),
      chain,
      size: writer.size,
      head: writer.head,
      epoch,
    })
    next.append('resume', content('resume', { epoch }))
    await next.flush()
    writer.append('stop', stop)
    await expect(writer.flush()).rejects.toMatchObject({ code: 'stale' })
    expect(() => writer.append('stop', stop)).toThrow('nothing more is written')
    await turns(next, 1)
    const events = await Array.fromAsync(readEvents(store, chain))
    expect(events.map(({ seq }) => seq)).toEqual([...Array(12).keys()])
  })
})

describe('a linker', () => {
  test('makes what can be taken apart again, and whose hashes are those of its bytes', () => {
    for (const [seq, { header, body, hash, blob }] of sampleChain(60).entries()) {
      const decoded = decodeHeader(header)
      expect(decoded.seq).toBe(seq)
      expect(sha256(header)).toEqual(hash)
      expect(sha256(body)).toEqual(decoded.body)
      expect(decodeBody(body).link).toEqual(blob === null ? null : sha256(blob.bytes))
    }
  })

  test('copies the content, and never writes again what it handed out', () => {
    const linker = new ChainLinker({ epoch: 0, salts: countingSalts(), hash: fastSha256 })
    const buffer = genesisContent.slice()
    const events = [linker.link('genesis', buffer)]
    buffer.fill(0)
    for (let i = 0; i < 500; i++)
      events.push(linker.link('stop', content('stop', { reason: 'y'.repeat(i * 7) })))
    for (const { header, body, hash } of events) {
      expect(sha256(header)).toEqual(hash)
      expect(sha256(body)).toEqual(decodeHeader(header).body)
    }
  })

  test('takes salts where they are wanted, and bodies of every length, to the same hashes', () => {
    const plain = countingSalts()
    const source = countingSalts()
    const into = Object.assign(
      (): Uint8Array => {
        throw new Error('asked for an array')
      },
      { into: (out: Uint8Array, at: number) => out.set(source(), at) },
    )
    const one = new ChainLinker({ epoch: 0, salts: plain })
    const other = new ChainLinker({ epoch: 0, salts: into, hash: fastSha256 })
    for (const linker of [one, other]) {
      linker.link('genesis', genesisContent)
      for (let i = 0; i < 300; i++) linker.link('stop', new Uint8Array(i).fill(i))
    }
    expect(other.head).toEqual(one.head)
    const salt = new Uint8Array(20)
    saltPool().into?.(salt, 2)
    expect([salt.subarray(0, 2), salt.subarray(18)]).toEqual([new Uint8Array(2), new Uint8Array(2)])
    expect(salt.some((byte) => byte !== 0)).toBe(true)
  })

  test('puts content into a block of its own above the limit, and not at it', () => {
    const linker = new ChainLinker({ epoch: 0, salts: countingSalts() })
    linker.link('genesis', genesisContent)
    expect(linker.link('stop', new Uint8Array(INLINE_LIMIT)).blob).toBeNull()
    const large = new Uint8Array(INLINE_LIMIT + 1)
    expect(linker.link('stop', large).blob).toEqual({ cid: cidOf('dag-cbor', sha256(large)), bytes: large })
  })

  test('comes to the same hashes from any place', () => {
    const whole = sampleChain(10)
    const half = whole[4]
    if (half === undefined) throw new Error('no event')
    const { chain } = decodeHeader(half.header)
    const linker = new ChainLinker({
      epoch: 0,
      salts: countingSalts(5),
      at: { chain, size: 5, head: half.hash },
    })
    const fifth = whole[5]
    const { kind } = decodeHeader(fifth?.header ?? new Uint8Array(0))
    const { content: bytes } = decodeBody(fifth?.body ?? new Uint8Array(0))
    expect(linker.link(kind, bytes ?? new Uint8Array(0)).hash).toEqual(fifth?.hash)
  })

  test.each([22, 254, 65_534, 2 ** 32 - 2, Number.MAX_SAFE_INTEGER - 3])(
    'writes the headers that there should be where the numbers grow, from %d',
    (size) => {
      const chain = new Uint8Array(32).fill(1)
      for (const epoch of [0, 23, 24, 256, 65_536]) {
        let prev: Uint8Array = new Uint8Array(32).fill(2)
        const linker = new ChainLinker({ epoch, salts: countingSalts(), at: { chain, size, head: prev } })
        for (const kind of ['turn', 'call', 'return'] as const) {
          const { seq, header, body, hash } = linker.link(kind, new Uint8Array([0x81, 0x01]))
          expect(header).toEqual(encodeHeader({ chain, epoch, seq, kind, prev, body: sha256(body) }))
          expect(hash).toEqual(sha256(header))
          expect(linker.head).toEqual(hash)
          prev = hash
        }
      }
    },
  )

  test('comes to the same hashes whenever they are asked for', () => {
    const chain = new Uint8Array(32).fill(1)
    const at = { chain, size: 20, head: new Uint8Array(32).fill(2) }
    const linked = (asked: (linker: ChainLinker) => unknown) => {
      const linker = new ChainLinker({ epoch: 0, salts: countingSalts(), at })
      const events = Array.from({ length: 300 }, (_, i) => {
        const event = linker.link('stop', content('stop', { reason: 'z'.repeat(i) }))
        asked(linker)
        return event
      })
      return events.map(({ header, hash }) => [header, hash])
    }
    expect(linked(() => undefined)).toEqual(linked(({ head }) => head))
  })

  test.each([1, 2, 3, 4, 5, 6])('goes on where hash %d of those that were due failed', (failing) => {
    const at = { chain: new Uint8Array(32), size: 3, head: new Uint8Array(32) }
    let calls = 0
    const brittle = (bytes: Uint8Array): Uint8Array => {
      if (++calls === failing) throw new RangeError('Maximum call stack size exceeded')
      return sha256(bytes)
    }
    const linked = (hash: typeof sha256): ChainLinker => {
      const linker = new ChainLinker({ epoch: 0, salts: countingSalts(), at, hash })
      for (const reason of ['a', 'b', 'c']) linker.link('stop', content('stop', { reason }))
      return linker
    }
    const linker = linked(brittle)
    expect(() => linker.head).toThrow(RangeError)
    expect(linker.head).toEqual(linked(sha256).head)
  })

  test('refuses what cannot be', () => {
    const linker = new ChainLinker({ epoch: 0, salts: countingSalts() })
    const invalid = expect.objectContaining({ code: 'invalid' })
    expect(() => linker.chain).toThrow(invalid)
    expect(() => linker.link('seed', content('seed', seed))).toThrow(invalid)
    linker.link('genesis', genesisContent)
    expect(() => linker.link('genesis', genesisContent)).toThrow(invalid)
    expect(() => new ChainLinker({ epoch: -1, salts: countingSalts() })).toThrow(invalid)
    expect(() => new ChainLinker({ epoch: 1.5, salts: countingSalts() })).toThrow(invalid)
    const at = { chain: new Uint8Array(31), size: 1, head: new Uint8Array(32) }
    expect(() => new ChainLinker({ epoch: 0, salts: countingSalts(), at })).toThrow(invalid)
    const short = new ChainLinker({ epoch: 0, salts: () => new Uint8Array(15) })
    expect(() => short.link('genesis', genesisContent)).toThrow(invalid)
  })
})

describe('a writer', () => {
  test('makes the chain with its first flush, and not before', async () => {
    const store = memoryStore()
    const writer = create(store)
    writer.append('seed', content('seed', seed))
    expect(await store.find('counter')).toBeUndefined()
    expect([writer.size, writer.durable]).toEqual([2, 0])
    await writer.flush()
    expect(await store.find('counter')).toMatchObject({ size: 2, head: writer.head, chain: writer.chain })
    expect([writer.size, writer.durable]).toEqual([2, 2])
    await writer.flush()
  })

  test('flushes that come together share a batch', async () => {
    const { store, batches, letGo } = slowStore()
    const writer = create(store)
    const first = writer.flush()
    const flushes: Promise<void>[] = [writer.flush()]
    for (let i = 0; i < 5; i++) {
      writer.append('stop', stop)
      flushes.push(writer.flush())
    }
    letGo()
    await first
    // The second batch is under way by now; this one waits for it.
    writer.append('stop', stop)
    flushes.push(writer.flush())
    letGo()
    await flushes.at(-2)
    letGo()
    await Promise.all(flushes)
    expect(batches.map(({ events }) => events.length)).toEqual([1, 5, 1])
    expect(writer.durable).toBe(7)
    expect(await store.find('counter')).toMatchObject({ size: 7, head: writer.head })
  })

  test('never sends an empty batch, whenever flush is called', async () => {
    const { store, batches, letGo } = slowStore()
    const writer = create(store)
    const flushes: Promise<void>[] = []
    for (let i = 0; i < 50; i++) {
      if (i % 3 !== 0) writer.append('stop', stop)
      flushes.push(writer.flush())
      letGo()
      for (let tick = 0; tick < i % 7; tick++) await Promise.resolve()
    }
    const all = Promise.all(flushes).then(() => true)
    while (!(await Promise.race([all, new Promise<false>((resolve) => setTimeout(resolve, 0, false))])))
      letGo()
    expect(batches.every(({ events }) => events.length > 0)).toBe(true)
    expect(await store.find('counter')).toMatchObject({ size: writer.size, head: writer.head })
  })

  test('is dead after a failed append, and says why', async () => {
    const { store, letGo, fail } = slowStore()
    const writer = create(store)
    const first = writer.flush()
    letGo()
    await first
    writer.append('stop', stop)
    const failing = writer.flush()
    writer.append('stop', stop)
    const waiting = writer.flush()
    const cause = new Error('the disk is gone')
    fail(cause)
    await expect(failing).rejects.toMatchObject({ code: 'io', cause })
    await expect(waiting).rejects.toMatchObject({ code: 'io', cause })
    await expect(writer.flush()).rejects.toMatchObject({ code: 'dead' })
    expect(() => writer.append('stop', stop)).toThrow(expect.objectContaining({ code: 'dead' }))
    expect(writer.failure).toMatchObject({ code: 'io' })
    expect(await store.find('counter')).toMatchObject({ size: 1 })
  })

  test('of what nobody waits for gives the store everything in order, and hears of a failure at the next event', async () => {
    const { store, batches, letGo, fail } = slowStore()
    const writer = ChainWriter.create({
      store,
      salts: countingSalts(),
      label: 'counter',
      genesis: genesisContent,
      durability: 'memory',
    })
    await writer.flush()
    for (let i = 0; i < 3; i++) {
      writer.append('stop', stop)
      await writer.flush()
    }
    await writer.flush()
    expect(batches.map(({ events, durability }) => [events.length, durability])).toEqual(
      Array.from({ length: 4 }, () => [1, 'memory']),
    )
    expect(writer.durable).toBe(4)
    expect(await store.find('counter')).toBeUndefined()
    letGo()
    await writer.stored()
    expect(await store.find('counter')).toMatchObject({ size: 4, head: writer.head })
    writer.append('stop', stop)
    await writer.flush()
    const cause = new Error('the disk is gone')
    fail(cause)
    await expect(writer.stored()).rejects.toMatchObject({ code: 'io', cause })
    expect(() => writer.append('stop', stop)).toThrow(expect.objectContaining({ code: 'dead' }))
    await expect(writer.flush()).rejects.toMatchObject({ code: 'dead' })
  })

  test('of what nobody waits for waits where the store has much to write', async () => {
    const { store, letGo } = slowStore()
    const options = { store, salts: countingSalts(), label: 'counter', genesis: genesisContent }
    const writer = ChainWriter.create({ ...options, durability: 'memory' })
    const large = content('stop', { reason: 'x'.repeat(1 << 20) })
    let given = 0
    const giving = (async () => {
      for (; given < 8; given++) {
        writer.append('stop', large)
        await writer.flush()
      }
    })()
    await new Promise((resolve) => setImmediate(resolve))
    expect(given).toBe(3)
    letGo()
    await new Promise((resolve) => setImmediate(resolve))
    expect(given).toBe(7)
    letGo()
    await giving
    letGo()
    await writer.stored()
    expect(await store.find('counter')).toMatchObject({ size: 9 })
  })

  test('has the store keep what was chosen for its chain', async () => {
    const store = memoryStore()
    const options = { store, salts: countingSalts(), label: 'counter', genesis: genesisContent }
    await ChainWriter.create({ ...options, durability: 'disk', ownDurability: 'disk' }).flush()
    expect(await store.find('counter')).toMatchObject({ durability: 'disk' })
  })

  test('that is stale is refused', async () => {
    const store = memoryStore()
    const old = create(store)
    await old.flush()
    const { chain, size, head } = old
    const epoch = await store.lease(chain)
    const writer = ChainWriter.resume({ store, salts: countingSalts(50), chain, size, head, epoch })
    writer.append('resume', content('resume', { epoch }))
    old.append('seed', content('seed', seed))
    await expect(old.flush()).rejects.toMatchObject({ code: 'stale' })
    await writer.flush()
    expect(await store.info(chain)).toMatchObject({ size: 2, epoch: 1 })
  })

  test('large contents are in the store with the events that link to them', async () => {
    const store = memoryStore()
    const writer = create(store)
    const reason = 'x'.repeat(INLINE_LIMIT)
    writer.append('stop', content('stop', { reason }))
    await writer.flush()
    const [, event] = await Array.fromAsync(readEvents(store, writer.chain))
    expect(event).toMatchObject({ kind: 'stop', content: { reason } })
  })

  test('large contents go to another store of blocks first, where there is one', async () => {
    const store = memoryStore()
    const blobs = memoryStore()
    const writer = ChainWriter.create({
      store,
      blobs,
      salts: saltPool(),
      label: 'a',
      genesis: genesisContent,
    })
    writer.append('stop', content('stop', { reason: 'x'.repeat(INLINE_LIMIT) }))
    await writer.flush()
    const [, event] = await Array.fromAsync(readEvents(store, writer.chain))
    expect(event).toMatchObject({ kind: 'stop', content: null })
    const [, stored] = await Array.fromAsync(store.read(writer.chain))
    const cid = cidOf('dag-cbor', decodeBody(stored?.body ?? new Uint8Array(0)).link ?? new Uint8Array(0))
    expect([await store.has(cid), await blobs.has(cid)]).toEqual([false, true])
    await blobs.close()
    writer.append('stop', content('stop', { reason: 'y'.repeat(INLINE_LIMIT) }))
    await expect(writer.flush()).rejects.toMatchObject({ code: 'closed' })
    expect(await store.find('a')).toMatchObject({ size: 2 })
  })
})

test('salts of a pool are all different', () => {
  const salts = saltPool()
  const seen = new Set<string>()
  for (let i = 0; i < 5000; i++) seen.add(Buffer.from(salts()).toString('hex'))
  expect(seen.size).toBe(5000)
})

test('an error is known by its brand', () => {
  const error = new ChainError('broken', 'x', { index: 3, reason: 'seq' })
  expect(ChainError.is(error)).toBe(true)
  expect(ChainError.is({ brand: error.brand })).toBe(true)
  expect(ChainError.is(new Error('x'))).toBe(false)
  expect(ChainError.is(null)).toBe(false)
  expect([error.code, error.index, error.reason]).toEqual(['broken', 3, 'seq'])
})

test('typed reading tells what the chain says', async () => {
  const store = memoryStore()
  const writer = create(store)
  writer.append('seed', content('seed', seed))
  const args = values(1)
  writer.append('turn', content('turn', { fn: 'run', args, sender: null, cause: null, time: 7, made: [] }))
  await writer.flush()
  const fns: string[] = []
  for await (const event of readEvents(store, writer.chain, 1)) {
    if (event.content !== null && event.kind === 'turn') fns.push(event.content.fn)
  }
  expect(fns).toEqual(['run'])
})
