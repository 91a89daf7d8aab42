import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { memory } from '../src/index.ts'
import type { StoreBackend } from '../src/index.ts'
import { sqlite } from '../src/sqlite.ts'

/** A path for a database that goes away with the test. */
export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'theater-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'store.db')
}

/** Every backend, as a test opens it. */
export const backends: readonly { readonly name: string; readonly open: () => StoreBackend }[] = [
  { name: 'memory', open: memory },
  { name: 'sqlite in memory', open: () => sqlite(':memory:') },
  {
    name: 'sqlite in a file',
    open: () => {
      const backend = sqlite(temporaryFile())
      onTestFinished(() => backend[Symbol.asyncDispose]?.())
      return backend
    },
  },
]
