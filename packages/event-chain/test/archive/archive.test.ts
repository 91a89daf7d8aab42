import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { cidOf } from '@theater/values'
import { afterAll, describe, expect, test } from 'vitest'
import { importCar, joinParts } from '../../src/car.ts'
import { decodeBody, memoryStore, readHere, verifyStructure } from '../../src/index.ts'
import type { LoggedStore } from '../../src/index.ts'
import { compareChain, HostLog, proveEvent, verifyEventProof, verifySeal } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { GrowingTree, leafHash } from '../../src/log/tree.ts'
import { inclusionPath } from '../../src/log/prover.ts'
import { treeAt } from '../../src/log/seal-part.ts'
import { sqliteStore } from '../../src/sqlite.ts'
import { archive, fileOf, key, LEAD, notes, open, sealOf, signed, textOf, turns } from './parts.ts'
import { fill } from '../sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-archive-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const fresh = (): string => join(folder, `${n++}.db`)
const LENGTH = 700

const stores: [string, () => LoggedStore][] = [
  ['memory', memoryStore],
  ['SQLite', () => sqliteStore(fresh())],
]
const archived = expect.objectContaining({ code: 'archived' })

/** The last place at or before an event where a part may begin. */
async function baseBefore(store: LoggedStore, chain: Uint8Array, seq: number): Promise<number> {
  const base = (await turns(store, chain)).findLast((at) => at <= seq)
  if (base === undefined) throw new Error('there is a turn')
  return base
}

describe.each(stores)('a chain in a store of %s', (_name, make) => {
  test('is archived in several parts, which join with what stays, and are put back to what it was', async () => {
    await using store = make()
    const chain = await signed(store, LENGTH)
    const [whole, text] = [await fileOf(store, chain), await textOf(store, chain)]
    const bases = [await baseBefore(store, chain, 300), await baseBefore(store, chain, 600)] as const
    const files: Uint8Array[] = []
    for (const base of bases) {
      files.push(await archive(store, chain, base))
      const info = await store.info(chain)
      expect(info).toMatchObject({ size: LENGTH, archived: { lead: LEAD, base } })
      expect(await store.archives.notes(chain)).toEqual(notes)
      expect(await textOf(store, chain, base)).toEqual(text.slice(base))
      expect(text.slice(0, LEAD)).toEqual(
        (await Array.fromAsync(store.read(chain, 0, LEAD))).map(() => expect.anything()),
      )
    }
    const parts = (await store.info(chain))?.archived?.parts
    expect(parts).toEqual([
      { from: LEAD, to: bases[0], file: `to-${bases[0]}.car` },
      { from: bases[0], to: bases[1], file: `to-${bases[1]}.car` },
    ])
    const tail = await fileOf(store, chain)
    const cars = await Promise.all([tail, ...files].map(open))
    for (const { chains, seal } of cars) {
      expect(chains.map(({ result, sealed }) => [result.ok, sealed?.matches])).toEqual([[true, true]])
      if (seal !== null) await verifySeal(seal, [key.verifier])
    }
    const given = await Promise.all(
      cars.map(async (car) => ({ store: car, info: (await car.list())[0] as never })),
    )
    const joined = await joinParts(given, { hash: sha256 })
    expect(joined.last).toBe(0)
    expect(joined.info.archived).toBeUndefined()
    expect(await textOf(joined.store, chain)).toEqual(text)
    const checked = await verifyStructure(joined.store.read(chain), {
      blobs: joined.store,
      unfinished: 'allow',
    })
    expect(checked).toMatchObject({ ok: true, size: LENGTH, withheld: null })

    for (const [i, bytes] of files.toReversed().entries()) {
      const car = await open(bytes)
      const from = [bases[0], LEAD][i]
      await store.archives.putBack(chain, blobsWith(car, chain, from))
    }
    expect((await store.info(chain))?.archived).toBeUndefined()
    expect(await textOf(store, chain)).toEqual(text)
    expect(Buffer.compare(await fileOf(store, chain), whole)).toBe(0)
    await expect(store.archives.putBack(chain, store.read(chain, 0, 1))).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  test('answers for each event that is gone with where it is, and for the others as before', async () => {
    await using store = make()
    const chain = await signed(store, LENGTH)
    const text = await textOf(store, chain)
    const base = await baseBefore(store, chain, 500)
    await archive(store, chain, base)
    const seqs = [LEAD, LEAD + 1, 255, 256, base - 1]
    for (const seq of seqs)
      await expect(Array.fromAsync(store.read(chain, seq, seq + 1))).rejects.toMatchObject({
        code: 'archived',
        index: seq,
        message: expect.stringContaining(`to-${base}.car`),
      })
    await expect(Array.fromAsync(store.read(chain))).rejects.toMatchObject({ code: 'archived', index: LEAD })
    await expect(Array.fromAsync(store.read(chain, 0, base))).rejects.toEqual(archived)
    expect(await Array.fromAsync(store.read(chain, 0, LEAD))).toHaveLength(LEAD)
    const info = await store.info(chain)
    if (info?.archived === undefined) throw new Error('it was archived')
    expect(await Array.fromAsync(readHere(store, info))).toHaveLength(LENGTH - base + LEAD)
    const result = await verifyStructure(readHere(store, info), {
      blobs: store,
      unfinished: 'allow',
      chain,
      archived: info.archived,
    })
    expect(result).toMatchObject({ ok: true, size: LENGTH, archived: { from: LEAD, to: base } })
    // It is not taken for a whole chain by anybody who does not know.
    expect(await verifyStructure(readHere(store, info), { blobs: store })).toMatchObject({
      index: LEAD,
      reason: 'seq',
    })
    for (const seq of [0, 1, LEAD - 1, base, base + 1, 511, 512, LENGTH - 1]) {
      const { event } = await verifyEventProof(await proveEvent(store, chain, seq), [key.verifier])
      expect([event.seq, text[seq]?.startsWith('8701')]).toEqual([seq, true])
    }
    await expect(proveEvent(store, chain, base - 1)).rejects.toEqual(archived)
  })

  test('goes on, is signed, and is what was signed', async () => {
    await using store = make()
    const chain = await signed(store, LENGTH)
    const base = await baseBefore(store, chain, LENGTH - 20)
    await archive(store, chain, base)
    const { entry } = (await sealOf(store, chain)).chains[0] ?? {}
    const [part] = (await sealOf(store, chain)).parts
    if (entry === undefined) throw new Error('it is signed')
    expect(await compareChain(store, entry, sha256, part)).toMatchObject({ matches: true })
    await (await HostLog.open({ store, key })).checkpoint()
    const car = await open(await fileOf(store, chain))
    expect(car.chains[0]).toMatchObject({ part: { begin: { size: base } }, sealed: { matches: true } })
    await expect(importCar(car, memoryStore())).rejects.toEqual(archived)
  })

  test('is archived only where a checkpoint is over it, some of it stays, and nobody did it meanwhile', async () => {
    await using store = make()
    const { chain } = await fill(store, 300)
    const removal = {
      lead: LEAD,
      from: LEAD,
      base: 200,
      last: new Uint8Array(32),
      leaves: [],
      file: 'f',
      notes,
    }
    const takeOut = (changes: object): Promise<void> =>
      store.archives.takeOut(chain, { ...removal, ...changes })
    await expect(takeOut({})).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('log'),
    })
    await (await HostLog.open({ store, key })).checkpoint()
    await expect(takeOut({ base: 300 })).rejects.toMatchObject({ code: 'invalid' })
    await expect(takeOut({ from: 100 })).rejects.toMatchObject({ code: 'conflict' })
    await expect(takeOut({ lead: 1, from: 1 })).rejects.toMatchObject({ code: 'invalid' })
    expect(await textOf(store, chain)).toHaveLength(300)
  })

  test('loses the blocks with it that nothing else links to, and gets them back', async () => {
    await using store = make()
    const chain = await signed(store, LENGTH)
    const other = await signed(store, 40, 'other', 5000)
    const block = async (id: Uint8Array): Promise<Uint8Array> => {
      for await (const { body } of store.read(id)) {
        const link = body === null ? null : decodeBody(body).link
        if (link !== null) return cidOf('dag-cbor', link.slice())
      }
      throw new Error('the story has one')
    }
    const [mine, theirs] = [await block(chain), await block(other)]
    const file = await archive(store, chain, await baseBefore(store, chain, 300))
    const genesis = await open(await fileOf(store, other))
    // The same content stands in the same block.
    expect(mine).toEqual(theirs)
    expect(await store.has(mine)).toBe(true)
    expect(genesis.chains[0]?.result.ok).toBe(true)
    await archive(store, other, await baseBefore(store, other, 35))
    expect(await store.has(mine)).toBe(false)
    await store.archives.putBack(chain, blobsWith(await open(file), chain, LEAD))
    expect(await store.has(mine)).toBe(true)
  })
})

