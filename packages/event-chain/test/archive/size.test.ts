import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeData } from '@theater/values'
import { afterAll, expect, test } from 'vitest'
import { exportCar, joinParts, openCar, restorePart } from '../../src/car.ts'
import { ChainWriter, verifyStructure } from '../../src/index.ts'
import { HostLog, removalOf } from '../../src/log.ts'
import { fileSource, saltPool, sha256 } from '../../src/node.ts'
import { sqliteStore } from '../../src/sqlite.ts'
import { held } from '../held.ts'
import { content, genesis, seed } from '../helpers.ts'
import { key, sealOf } from './parts.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-part-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('many megabytes are archived, joined, and put back in a few', async () => {
  await using store = sqliteStore(join(folder, 'large.db'))
  const writer = ChainWriter.create({
    store,
    salts: saltPool(),
    hash: sha256,
    label: 'a',
    genesis: content('genesis', genesis()),
  })
  writer.append('seed', content('seed', seed))
  for (let i = 0; i < 300; i++) {
    const args = encodeData(['x'.repeat(i % 4 === 0 ? 40_000 : 12_000), i])
    for (let j = 0; j < 9; j++) {
      writer.append('turn', content('turn', { fn: 'f', args, sender: null, cause: null, time: i, made: [] }))
      writer.append('return', content('return', { result: encodeData([j]), fuel: null }))
    }
    await writer.flush()
  }
  const { chain, size } = writer
  const base = size - 2
  await (await HostLog.open({ store, key })).checkpoint()
  const file = join(folder, 'a.car')
  const limit = 14 * 2 ** 20
  held()
  const before = held()
  let most = 0
  let looks = 0
  const look = (): void => {
    if (looks++ % 50 === 0) most = Math.max(most, held() - before)
  }
  async function* seen<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      look()
      yield item
    }
  }
  const seal = await sealOf(store, chain, base)
  await writeFile(file, seen(exportCar(store, [chain], { hash: sha256, seal })))
  const notes = new Uint8Array(0)
  await store.archives.takeOut(
    chain,
    await removalOf(store, chain, { lead: 2, base, file, notes, hash: sha256 }),
  )
  await using source = await fileSource(file)
  expect(source.size).toBeGreaterThan(12_000_000)
  const car = await openCar(
    {
      size: source.size,
      read(offset, length) {
        look()
        return source.read(offset, length)
      },
    },
    { hash: sha256 },
  )
  const [part] = car.chains
  const [here, there] = [await store.info(chain), await car.info(chain)]
  if (part === undefined || here === undefined || there === undefined) throw new Error('it is there')
  const joined = await joinParts([
    { store, info: here },
    { store: car, info: there },
  ])
  expect(await verifyStructure(seen(joined.store.read(chain)), { hash: sha256, blobs: car })).toMatchObject({
    ok: true,
    size,
  })
  expect(await restorePart(car, part, store, { hash: sha256 })).toBe(base - 2)
  most = Math.max(most, held() - before)
  expect([looks > 1000, most < limit, most]).toEqual([true, true, expect.any(Number)])
  // Whoever kept what is read would be found.
  const kept: unknown[] = []
  for await (const event of store.read(chain)) kept.push(event)
  expect(held() - before).toBeGreaterThan(limit)
  expect(kept).toHaveLength(size)
})
