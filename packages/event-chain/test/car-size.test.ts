import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeData } from '@theater/values'
import { afterAll, expect, test } from 'vitest'
import { exportCar, importCar, openCar } from '../src/car.ts'
import type { CarSource } from '../src/car.ts'
import { ChainWriter, verifyStructure } from '../src/index.ts'
import { fileSource, saltPool, sha256 } from '../src/node.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { held } from './held.ts'
import { content, genesis, seed } from './helpers.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-size-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a file of many megabytes is opened, checked, read and imported in a few', async () => {
  const file = join(folder, 'large.car')
  {
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
      for (let j = 0; j < 10; j++) {
        writer.append(
          'turn',
          content('turn', { fn: 'f', args, sender: null, cause: null, time: i, made: [] }),
        )
        writer.append('return', content('return', { result: encodeData([j]), fuel: null }))
      }
      await writer.flush()
    }
    await writeFile(file, exportCar(store, [writer.chain], { hash: sha256 }))
  }
  await using source = await fileSource(file)
  expect(source.size).toBeGreaterThan(12_000_000)
  held()
  const before = held()
  let most = 0
  let reads = 0
  const seen: CarSource = {
    size: source.size,
    read(offset, length) {
      if (reads++ % 100 === 0) most = Math.max(most, held() - before)
      return source.read(offset, length)
    },
  }
  const car = await openCar(seen, { hash: sha256 })
  const [chain] = car.chains
  if (chain?.result.ok !== true) throw new Error('it is intact')
  most = Math.max(most, held() - before)
  await verifyStructure(car.read(chain.result.chain), { blobs: car, hash: sha256 })
  await using store = sqliteStore(join(folder, 'other.db'))
  expect(await importCar(car, store, { hash: sha256 })).toMatchObject([{ added: true }])
  expect(reads).toBeGreaterThan(300)
  const limit = 10 * 2 ** 20
  expect(most).toBeLessThan(limit)
  // Whoever kept what is read would be found.
  const kept: unknown[] = []
  for await (const event of car.read(chain.result.chain)) kept.push(event)
  expect(held() - before).toBeGreaterThan(limit)
  expect(kept).toHaveLength(6002)
})