test('a path tells the tree that it goes by, whatever the sizes', async () => {
  const leaf = (i: number): Uint8Array => leafHash(Uint8Array.of(i >>> 8, i))
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 600 }), fc.nat({ max: 599 }), async (size, at) => {
      const before = (at % size) + 1
      const subtree = async (level: number, index: number): Promise<Uint8Array> => {
        const tree = new GrowingTree()
        for (let i = 0; i < 2 ** level; i++) tree.append(leaf(index * 2 ** level + i))
        return tree.root
      }
      const [tree, expected] = [new GrowingTree(), new GrowingTree()]
      for (let i = 0; i < size; i++) {
        tree.append(leaf(i))
        if (i < before) expected.append(leaf(i))
      }
      const path = await inclusionPath(subtree, before - 1, size)
      const entry = { kind: 'chain', chain: new Uint8Array(32), epoch: 0, size, root: tree.root } as const
      // The leaf of an event is over its hash.
      const last = Uint8Array.of((before - 1) >>> 8, before - 1)
      const found = treeAt({ size: before, last, path }, entry, sha256)
      expect(found.edge).toEqual(expected.edge)
    }),
    { numRuns: 60 },
  )
})

/** The events of a file with the blocks that they link to, as they are put back. */
async function* blobsWith(
  car: Awaited<ReturnType<typeof open>>,
  chain: Uint8Array,
  from: number | undefined,
) {
  for await (const { header, body } of car.read(chain, from)) {
    const link = body === null ? null : decodeBody(body).link
    const cid = link === null ? undefined : cidOf('dag-cbor', link)
    const bytes = cid && (await car.get(cid))
    yield { header, body, blobs: cid === undefined || bytes === undefined ? [] : [{ cid, bytes }] }
  }
}
