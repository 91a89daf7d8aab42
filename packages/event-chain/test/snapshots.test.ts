import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChainError, memoryStore } from '../src/index.ts'
import type { CacheStore, Keeping } from '../src/index.ts'
import { discardSnapshot, keepSnapshot, keptSnapshot, readSnapshotFile, snapshotFile } from '../src/node.ts'
import { fill } from './sample.ts'

const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 100)

async function kept() {
  const store = memoryStore()
  const { chain, head } = await fill(store, 3)
  await keepSnapshot(store.caches, chain, { size: 3, head, bytes })
  return { store, chain, head }
}

/** Bytes that nothing makes smaller. */
function noise(length: number, seed: number): Uint8Array {
  const of = (n: number): Buffer => createHash('sha512').update(`${seed} ${n}`).digest()
  return Buffer.concat(Array.from({ length: Math.ceil(length / 64) }, (_, n) => of(n))).subarray(0, length)
}

/** The same caches, and all that is in them, and what they are told to keep. */
function watched(caches: CacheStore): CacheStore & {
  readonly all: Map<string, Keeping>
  fail: (thing: Keeping) => boolean
} {
  const all = new Map<string, Keeping>()
  const watching = {
    all,
    fail: (_thing: Keeping): boolean => false,
    kept: (chain: Uint8Array, kind: string) => caches.kept(chain, kind),
    async keep(things: readonly Keeping[]): Promise<void> {
      if (things.some((thing) => watching.fail(thing))) throw new ChainError('full', 'the disk is full')
      for (const thing of things) all.set(thing.kind, thing)
      await caches.keep(things)
    },
    async discard(chain: Uint8Array, kind: string): Promise<void> {
      all.delete(kind)
      await caches.discard(chain, kind)
    },
  }
  return watching
}

