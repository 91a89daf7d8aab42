import { ChainError, messageOf } from '../errors.ts'
import type { ChainErrorCode } from '../errors.ts'

/** Runs something on the database and turns what SQLite throws into a ChainError. */
export function guard<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw toChainError(error)
  }
}

function toChainError(error: unknown): ChainError {
  if (ChainError.is(error)) return error
  const code = codeOf(error)
  return new ChainError(code, `${advice[code] ?? 'the database failed'} (${messageOf(error)})`, {
    cause: error,
  })
}

const advice: Partial<Record<ChainErrorCode, string>> = {
  busy: 'the database is locked by another process',
  damaged: 'the database is damaged',
  full: 'there is no room left on the disk',
  'read-only': 'the database cannot be written',
  'too-large': 'a block is larger than SQLite can hold',
  closed: 'the store was closed',
}

function codeOf(error: unknown): ChainErrorCode {
  if (typeof error !== 'object' || error === null) return 'io'
  if ('code' in error && error.code === 'ERR_INVALID_STATE') return 'closed'
  if (!('errcode' in error) || typeof error.errcode !== 'number') return 'io'
  // The primary result code is the low byte: https://sqlite.org/rescode.html
  switch (error.errcode & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return 'busy'
    case 8: // SQLITE_READONLY
      return 'read-only'
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return 'damaged'
    case 13: // SQLITE_FULL
      return 'full'
    case 18: // SQLITE_TOOBIG
      return 'too-large'
    default:
      return 'io'
  }
}
