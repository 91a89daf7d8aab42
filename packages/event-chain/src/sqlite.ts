/**
 * Chains and blocks in one SQLite database, by `node:sqlite`.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'
import { makeOwnFile } from '@theater/values/node'
import { SqliteStore } from './sqlite/store.ts'
import { openDatabase } from './sqlite/schema.ts'
import { ChainError } from './errors.ts'
import { guard } from './sqlite/errors.ts'
import type { LoggedStore } from './store.ts'

/** How a {@link sqliteStore} is opened. */
export interface SqliteOptions {
  /** Opens an existing database beside its writer, and takes no lease. @default false */
  readonly readOnly?: boolean
  /** How long to wait for another process that is just writing, in milliseconds. @default 5000 */
  readonly busyTimeout?: number
}

/**
 * Opens a database, and makes it where there is none, for its owner alone (0600). Whoever had it open for writing before is refused from here on
 * with `stale`: one database has one writer, the last.
 *
 * @param path A file, or `:memory:`
 * @throws ChainError `damaged`, `unsupported`, `busy`, `full`, `read-only`, `io`
 *
 * @example
 * ```ts
 * await using store = sqliteStore('/var/lib/theater/theater.db')
 * for (const { label, size } of await store.list()) console.log(label, size)
 * ```
 */
export function sqliteStore(path: string, options: SqliteOptions = {}): LoggedStore {
  const { readOnly = false, busyTimeout = 5000 } = options
  return guard(() => {
    if (!readOnly) makeOwnFile(path)
    const db = new DatabaseSync(path, { readOnly, timeout: busyTimeout })
    try {
      return new SqliteStore(db, openDatabase(db, { readOnly }))
    } catch (error) {
      db.close()
      throw readOnly ? unreadable(error) : error
    }
  })
}

/** `SQLITE_READONLY`, and on a file system that is read-only as a whole `SQLITE_CANTOPEN`: https://sqlite.org/rescode.html */
const readOnlyCodes: ReadonlySet<number> = new Set([8, 14])

/** Who reads writes too: SQLite notes readers in a file beside the database, so that its writer leaves them what they read. */
function unreadable(error: unknown): unknown {
  const refused =
    error instanceof Error && 'errcode' in error && readOnlyCodes.has(Number(error.errcode) & 0xff)
  if (!refused) return error
  const message = 'the database can only be read where its folder can be written: copy it to another one'
  return new ChainError('read-only', message, { cause: error })
}