describe('a snapshot that is kept beside a chain', () => {
  it('comes back as it was, and takes less', async () => {
    const { store, chain, head } = await kept()
    const found = await keptSnapshot(store.caches, chain)
    expect(found).toMatchObject({ size: 3, head })
    expect(found?.kept).toBeLessThan(1000)
    expect(new Uint8Array((await found?.read(bytes.length)) ?? [])).toEqual(bytes)
    await expect(found?.read(bytes.length - 1)).rejects.toMatchObject({ code: 'too-large' })
    await discardSnapshot(store.caches, chain)
    expect(await keptSnapshot(store.caches, chain)).toBeUndefined()
  })

  it('may be of nothing, and of nothing is less than of one byte', async () => {
    const { store, chain, head } = await kept()
    const keep = async (length: number) => {
      await keepSnapshot(store.caches, chain, { size: 3, head, bytes: new Uint8Array(length) })
      return keptSnapshot(store.caches, chain)
    }
    expect(await (await keep(0))?.read(0)).toHaveLength(0)
    await expect((await keep(1))?.read(0)).rejects.toMatchObject({ code: 'too-large' })
  })

  it('can be carried elsewhere in a file', async () => {
    const { store, chain, head } = await kept()
    const other = await fill(store, 4, 'other')
    const file = await snapshotFile(store.caches, [other.chain, chain])
    expect(file.sizes).toEqual([null, 3])
    const [one, ...more] = readSnapshotFile(file.bytes)
    expect([one, more]).toMatchObject([{ chain, size: 3, head }, []])
    expect(new Uint8Array((await one?.read(bytes.length)) ?? [])).toEqual(bytes)
  })

  it('is refused in words of ours, whatever its file has', async () => {
    const { store, chain } = await kept()
    const file = await snapshotFile(store.caches, [chain])
    const read = async (changed: Uint8Array): Promise<unknown> => {
      try {
        for (const one of readSnapshotFile(changed)) await one.read(bytes.length)
      } catch (error) {
        return error
      }
      return undefined
    }
    expect(await read(file.bytes)).toBeUndefined()
    expect(await read(new Uint8Array(0))).toMatchObject({ code: 'unsupported' })
    const last = file.bytes.length - 1
    await fc.assert(
      fc.asyncProperty(fc.nat(last), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, by, cut) => {
        const changed = cut ? file.bytes.slice(0, at) : file.bytes.slice()
        if (!cut) changed[at] = (changed[at] ?? 0) ^ by
        const error = await read(changed)
        // Ids are held against the chain by whoever uses them.
        expect(error === undefined || ChainError.is(error)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a large snapshot', () => {
  const KB = 1024

  async function place() {
    const store = memoryStore()
    const { chain, head } = await fill(store, 9)
    return { caches: watched(store.caches), chain, head }
  }

  it('is kept in parts, one after the other, and each comes back as it was, whatever was there before', async () => {
    const { caches, chain, head } = await place()
    const one = fc.record({
      // In pieces of any length, what makes nothing of them and what makes little.
      lengths: fc.array(fc.integer({ min: 0, max: 300 * KB }), { minLength: 1, maxLength: 6 }),
      seed: fc.nat(),
      size: fc.integer({ min: 1, max: 9 }),
    })
    await fc.assert(
      fc.asyncProperty(one, async ({ lengths, seed, size }) => {
        const pieces = lengths.map((length, i) =>
          (seed + i) % 4 === 0 ? new Uint8Array(length).fill(i) : noise(length, seed + i),
        )
        const whole = Buffer.concat(pieces)
        await keepSnapshot(caches, chain, { size, head, bytes: pieces })
        const found = await keptSnapshot(caches, chain)
        expect(found?.size).toBe(size)
        expect(whole.equals((await found?.read(whole.length)) ?? new Uint8Array(0))).toBe(true)
        const file = await snapshotFile(caches, [chain])
        const [carried] = readSnapshotFile(file.bytes)
        expect(carried?.kept).toBe(found?.kept)
        expect(whole.equals((await carried?.read(whole.length)) ?? new Uint8Array(0))).toBe(true)
        for (const { bytes } of caches.all.values()) expect(bytes.length).toBeLessThanOrEqual(256 * KB)
      }),
      { numRuns: 40 },
    )
    await discardSnapshot(caches, chain)
    expect(await keptSnapshot(caches, chain)).toBeUndefined()
    expect([...caches.all.keys()]).toEqual([])
  })

  it('leaves nothing of one that was larger, also of one that never was whole', async () => {
    const { caches, chain, head } = await place()
    const keep = (length: number, seed: number): Promise<void> =>
      keepSnapshot(caches, chain, { size: 9, head, bytes: noise(length, seed) })
    await keep(900 * KB, 1)
    let parts = 0
    caches.fail = () => parts++ === 6
    await expect(keep(2000 * KB, 2)).rejects.toThrow('the disk is full')
    caches.fail = () => false
    await keep(700 * KB, 3)
    const found = await keptSnapshot(caches, chain)
    expect(await found?.read(700 * KB)).toEqual(noise(700 * KB, 3))
    expect([...caches.all.keys()].filter((kind) => kind.startsWith('snapshot 1'))).toHaveLength(3)
    await keep(10 * KB, 4)
    expect([...caches.all.keys()]).toEqual(['snapshot'])
  })

  it('replaces the one before when all of it is there, and no sooner', async () => {
    const { caches, chain, head } = await place()
    const first = noise(700 * KB, 1)
    await keepSnapshot(caches, chain, { size: 3, head, bytes: first })
    let left = 2
    caches.fail = () => left-- === 0
    const next = keepSnapshot(caches, chain, { size: 5, head, bytes: noise(1200 * KB, 2) })
    await expect(next).rejects.toMatchObject({ code: 'full' })
    const found = await keptSnapshot(caches, chain)
    expect(found?.size).toBe(3)
    expect(Buffer.from(first).equals((await found?.read(first.length)) ?? new Uint8Array(0))).toBe(true)
  })

  it('leaves nothing when it is thrown away, nor when a small one takes its place', async () => {
    const { caches, chain, head } = await place()
    for (const [n, kb] of [900, 1500, 600, 800].entries())
      await keepSnapshot(caches, chain, { size: n + 1, head, bytes: noise(kb * KB, n) })
    expect(caches.all.size).toBeGreaterThan(5)
    await keepSnapshot(caches, chain, { size: 8, head, bytes: noise(100 * KB, 9) })
    expect([...caches.all.keys()]).toEqual(['snapshot'])
    await keepSnapshot(caches, chain, { size: 9, head, bytes: noise(900 * KB, 9) })
    await discardSnapshot(caches, chain)
    expect([...caches.all.keys()]).toEqual([])
  })

  it.for([10, 700])(
    'leaves nothing where throwing it away was cut off, whatever comes next: %i KiB',
    async (kb) => {
      for (const done of [0, 3, 5, 8]) {
        const { caches, chain, head } = await place()
        const keep = (length: number, seed: number): Promise<void> =>
          keepSnapshot(caches, chain, { size: 9, head, bytes: noise(length * KB, seed) })
        for (const n of [1, 2]) await keep(1200, n)
        const discard = caches.discard.bind(caches)
        let left = done
        caches.discard = async (of, kind) => {
          if (left-- === 0) throw new ChainError('full', 'the disk is full')
          await discard(of, kind)
        }
        await expect(keep(10, 3)).rejects.toThrow('the disk is full')
        caches.discard = discard
        for (const n of [4, 5]) await keep(kb, n)
        expect(caches.all.size).toBe(kb === 10 ? 1 : 7)
      }
    },
  )

  it('is refused where a part is missing, of another one or damaged, and where what lists them is', async () => {
    const { caches, chain, head } = await place()
    const bytes = noise(900 * KB, 1)
    await keepSnapshot(caches, chain, { size: 3, head, bytes })
    const whole = [...caches.all.values()]
    const parts = whole.filter(({ kind }) => kind !== 'snapshot')
    expect(parts.length).toBeGreaterThan(3)
    const list = whole.find(({ kind }) => kind === 'snapshot') as Keeping
    const reads = async (): Promise<unknown> => {
      try {
        const found = await keptSnapshot(caches, chain)
        return found && Buffer.from(bytes).equals(await found.read(bytes.length))
      } catch (error) {
        return error
      }
    }
    const damaged = { code: 'damaged' }
    for (const part of parts) {
      await caches.discard(chain, part.kind)
      expect(await reads()).toMatchObject(damaged)
      await caches.keep([{ ...part, size: 2 }])
      expect(await reads()).toMatchObject(damaged)
      await caches.keep([{ ...part, bytes: part.bytes.subarray(1) }])
      expect(await reads()).toMatchObject(damaged)
      await caches.keep([part])
      expect(await reads()).toBe(true)
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(list.bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = list.bytes.with(at, (list.bytes[at] ?? 0) ^ by)
        await caches.keep([{ ...list, bytes: changed }])
        const found = await reads()
        // How many parts the other half has is of no use to whoever reads.
        expect(found === true || ChainError.is(found)).toBe(true)
      }),
    )
  })
})
