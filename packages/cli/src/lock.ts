import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { makeOwnFile } from '@theater/values/node'
import { unwritable } from './data-folder.ts'
import { CliError } from './errors.ts'

/**
 * Takes the lock of a data folder: at most one process runs its actors. The lease of the store would refuse the older
 * of two, in the middle of its turns; this refuses the younger, before it begins. SQLite holds it with a lock of the
 * operating system, so that it ends with the process, however that ends.
 *
 * @throws CliError `busy` with the other's process id, `read-only`
 */
export function takeLock(path: string, folder: string): Disposable {
  const db = opened(path, folder)
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    // In the file's header, where others can read it without the lock.
    db.exec(`PRAGMA user_version = ${process.pid}; COMMIT`)
  } catch (cause) {
    db.close()
    if (isRefused(cause)) throw unwritable(folder, cause)
    if (!isBusy(cause)) throw cause
    const pid = ownerOf(path)
    const who = pid === 0 ? 'another theater process' : `another theater process (${pid})`
    throw new CliError(
      'busy',
      `${who} runs the actors of ${folder}. Wait for it, end it, or name another folder with --data.`,
      { cause },
    )
  }
  return { [Symbol.dispose]: () => db.close() }
}

function opened(path: string, folder: string): DatabaseSync {
  // Whoever can read it can hold it.
  makeOwnFile(path)
  try {
    return new DatabaseSync(path, { timeout: 1000 })
  } catch (cause) {
    throw isRefused(cause) ? unwritable(folder, cause) : cause
  }
}

/** The primary result code: https://sqlite.org/rescode.html */
function resultOf(error: unknown): number | undefined {
  const known = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
  return known ? (error.errcode as number) & 0xff : undefined
}

function isBusy(error: unknown): boolean {
  return resultOf(error) === 5
}

/** Whether it is a file that may not be written, or not be made. */
function isRefused(error: unknown): boolean {
  const code = resultOf(error)
  return code === 8 || code === 14
}

/** `user_version` in the header of a SQLite file: https://sqlite.org/fileformat2.html#the_database_header */
function ownerOf(path: string): number {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(4)
      return readSync(file, bytes, 0, 4, 60) === 4 ? bytes.readInt32BE() : 0
    } finally {
      closeSync(file)
    }
  } catch {
    return 0
  }
}

/** Whether a process runs the actors of a data folder now. */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false
  const db = new DatabaseSync(path, { readOnly: true, timeout: 0 })
  try {
    db.exec('SELECT 1 FROM sqlite_schema')
    return false
  } catch (error) {
    return isBusy(error)
  } finally {
    db.close()
  }
}
