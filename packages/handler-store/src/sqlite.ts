/**
 * A backend of `@theater/handler-store` in one SQLite file, by `node:sqlite`.
 *
 * @example
 * import { store } from '@theater/handler-store'
 * import { sqlite } from '@theater/handler-store/sqlite'
 *
 * const handler = store({ backend: sqlite(':memory:') })
 *
 * @packageDocumentation
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Chunk, StoreBackend } from './backend.ts'
import { bytesOf, openDatabase } from './database.ts'
import { indexed } from './indexed.ts'
import type { Contents, Staged } from './indexed.ts'

/**
 * Opens a backend in a SQLite file and creates it where there is none. The file is written in WAL mode and synced at
 * each change: what an actor was told is stored survives a loss of power.
 *
 * @param path a file, or `:memory:`
 * @throws Error when the file is a database of something else, or of another format
 */
export function sqlite(path: string): StoreBackend {
  const db = openDatabase(path)
  return indexed(db, rows(db))
}

/** Bytes in the database itself, so that they are written with the index or not at all. */
function rows(db: DatabaseSync): Contents {
  const put = db.prepare('insert or replace into bytes values (?, ?, ?)')
  const forget = db.prepare('delete from bytes where content = ? and n >= ?')
  const read = db.prepare('select n, bytes from bytes where content = ? and n >= ? and n < ?')
  const staged = (first: number, chunks: readonly Chunk[]): Staged => ({
    keep({ content }) {
      forget.run(content, first)
      for (const [i, { bytes }] of chunks.entries()) put.run(content, first + i, bytes)
    },
    async [Symbol.asyncDispose]() {},
  })
  return {
    stage: async (_hash, chunks) => staged(0, chunks),
    stageMore: async (_place, first, chunks) => staged(first, chunks),
    // Both have their bytes under the same number.
    adopt() {},
    forget: (content) => void forget.run(content, 0),
    async gone() {},
    async sweep() {},
    async read({ content }, first, sizes) {
      const found = read.all(content, first, first + sizes.length)
      return sizes.map(
        (_, i) => bytesOf(found.find(({ n }) => n === first + i)?.['bytes']) ?? new Uint8Array(),
      )
    },
  }
}
