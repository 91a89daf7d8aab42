import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { carBlocks, openCar, bytesSource } from '../src/car.ts'
import { ChainError, hex, memoryStore, readEvents } from '../src/index.ts'
import type { Linked } from '../src/index.ts'
import { blocksOf, carOf, exported, open } from './car-helpers.ts'
import type { CarFile } from '../src/car.ts'
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

describe('a hostile file', () => {
  test('each byte of a small file, flipped: an error about the file, or broken at the event it is part of', async () => {
    const small = memoryStore()
    const writer = await fill(small, 12)
    const bytes = await exported(small, writer.chain)
    const { start, blocks } = await blocksOf(bytes)
    for (let at = start.length; at < bytes.length; at++) {
      const { index } = blocks.findLast(({ offset }) => offset <= at) ?? {}
      for (const mask of [0x01, 0x80, 0xff]) expect((await brokenAt(flip(bytes, at, mask))).index).toBe(index)
    }
    for (let at = 0; at < start.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const result = await open(flip(bytes, at, mask)).then(
          (file) => file.chains,
          (error: unknown) => error,
        )
        // A flipped root is another root: the chain does not come to it.
        const head = { result: { ok: false, index: 12, reason: 'head' } }
        expect(result).toMatchObject(Array.isArray(result) ? [head] : { code: 'bad-car' })
      }
    }
  })

  test('pieces of two files in any order: an error of ours, or chains that say what was written', async () => {
    const two = memoryStore()
    const ids = [(await fill(two, 20, 'a')).chain, (await fill(two, 20, 'b', 500)).chain]
    const bytes = await exported(two, ...ids)
    const small = fc.nat({ max: bytes.length })
    const piece = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(small, small).map(([a, b]) => bytes.slice(Math.min(a, b), Math.max(a, b))),
      },
      { weight: 2, arbitrary: small.map((end) => bytes.slice(0, end)) },
      { weight: 2, arbitrary: small.map((start) => bytes.slice(start)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }) },
    )
    const { blocks } = await blocksOf(bytes)
    const { start } = await blocksOf(bytes)
    const shuffled = fc.array(fc.constantFrom(...blocks), { maxLength: 60 }).map((some) => carOf(start, some))
    const cutUp = fc.array(piece, { maxLength: 4 }).map((some) => new Uint8Array(Buffer.concat(some)))
    await fc.assert(
      fc.asyncProperty(fc.oneof(cutUp, shuffled), async (hostile) => {
        const chains = await open(hostile).then(
          (file) => file.chains,
          (error: unknown) => error,
        )
        // Whatever comes out as intact is one of the two chains as a whole.
        const intact = Array.isArray(chains)
          ? (chains as CarFile['chains']).filter(({ result }) => result.ok)
          : []
        const found = intact.map(({ chain: one, size }) => [one === null ? '' : hex(one), size])
        expect(Array.isArray(chains) || ChainError.is(chains)).toBe(true)
        expect(ids.map((one) => [hex(one), 20])).toEqual(expect.arrayContaining(found))
      }),
      { numRuns: 300 },
    )
  })

  test('blocks as they stand there', async () => {
    const { blocks } = await blocksOf(car)
    const all = await Array.fromAsync(carBlocks(bytesSource(car)))
    expect(all.map(({ cid }) => hex(cid))).toEqual(blocks.map(({ cid }) => hex(cid)))
    await expect(Array.fromAsync(carBlocks(bytesSource(car.slice(0, -1))))).rejects.toMatchObject({
      reason: 'framing',
    })
    const { offset } = at(blocks, 5)
    const strange = flip(car, offset + 1)
    await expect(Array.fromAsync(carBlocks(bytesSource(strange)))).rejects.toMatchObject({
      reason: 'framing',
    })
  })

  test('cut at each byte', async () => {
    const small = memoryStore()
    const writer = await fill(small, 12)
    const bytes = await exported(small, writer.chain)
    const { start, blocks } = await blocksOf(bytes)
    for (let at = 0; at < bytes.length; at++) {
      const result = await open(bytes.slice(0, at)).then(
        ({ chains }) => chains[0]?.result,
        (error: unknown) => error,
      )
      // Exactly without the last block, which is a body, the chain is one with a body withheld.
      const withheld = at === blocks.at(-1)?.offset
      const cut = withheld ? { ok: true, withheld: 11 } : { ok: false }
      expect(result).toMatchObject(at < start.length ? { code: 'bad-car' } : cut)
    }
  })

  test('lengths and headers that ask for too much', async () => {
    const varint = (n: number) => {
      const out = []
      for (; n >= 0x80; n = Math.floor(n / 128)) out.push((n % 128) | 0x80)
      return [...out, n]
    }
    const { start } = await blocksOf(car)
    for (const bytes of [
      [],
      [0],
      [0x80, 0x00],
      varint(2 ** 40),
      [...varint(3), 0xa1, 0x60, 0x60],
      Array(20).fill(0xff),
    ]) {
      await expect(open(new Uint8Array(bytes))).rejects.toMatchObject({ code: 'bad-car' })
    }
    for (const bytes of [[0], [5, 1, 2, 3, 4, 5], varint(2 ** 45), Array(20).fill(0xff), varint(36)]) {
      expect(await brokenAt(new Uint8Array([...start, ...bytes]))).toMatchObject({
        index: 0,
        reason: 'framing',
      })
    }
    expect(await brokenAt(start)).toMatchObject({ index: 0, reason: 'missing' })
    const limited = await open(car, { maxBlock: 30_000 })
    expect(limited.chains[0]?.result).toMatchObject({
      ok: false,
      reason: 'framing',
      index: chain.findIndex((e: Linked) => e.blob),
    })
    expect((await open(car, { maxEvents: 7 })).chains[0]?.result).toMatchObject({
      ok: false,
      reason: 'too-large',
      index: 7,
    })
    await expect(open(car, { maxChains: 0 })).rejects.toMatchObject({ code: 'too-large' })
  })

  test('a source that changes after it was opened', async () => {
    let bytes = car
    const file = await openCar(
      { size: car.length, read: async (offset, length) => bytesSource(bytes).read(offset, length) },
      { unfinished: 'allow' },
    )
    bytes = car.slice(0, 2000)
    await expect(async () => {
      for await (const event of readEvents(file, id)) void event
    }).rejects.toMatchObject({ code: 'broken' })
  })
})
