import { decodeBody, memoryStore } from '../../src/index.ts'
import type { LoggedStore } from '../../src/index.ts'
import { joinCars, restorePart } from '../../src/car.ts'
import { HostLog, SigningKey } from '../../src/log.ts'
import { sqliteStore } from '../../src/sqlite.ts'
import { cidOf } from '@theater/values'
import { expect, test } from 'vitest'
import { fill } from '../sample.ts'
import { archive, fileOf, key, open, signed, textOf, turns } from './parts.ts'

const LENGTH = 120

async function putBack(store: LoggedStore, bytes: Uint8Array): Promise<number> {
  const car = await open(bytes)
  const [one] = car.chains
  if (one === undefined) throw new Error('there is a part')
  return restorePart(car, one, store)
}

async function baseOf(store: LoggedStore, chain: Uint8Array): Promise<number> {
  return (await turns(store, chain)).at(-1) ?? 0
}

const stores: [string, () => LoggedStore][] = [
  ['memory', memoryStore],
  ['SQLite', () => sqliteStore(':memory:')],
]

test.each(stores)(
  'what was erased stays so when an older file is put back into a store of %s',
  async (_n, make) => {
    await using store = make()
    const chain = await signed(store, LENGTH)
    const base = await baseOf(store, chain)
    const before = await archive(store, chain, base)
    await putBack(store, before)
    const all = await Array.fromAsync(store.read(chain))
    const linked = all.flatMap(({ body }, seq) => {
      const link = body === null ? null : decodeBody(body).link
      return link === null || seq >= base ? [] : [{ seq, cid: cidOf('dag-cbor', link.slice()) }]
    })
    const [large] = linked
    if (large === undefined) throw new Error('the story has one')
    const seqs = [7, ...linked.filter(({ cid }) => Buffer.from(cid).equals(large.cid)).map(({ seq }) => seq)]
    await (await HostLog.open({ store, key })).redact(chain, seqs, { reason: 'asked for' })
    const text = await textOf(store, chain)
    await archive(store, chain, base)
    expect(await putBack(store, before)).toBeGreaterThan(0)
    expect(await textOf(store, chain)).toEqual(text)
    expect([text[7]?.endsWith(' '), await store.has(large.cid)]).toEqual([true, false])
  },
)

test('what somebody else says was erased is missing in the file, which is not put back', async () => {
  const [store, other] = [memoryStore(), memoryStore()]
  const chain = await signed(store, LENGTH)
  const base = await baseOf(store, chain)
  const file = await archive(store, chain, base)
  const theirs = await SigningKey.generate(key.verifier.name)
  await fill(other, LENGTH)
  await (await HostLog.open({ store: other, key: theirs })).redact(chain, [7], { reason: 'so I say' })
  const forged = await fileOf(other, chain, base)
  expect((await open(forged)).chains[0]).toMatchObject({ result: { ok: true, redacted: [7] } })
  await expect(putBack(store, forged)).rejects.toMatchObject({ code: 'archived', index: 7 })
  expect((await store.info(chain))?.archived?.base).toBe(base)
  expect(await putBack(store, file)).toBeGreaterThan(0)
})

test('of parts that are read together only the last one says what was erased', async () => {
  const [store, other] = [memoryStore(), memoryStore()]
  const chain = await signed(store, LENGTH)
  const base = await baseOf(store, chain)
  await archive(store, chain, base)
  const tail = await fileOf(store, chain)
  await fill(other, LENGTH)
  const theirs = await SigningKey.generate(key.verifier.name)
  await (await HostLog.open({ store: other, key: theirs })).redact(chain, [7], { reason: 'so I say' })
  const [car] = await joinCars([await open(tail), await open(await fileOf(other, chain, base))])
  expect(car?.chains).toMatchObject([{ result: { ok: true, withheld: 7, redacted: [] } }])
})
