import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ChainLinker, memoryStore } from '../src/index.ts'
import type { Store } from '../src/index.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { content, countingSalts, genesis } from './helpers.ts'
import { storeLaws } from './store-laws.ts'

const folder = mkdtempSync(join(tmpdir(), 'event-chain-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0

const stores: [string, () => Store][] = [
  ['memory', memoryStore],
  ['SQLite in memory', () => sqliteStore(':memory:')],
  ['SQLite in a file', () => sqliteStore(join(folder, `${n++}.db`))],
]

describe.each(stores)('%s', (_, open) => {
  test.each(storeLaws)('$name', async (law) => {
    await expect(law.run(open)).resolves.toBeUndefined()
  })
})

test('memory holds more events than a page of its index', async () => {
  const store = memoryStore()
  const linker = new ChainLinker({ epoch: 0, salts: countingSalts() })
  const events = [linker.link('genesis', content('genesis', genesis()))]
  for (let i = 1; i < 40_000; i++) events.push(linker.link('stop', new Uint8Array([0x81, 0x01])))
  const { head } = linker
  await store.create(linker.chain, 'long', { epoch: 0, events, head: head ?? new Uint8Array(32) })
  for (const from of [0, 63, 127, 16_382, 32_766, 39_998]) {
    const read: unknown[] = []
    for await (const { header } of store.read(linker.chain, from, from + 4)) read.push(header)
    expect(read).toEqual(events.slice(from, from + 4).map(({ header }) => header))
  }
})
