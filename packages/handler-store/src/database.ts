import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Marks the file as ours: `thst` in ASCII. */
const APPLICATION_ID = 0x7468_7374
const FORMAT = 2

// A blob's content has a number of its own, so that what was uploaded becomes a blob without a byte being copied.
const SCHEMA = `
  create table spaces (name text primary key, bytes integer not null, labels integer not null, version integer not null) without rowid;
  create table blobs (space text not null, hash blob not null, size integer not null, content integer not null,
    touched integer not null, primary key (space, hash)) without rowid;
  create index blobs_by_hash on blobs (hash);
  create table chunks (content integer not null, n integer not null, hash blob not null, primary key (content, n)) without rowid;
  create table bytes (content integer not null, n integer not null, bytes blob not null, unique (content, n));
  create table uploads (space text not null, name text not null, size integer not null, content integer,
    touched integer not null, hash blob, primary key (space, name)) without rowid;
  create table entries (space text not null, bucket text not null, key blob not null, value blob not null, hash blob not null,
    version integer not null, unique (space, bucket, key));
  create table notes (space text not null, writer text not null, note text not null, primary key (space, writer)) without rowid;
  create table labels (space text not null, name text not null, hash blob not null, primary key (space, name)) without rowid;
  create index labels_by_hash on labels (space, hash);
  create table changes (space text not null, writer text not null, name text not null, expected blob, value blob,
    overtaken integer not null, primary key (space, writer)) without rowid;
  create index changes_of on changes (space, name);
`

/** SQLite makes files that everybody can read. */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch {
    // It is there, or SQLite says why it cannot be.
  }
}

/**
 * Opens a database of the store, and makes it where there is none, for its owner alone (0600). It is in WAL mode and synced at each change.
 *
 * @throws Error when the file is a database of something else, or of another format
 */
export function openDatabase(path: string): DatabaseSync {
  if (!/^$|^:memory:$|^file:/.test(path)) makeFile(path)
  const db = new DatabaseSync(path, { timeout: 5000 })
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off')
    // Two processes may open a new file at once: look and create in one transaction.
    transaction(db, () => {
      const id = numberOf(db.prepare('pragma application_id').get()?.['application_id'])
      const format = numberOf(db.prepare('pragma user_version').get()?.['user_version'])
      const tables = numberOf(db.prepare('select count(*) as n from sqlite_schema').get()?.['n'])
      if (id === 0 && format === 0 && tables === 0) {
        db.exec(`${SCHEMA} pragma application_id = ${APPLICATION_ID}; pragma user_version = ${FORMAT}`)
      } else if (id !== APPLICATION_ID) {
        throw new Error(`${path} is a database of something else; give the store a file of its own`)
      } else if (format > FORMAT) {
        throw new Error(`${path} has format ${format}, this version knows ${FORMAT}; use a newer version`)
      } else if (format < FORMAT) {
        throw new Error(`${path} has format ${format}, of before a release; this version knows ${FORMAT}`)
      }
    })
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Runs a change as a transaction that nobody else is in, in this process or in another one. */
export function transaction<T>(db: DatabaseSync, run: () => T): T {
  db.exec('begin immediate')
  try {
    const result = run()
    db.exec('commit')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}

/** A number of a row. What is none is damage. */
export function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new Error('the database of the store is damaged: a number is missing')
  return value
}

/** Bytes of a row, if there are any. What is not bytes is damage: never answered as if it were absent. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined
  if (!(value instanceof Uint8Array))
    throw new Error('the database of the store is damaged: bytes are missing')
  return value
}
