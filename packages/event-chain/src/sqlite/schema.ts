import type { DatabaseSync } from 'node:sqlite'
import { ChainError } from '../errors.ts'

/** `THTR`: tells a database of ours from any other. */
const applicationId = 0x54485452
const schemaVersion = 1

// `events` is ordered by insertion, with an index beside it: a table keyed by (chain, seq) is four times slower to append to.
const schema = `
  CREATE TABLE owner (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;
  INSERT INTO owner VALUES (1, 0);
  CREATE TABLE chains (
    id INTEGER PRIMARY KEY,
    chain BLOB NOT NULL UNIQUE,
    label TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    head BLOB NOT NULL,
    epoch INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    chain INTEGER NOT NULL REFERENCES chains (id),
    seq INTEGER NOT NULL,
    header BLOB NOT NULL,
    body BLOB
  ) STRICT;
  CREATE UNIQUE INDEX events_by_seq ON events (chain, seq);
  CREATE TABLE blobs (id INTEGER PRIMARY KEY, cid BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/**
 * Brings a database to our schema and takes the lease on it.
 *
 * @returns The owner epoch of this opening; null for a reader
 */
export function openDatabase(
  db: DatabaseSync,
  { synchronous, readOnly }: { readonly synchronous: 'normal' | 'full'; readonly readOnly: boolean },
): number | null {
  // The file may come from anybody: nothing in its schema may run code, and b-tree cells are checked.
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF')
  if (readOnly) {
    checkSchema(db)
    return null
  }
  // Before anything is written to it: the database may be another application's.
  if (!isEmpty(db)) checkSchema(db)
  // A commit writes the pages it touched into the log as a whole: with smaller ones an append takes half the time.
  db.exec('PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 2000')
  db.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`)
  db.exec('BEGIN IMMEDIATE')
  try {
    if (isEmpty(db)) db.exec(schema)
    checkSchema(db)
    const row = db.prepare('UPDATE owner SET epoch = epoch + 1 RETURNING epoch').get()
    const owner = row?.['epoch']
    if (typeof owner !== 'number') throw new ChainError('damaged', 'the database has lost its owner row')
    db.exec('COMMIT')
    return owner
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function pragma(db: DatabaseSync, name: string): unknown {
  return db.prepare(`PRAGMA ${name}`).get()?.[name]
}

function isEmpty(db: DatabaseSync): boolean {
  return pragma(db, 'schema_version') === 0
}

function checkSchema(db: DatabaseSync): void {
  if (pragma(db, 'application_id') !== applicationId) {
    throw new ChainError('unsupported', 'the database is not one of Theater')
  }
  const version = pragma(db, 'user_version')
  if (version !== schemaVersion) {
    throw new ChainError(
      'unsupported',
      `the database has schema ${String(version)}; this version reads ${schemaVersion}`,
    )
  }
}
