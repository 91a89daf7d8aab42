import { CarBlockIterator, CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import { cidOf, sha256 } from '@theater/values'
import { CID } from 'multiformats/cid'
import { sha256 as multihash } from 'multiformats/hashes/sha2'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { blobSource, carHeader, exportCar, importCar, openCar } from '../src/car.ts'
import { hex, INLINE_LIMIT, memoryStore, readEvents, verifyStructure } from '../src/index.ts'
import { fileSource } from '../src/node.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { blocksOf, bytesOf, carOf, exported, open } from './car-helpers.ts'
import type { CarBlock } from './car-helpers.ts'
import { component, wit } from './helpers.ts'
import { fill, sampleChain } from './sample.ts'

const LENGTH = 200
const store = memoryStore()
const chain = sampleChain(LENGTH)
let id: Uint8Array
let car: Uint8Array

beforeAll(async () => {
  id = (await fill(store, LENGTH)).chain
  car = await exported(store, id)
})

async function brokenAt(bytes: Uint8Array, n = 0): Promise<{ index: number; reason: string }> {
  const { result } = (await open(bytes)).chains[n] ?? {}
  if (result === undefined || result.ok) throw new Error('the chain was found intact')
  return result
}

function at<T>(items: readonly T[], i: number): T {
  const item = items[i]
  if (item === undefined) throw new Error(`no item ${i}`)
  return item
}

function flip(bytes: Uint8Array, at: number, mask = 0x01): Uint8Array {
  const out = bytes.slice()
  out[at] = (out[at] ?? 0) ^ mask
  return out
}

describe('an exported chain', () => {
  test('opens intact, and reads like a store', async () => {
    const file = await open(car)
    expect(file.chains).toMatchObject([
      {
        chain: id,
        label: 'counter',
        size: LENGTH,
        root: chain.at(-1)?.hash,
        result: { ok: true, size: LENGTH, withheld: null },
      },
    ])
    for (const [from, to] of [
      [0, LENGTH],
      [0, 1],
      [63, 66],
      [64, 65],
      [130, undefined],
      [LENGTH - 1, LENGTH],
      [LENGTH, LENGTH],
    ] as const) {
      const events = []
      for await (const event of file.read(id, from, to)) events.push(event)
      expect(events).toEqual(chain.slice(from, to).map(({ header, body }) => ({ header, body })))
    }
    expect(await verifyStructure(file.read(id), { blobs: file, unfinished: 'allow' })).toMatchObject({
      ok: true,
      size: LENGTH,
    })
    expect(await file.get(cidOf('raw', sha256(component)))).toEqual(component)
    expect(await file.get(cidOf('dag-cbor', sha256(wit)))).toEqual(wit)
    expect(await file.has(cidOf('raw', sha256(wit)))).toBe(false)
    expect(await file.find('counter')).toMatchObject({ size: LENGTH })
    expect(await file.list()).toHaveLength(1)
    let n = 0
    for await (const event of readEvents(file, id)) expect(event.seq).toBe(n++)
    expect(n).toBe(LENGTH)
  })

  test('is a CAR v1 file to @ipld/car, and every link leads to a block', async () => {
    const reader = await CarReader.fromBytes(car)
    expect(reader.version).toBe(1)
    const [root] = await reader.getRoots()
    let headers = 0
    let missing = 0
    const walk = async (cid: CID): Promise<void> => {
      const block = await reader.get(cid)
      if (block === undefined) {
        missing++
        return
      }
      expect((await multihash.digest(block.bytes)).bytes).toEqual(cid.multihash.bytes)
      if (cid.code !== dagCbor.code) return
      const value = dagCbor.decode(block.bytes)
      // A strict codec comes to the very same bytes.
      expect(hex(dagCbor.encode(value))).toEqual(hex(block.bytes))
      const links = (data: unknown): CID[] => {
        const link = CID.asCID(data)
        if (link !== null) return [link]
        return typeof data === 'object' && data !== null && !(data instanceof Uint8Array)
          ? Object.values(data).flatMap(links)
          : []
      }
      if (Array.isArray(value) && value.length === 7) headers++
      for (const link of links(value)) await walk(link)
    }
    await walk(root as CID)
    expect(headers).toBe(LENGTH)
    expect(missing).toBe(0)
    let blocks = 0
    for await (const { cid } of await CarBlockIterator.fromBytes(car)) if (await reader.has(cid)) blocks++
    expect(blocks).toBe((await blocksOf(car)).blocks.length)
  })

  test('comes in chunks that are the same bytes from any store', async () => {
    await using sqlite = sqliteStore(':memory:')
    await fill(sqlite, LENGTH)
    expect(await exported(sqlite, id)).toEqual(car)
  })

  test('may leave bodies and components out', async () => {
    const bytes = await bytesOf(
      exportCar(store, [id], { withhold: ({ kind }) => kind === 'seed', components: false }),
    )
    const file = await open(bytes)
    expect(file.chains[0]?.result).toMatchObject({ ok: true, withheld: 1 })
    expect(await file.has(cidOf('raw', sha256(component)))).toBe(false)
  })

  test('opens from a file on disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'event-chain-'))
    try {
      await writeFile(join(folder, 'a.car'), car)
      await using source = await fileSource(join(folder, 'a.car'))
      const file = await openCar(source, { unfinished: 'allow' })
      expect(file.chains[0]?.result.ok).toBe(true)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('imports into a store and exports from there as the same bytes', async () => {
    await using other = sqliteStore(':memory:')
    const [info] = await importCar(await open(car), other)
    expect(info).toMatchObject({ chain: id, label: 'counter', size: LENGTH })
    expect({ ...(await other.info(id)), added: true }).toEqual(info)
    expect(await exported(other, id)).toEqual(car)
    expect(await other.lease(id)).toBeGreaterThan(info?.epoch ?? Infinity)
    expect(await importCar(await open(car), other)).toMatchObject([{ added: false }])
    const broken = await open(flip(car, car.length - 1))
    await expect(importCar(broken, memoryStore())).rejects.toMatchObject({ code: 'broken' })
  })

  test('is refused where the chain ends inside a turn, unless that is allowed', async () => {
    const cut = memoryStore()
    const writer = await fill(cut, 6)
    const bytes = await exported(cut, writer.chain)
    expect((await open(bytes, { unfinished: 'refuse' })).chains[0]?.result).toMatchObject({
      ok: false,
      index: 6,
      reason: 'unfinished-turn',
    })
    expect((await open(bytes)).chains[0]?.result.ok).toBe(true)
  })
})

describe('tampering with the file is found at its index, for every event of a chain of 200', () => {
  test('a flipped byte in each block and in its CID', async () => {
    for (const { index, bytesAt, bytes } of (await blocksOf(car)).blocks) {
      for (const at of [bytesAt, bytesAt + (bytes.length >> 1), bytesAt + bytes.length - 1]) {
        expect(await brokenAt(flip(car, at, 1 + (at % 255)))).toMatchObject({ index, reason: 'digest' })
      }
      for (const at of [1, 2, 3, 4].map((n) => bytesAt - 8 * n)) {
        expect(await brokenAt(flip(car, at, 1 + (at % 255)))).toMatchObject({ index, reason: 'digest' })
      }
    }
  })

  test('each block dropped: a header is missed, anything else counts as withheld', async () => {
    const { start, blocks } = await blocksOf(car)
    const optional = [cidOf('raw', sha256(component)), cidOf('dag-cbor', sha256(wit))].map(hex)
    for (const [n, { index, cid, role }] of blocks.entries()) {
      const { result } = (await open(carOf(start, blocks.toSpliced(n, 1)))).chains[0] ?? {}
      // Nobody can tell what a body linked to without it.
      const linksOn = blocks[n + 1]?.role === 'blob' && role === 'body'
      const expected = optional.includes(hex(cid))
        ? { ok: true, withheld: null }
        : role === 'header'
          ? { ok: false, index }
          : linksOn
            ? { ok: false, index, reason: 'stray' }
            : { ok: true, withheld: index }
      expect(result).toMatchObject(expected)
    }
  })

  test('each block doubled, and a strange one behind each', async () => {
    const { start, blocks } = await blocksOf(car)
    const bytes = new Uint8Array([0x82, 1, 2])
    const strange = { ...at(blocks, 0), cid: cidOf('dag-cbor', sha256(bytes)), bytes }
    for (const [n, block] of blocks.entries()) {
      const { index, role } = block
      const doubled = await brokenAt(carOf(start, blocks.toSpliced(n, 0, block)))
      expect(doubled.index).toBe(role === 'header' ? index + 1 : index)
      // Before a body, or the content it links to, it stands in the place of that; after them, in that of the next header.
      const next = blocks[n + 1]
      const isOpen = role === 'header' || (next?.index === index && next.bytes.length > INLINE_LIMIT)
      const stray = await brokenAt(carOf(start, blocks.toSpliced(n + 1, 0, strange)))
      expect(stray).toMatchObject({ index: isOpen ? index : index + 1, reason: 'stray' })
    }
  })

  test('events dropped, doubled, swapped, spliced from another chain', async () => {
    const other = memoryStore()
    const { chain: otherId } = await fill(other, LENGTH, 'other', 7000)
    const foreign = (await blocksOf(await exported(other, otherId))).blocks
    const { start, blocks } = await blocksOf(car)
    const of = (list: readonly CarBlock[], from: number, to = from + 1): CarBlock[] =>
      list.filter(({ index }) => index >= from && index < to)
    for (let i = 0; i + 1 < LENGTH; i++) {
      const before = of(blocks, 0, i)
      const it = of(blocks, i)
      const next = of(blocks, i + 1)
      const after = of(blocks, i + 2, LENGTH)
      const found = async (...parts: CarBlock[][]): Promise<number> =>
        (await brokenAt(carOf(start, [...before, ...parts.flat()]))).index
      expect(await found(next, after)).toBe(i)
      expect(await found(it, it, next, after)).toBe(i + 1)
      expect(await found(next, it, after)).toBe(i)
      // The body of the next event after the header of this one.
      expect(await found([at(it, 0), at(next, 1), ...it.slice(2)], next, after)).toBe(i)
      // With another's genesis it is another chain, until the first event that is not of that one.
      expect(await found(of(foreign, i), next, after)).toBe(Math.max(i, 1))
      expect(await found(it, of(foreign, i + 1, LENGTH))).toBe(i + 1)
    }
  })

  test('a cut tail, with the old root', async () => {
    const { start, blocks } = await blocksOf(car)
    for (let i = 1; i < LENGTH; i += 1) {
      expect(
        await brokenAt(
          carOf(
            start,
            blocks.filter(({ index }) => index < i),
          ),
        ),
      ).toMatchObject({ index: i, reason: 'head' })
    }
  })
})

describe('several chains in one file', () => {
  test('each has its own verdict', async () => {
    const many = memoryStore()
    const ids = []
    for (const label of ['a', 'b', 'c']) ids.push((await fill(many, 20, label, ids.length * 1000)).chain)
    const bytes = await exported(many, ...ids)
    const file = await open(bytes)
    expect(file.chains.map(({ label, result }) => [label, result.ok])).toEqual([
      ['a', true],
      ['b', true],
      ['c', true],
    ])
    for (const [n, chainId] of ids.entries()) {
      const events = []
      for await (const event of readEvents(file, chainId)) events.push(event)
      expect(events).toHaveLength(20)
      expect(file.chains[n]?.chain).toEqual(chainId)
    }
    const { start, blocks } = await blocksOf(bytes)
    for (const [n, { chain: c, index, bytesAt }] of blocks.entries()) {
      const flipped = await open(flip(bytes, bytesAt))
      // The blocks that chains share stand with the first that links to them.
      const expected = [0, 1, 2].map((i) => (i === c ? index : null))
      expect(flipped.chains.map(({ result }) => (result.ok ? null : result.index))).toEqual(expected)
      expect(flipped.chains.map(({ root }) => root)).toEqual(file.chains.map(({ root }) => root))
      const cut = await open(carOf(start, blocks.slice(0, n)))
      expect(cut.chains).toHaveLength(3)
      // Without its last body a chain has a body withheld; without its last header it is broken.
      const lastBody = index === 19 && blocks[n]?.bytes[0] === 0x82
      expect(cut.chains.map(({ result }) => result.ok).filter(Boolean)).toHaveLength(lastBody ? c + 1 : c)
    }
    const without = await open(
      carOf(
        start,
        blocks.filter((b) => b.chain !== 1),
      ),
    )
    expect(without.chains.map(({ result }) => result.ok)).toEqual([true, true, false])
    const extra = await open(carOf(carHeader([chain.at(-1)?.hash as Uint8Array]), [...blocks]))
    expect(extra.chains.every(({ result }) => !result.ok)).toBe(true)
    const first = blocks.filter((b) => b.chain === 0)
    const twice = await open(carOf(start, [...first, ...blocks]))
    expect(twice.chains.map(({ result }) => result.ok)).toEqual([false, true, true])
  })
})

test('a file that somebody chose on a page is read in pieces', async () => {
  const asked: number[] = []
  const file = new Blob([car as Uint8Array<ArrayBuffer>])
  const source = blobSource({
    size: file.size,
    slice(start, end) {
      asked.push(Math.min(end, file.size) - start)
      return file.slice(start, end)
    },
  })
  const opened = await openCar(source, { unfinished: 'allow' })
  expect(opened.chains).toMatchObject([{ result: { ok: true }, size: LENGTH }])
  let read = 0
  for await (const { header } of opened.read(id)) {
    expect(header).toEqual(at(await Array.fromAsync(store.read(id, read, read + 1)), 0).header)
    read++
  }
  expect(read).toBe(LENGTH)
  expect(Math.max(...asked)).toBeLessThan(file.size)
  const end = await source.read(file.size - 3, 10)
  expect(end).toEqual(car.slice(-3))
})
