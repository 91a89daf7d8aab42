import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { memory } from '../src/index.ts'
import type { StoreBackend } from '../src/index.ts'
import { directory } from '../src/directory.ts'
import { sqlite } from '../src/sqlite.ts'

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'theater-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A path for a database that goes away with the test. */
export function temporaryFile(): string {
  return join(temporaryFolder(), 'store.db')
}

/** A backend that is closed with the test. */
function closed(backend: StoreBackend): StoreBackend {
  onTestFinished(() => backend[Symbol.asyncDispose]?.())
  return backend
}

/** A backend in which everything is answered by one function. */
export function only(answer: () => Promise<never>): StoreBackend {
  return {
    put: answer,
    size: answer,
    chunks: answer,
    begin: answer,
    upload: answer,
    uploaded: answer,
    append: answer,
    finish: answer,
    giveUp: answer,
    expire: answer,
    entry: answer,
    edit: answer,
    noted: answer,
    keys: answer,
    blobs: answer,
    forget: answer,
    sweep: answer,
    label: answer,
    set: answer,
    last: answer,
    list: answer,
  }
}

/** Every backend, as a test opens it. */
export const backends: readonly { readonly name: string; readonly open: () => StoreBackend }[] = [
  { name: 'memory', open: memory },
  { name: 'sqlite in memory', open: () => sqlite(':memory:') },
  { name: 'sqlite in a file', open: () => closed(sqlite(temporaryFile())) },
  { name: 'directory', open: () => closed(directory(temporaryFolder())) },
]
