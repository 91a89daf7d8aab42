import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../src/index.ts'
import type { Store } from '../src/index.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { storeLaws } from './store-laws.ts'

const folder = mkdtempSync(join(tmpdir(), 'event-chain-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0

const stores: [string, () => Store][] = [
  ['memory', memoryStore],
  ['SQLite in memory', () => sqliteStore(':memory:')],
  ['SQLite in a file', () => sqliteStore(join(folder, `${n++}.db`))],
  ['SQLite in a file, synced', () => sqliteStore(join(folder, `${n++}.db`), { synchronous: 'full' })],
]

describe.each(stores)('%s', (_, open) => {
  test.each(storeLaws)('$name', async (law) => {
    await expect(law.run(open)).resolves.toBeUndefined()
  })
})
