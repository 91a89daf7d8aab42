import { beforeAll, describe, expect, test } from 'vitest'
import { importCars, joinCars, joinParts } from '../../src/car.ts'
import type { CarFile } from '../../src/car.ts'
import { memoryStore } from '../../src/index.ts'
import { HostLog, originSeal, removalOf, SigningKey, verifySeal } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { exportCar } from '../../src/car.ts'
import { bytesOf } from '../car-helpers.ts'
import { fill } from '../sample.ts'
import { lying } from './lying.ts'
import { archive, fileOf, key, LEAD, notes, open, sealOf, signed, textOf, turns } from './parts.ts'

const LENGTH = 200
let chain: Uint8Array
let text: string[]
let bases: [number, number]
let whole: Uint8Array
let parts: [first: Uint8Array, second: Uint8Array, tail: Uint8Array]
/** Another record, of which all is in one file. */
let other: Uint8Array

beforeAll(async () => {
  const store = memoryStore()
  chain = await signed(store, LENGTH)
  const otherChain = await signed(store, 20, 'other', 5000)
  other = await fileOf(store, otherChain)
  text = await textOf(store, chain)
  whole = await fileOf(store, chain)
  const all = await turns(store, chain)
  bases = [all.findLast((at) => at <= 90) ?? 0, all.findLast((at) => at <= 180) ?? 0]
  parts = [
    await archive(store, chain, bases[0]),
    await archive(store, chain, bases[1]),
    await fileOf(store, chain),
  ]
})

const joined = async (...files: readonly Uint8Array[]): Promise<readonly CarFile[]> =>
  joinCars(await Promise.all(files.map(open)), { hash: sha256 })

describe('files that are read together', () => {
  test('are whole records, in any order, and imported as such, with what is signed', async () => {
    const [first, second, tail] = parts
    for (const files of [
      [tail, first, second, other],
      [other, second, first, tail, tail],
      [first, whole, other],
    ]) {
      const store = memoryStore()
      const cars = await joined(...files)
      const imported = await importCars(cars, store, { hash: sha256 })
      expect(imported.map(({ label }) => label).toSorted()).toEqual(['counter', 'other'])
      const info = await store.info(chain)
      if (info === undefined) throw new Error('it was imported')
      expect([info.size, info.archived, await textOf(store, chain)]).toEqual([LENGTH, undefined, text])
      const seal = await originSeal(store, info)
      if (seal === undefined) throw new Error('it came with one')
      expect(await verifySeal(seal, [key.verifier])).toMatchObject({ by: { name: key.verifier.name } })
      const again = await bytesOf(exportCar(store, [chain], { hash: sha256, seal }))
      expect((await open(again)).chains).toMatchObject([{ part: null, sealed: { matches: true } }])
      expect(await importCars(await joined(...files), store)).toMatchObject([
        { added: false },
        { added: false },
      ])
    }
  })

  test('of which one is missing are refused, which says which events are', async () => {
    const [first, second, tail] = parts
    const cases: [readonly Uint8Array[], number, string][] = [
      [[tail], LEAD, `the events ${LEAD} to ${bases[1] - 1} of counter`],
      [[tail, second], LEAD, `the events ${LEAD} to ${bases[0] - 1}`],
      [[tail, first, other], bases[0], `the events ${bases[0]} to ${bases[1] - 1}`],
      [[first, second], bases[1], `what comes behind event ${bases[1] - 1}`],
      [[first], bases[0], `what comes behind event ${bases[0] - 1}`],
      [[second], LEAD, 'the events'],
    ]
    for (const [files, index, what] of cases)
      await expect(joined(...files)).rejects.toMatchObject({
        code: 'archived',
        index,
        message: expect.stringContaining(what),
      })
  })
})

test('all parts together are held against all that is signed, also what is before a seam', async () => {
  const store = memoryStore()
  const { chain: id } = await fill(store, LENGTH)
  const liar = lying(store, 7)
  const theirs = await SigningKey.generate('host.example/liar')
  await (await HostLog.open({ store: liar, key: theirs })).checkpoint()
  const seal = await sealOf(liar, id, bases[1])
  const first = await bytesOf(exportCar(store, [id], { hash: sha256, seal }))
  expect((await open(first)).chains).toMatchObject([{ result: { ok: true }, sealed: { matches: true } }])
  const taken = { lead: LEAD, base: bases[1], file: 'first.car', notes, hash: sha256 }
  await store.archives.takeOut(id, await removalOf(liar, id, taken))
  const all = await sealOf(liar, id)
  const rest = await bytesOf(exportCar(store, [id], { hash: sha256, seal: all }))
  // What is signed of its events is what they are, and it has none of those before.
  expect((await open(rest)).chains).toMatchObject([
    { part: { begin: { size: bases[1] } }, result: { ok: true }, sealed: { matches: true } },
  ])
  const [car] = await joined(first, rest)
  expect(car?.chains).toMatchObject([{ result: { ok: true }, sealed: { matches: false } }])
})

test('the beginnings of parts are the same too', async () => {
  const [first, , tail] = parts
  const [one, two] = await Promise.all([first, tail].map(open))
  if (one === undefined || two === undefined) throw new Error('they are there')
  const given = async (car: CarFile) => ({ store: car, info: (await car.list())[0] as never })
  const forged: CarFile = lying(two as never, LEAD - 1) as never
  await expect(joinParts([await given(one), await given(forged)])).rejects.toMatchObject({
    code: 'broken',
    index: LEAD - 1,
  })
})
