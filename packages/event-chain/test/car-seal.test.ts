import { CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import { beforeAll, describe, expect, test } from 'vitest'
import { exportCar, importCar } from '../src/car.ts'
import { ChainWriter, memoryStore } from '../src/index.ts'
import { HostLog, makeSeal, SigningKey, verifySeal } from '../src/log.ts'
import type { Seal } from '../src/log.ts'
import { sha256 } from '../src/node.ts'
import { bytesOf, open } from './car-helpers.ts'
import { content, countingSalts, genesis, seed } from './helpers.ts'

const key = await SigningKey.generate('host.example/theater')
const store = memoryStore()
const badCar = expect.objectContaining({ code: 'bad-car' })
let a: ChainWriter
let b: ChainWriter
let seal: Seal
let car: Uint8Array

function begin(label: string, salt: number, length: number, into = store): Promise<ChainWriter> {
  const salts = countingSalts(salt)
  const writer = ChainWriter.create({
    store: into,
    salts,
    label,
    genesis: content('genesis', genesis({ actor: label })),
  })
  writer.append('seed', content('seed', seed))
  return goOn(writer, length - 2)
}

async function goOn(writer: ChainWriter, length: number, why = 'over'): Promise<ChainWriter> {
  for (let i = 0; i < length; i++) writer.append('grant', content('grant', { grants: { why } }))
  await writer.flush()
  return writer
}

function exported(
  chains: readonly ChainWriter[],
  given: Seal | undefined,
  from = store,
): Promise<Uint8Array> {
  const ids = chains.map(({ chain }) => chain)
  return bytesOf(exportCar(from, ids, { hash: sha256, seal: given }))
}

beforeAll(async () => {
  const log = await HostLog.open({ store, key })
  a = await begin('a', 0, 4)
  b = await begin('b', 1000, 300)
  await log.checkpoint()
  await goOn(b, 5)
  const made = await makeSeal(store, [a.chain, b.chain])
  if (made === undefined) throw new Error('there is a checkpoint')
  seal = made
  car = await exported([a, b], seal)
})

const states = async (bytes: Uint8Array) =>
  (await open(bytes)).chains.map(({ label, sealed, result }) => [
    label,
    result.ok,
    sealed && [sealed.entry.size, sealed.matches],
  ])

describe('a sealed file', () => {
  test('says of each chain whether it is what was signed, and by whom', async () => {
    const file = await open(car)
    expect(await states(car)).toEqual([
      ['a', true, [4, true]],
      ['b', true, [300, true]],
    ])
    expect(file.seal).toEqual(seal)
    expect((await verifySeal(file.seal as Seal, [key.verifier])).by.equals(key.verifier)).toBe(true)
  })

  test('says nothing of chains that are not under the checkpoint, and is as good without', async () => {
    const c = await begin('c', 2000, 3)
    expect(await states(await exported([c, a], seal))).toEqual([
      ['c', true, null],
      ['a', true, [4, true]],
    ])
    const plain = await exported([a], undefined)
    expect((await open(plain)).seal).toBeNull()
    expect(await states(plain)).toEqual([['a', true, null]])
  })

  test('shows that the end of a chain was cut off, or that it was written anew', async () => {
    const other = memoryStore()
    await begin('a', 0, 3, other).then((cut) => expect(cut.chain).toEqual(a.chain))
    const forged = await begin('b', 1000, 290, other)
    await goOn(forged, 20, 'never')
    expect(forged.chain).toEqual(b.chain)
    expect(await states(await exported([a, b], seal, other))).toEqual([
      ['a', true, [4, false]],
      ['b', true, [300, false]],
    ])
  })

  test('with a seal that was changed is none, or is found by its signature', async () => {
    const first = (await open(car)).chains.length
    expect(first).toBe(2)
    const { length } = (await Array.fromAsync((await CarReader.fromBytes(car)).blocks()))[0]?.bytes ?? []
    const from = car.indexOf(0xa4)
    for (let at = from; at < from + (length ?? 0); at += 7) {
      const bad = car.slice()
      bad[at] = (bad[at] as number) ^ 1
      const outcome = await open(bad).then(
        ({ chains }) => chains.some(({ result }) => !result.ok),
        (error: unknown) => error,
      )
      expect([true, badCar]).toContainEqual(outcome)
    }
    // Under its right name another seal is what whoever made it signed.
    const mine = await SigningKey.generate('host.example/theater')
    const log = memoryStore()
    await begin('a', 0, 4, log)
    await (await HostLog.open({ store: log, key: mine })).checkpoint()
    const file = await open(await exported([a], await makeSeal(log, [a.chain])))
    expect(file.chains[0]?.sealed?.matches).toBe(true)
    await expect(verifySeal(file.seal as Seal, [key.verifier])).rejects.toMatchObject({
      code: 'bad-signature',
    })
  })

  test('whose first block only looks like a seal is none', async () => {
    const { roots } = await CarReader.fromBytes(car).then(async (reader) => ({
      roots: await reader.getRoots(),
    }))
    expect(roots).toHaveLength(3)
    const fake = { ...seal, note: 'nothing' }
    expect((await open(await exported([a], fake))).seal).toEqual(fake)
    await expect(verifySeal(fake, [key.verifier])).rejects.toMatchObject({ code: 'bad-note' })
  })

  test('is walked by other tools, from its seal as from its heads', async () => {
    const reader = await CarReader.fromBytes(car)
    const [root] = await reader.getRoots()
    const block = root && (await reader.get(root))
    expect(block && dagCbor.decode(block.bytes)).toMatchObject({ seal: 1, note: seal.note, rotations: [] })
  })

  test('is imported, and leaves the log of the store alone', async () => {
    const into = memoryStore()
    expect(await importCar(await open(car), into)).toMatchObject([{ label: 'a' }, { label: 'b' }])
    expect((await into.hostLog.log()).size).toBe(0)
  })
})
