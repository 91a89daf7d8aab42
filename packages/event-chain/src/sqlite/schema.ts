import type { DatabaseSync } from 'node:sqlite'
import { ChainError } from '../errors.ts'

/** `THTR`: tells a database of ours from any other. */
const applicationId = 0x54485452
const schemaVersion = 7

/** What each version of the schema adds to the one before; a database of an earlier one is brought on when it is opened for writing. */
const versions: readonly string[] = [
  // `events` is ordered by insertion, with an index beside it: a table keyed by (chain, seq) is four times slower to append to.
  `
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
  PRAGMA user_version = 1;
  `,
  // The host's log. A tree with the key 0 is the log's own, all others are of chains.
  `
  CREATE TABLE entries (id INTEGER PRIMARY KEY, chain INTEGER REFERENCES chains (id), bytes BLOB NOT NULL) STRICT;
  CREATE INDEX entries_by_chain ON entries (chain);
  CREATE TABLE trees (chain INTEGER PRIMARY KEY, size INTEGER NOT NULL, edge BLOB NOT NULL) STRICT;
  CREATE TABLE tiles (
    chain INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    root BLOB NOT NULL,
    PRIMARY KEY (chain, idx)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), note TEXT NOT NULL) STRICT;
  CREATE TABLE rotations (id INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
  PRAGMA user_version = 2;
  `,
  // How durable the events of a chain are to be; null where that is the host's choice.
  `
  ALTER TABLE chains ADD COLUMN durability TEXT;
  PRAGMA user_version = 3;
  `,
  // What is kept beside chains so that they need not be read from the start; throwing it away loses nothing.
  `
  CREATE TABLE kept (
    id INTEGER PRIMARY KEY,
    chain INTEGER NOT NULL REFERENCES chains (id),
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    head BLOB NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX kept_by_chain ON kept (chain, kind);
  PRAGMA user_version = 4;
  `,
  // Who cosigns the host's checkpoints.
  `
  CREATE TABLE witnesses (key TEXT PRIMARY KEY, url TEXT, note TEXT, code TEXT, message TEXT) STRICT, WITHOUT ROWID;
  PRAGMA user_version = 5;
  `,
  // Of a chain that came from elsewhere, the digest of its seal; null for one of this host.
  `
  ALTER TABLE chains ADD COLUMN origin BLOB;
  PRAGMA user_version = 6;
  `,
  // Of a chain with events in archive files, the first event behind them; and for each file which events it has, and what is kept of them.
  `
  ALTER TABLE chains ADD COLUMN archived INTEGER;
  CREATE TABLE archives (
    id INTEGER PRIMARY KEY,
    chain INTEGER NOT NULL REFERENCES chains (id),
    lead INTEGER NOT NULL,
    first INTEGER NOT NULL,
    next INTEGER NOT NULL,
    last BLOB NOT NULL,
    leaves BLOB NOT NULL,
    notes BLOB NOT NULL,
    file TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX archives_by_chain ON archives (chain, first);
  PRAGMA user_version = 7;
  `,
]

/** What is known of a database that was opened. */
export interface OpenedDatabase {
  /** The owner epoch of this opening; null for a reader. */
  readonly owner: number | null
  /** The version of its schema. */
  readonly version: number
  /** The file of its write-ahead log; undefined where it has none, so that every commit is as durable as it gets. */
  readonly wal: string | undefined
}

/** Brings a database to our schema and takes the lease on it. @throws ChainError */
export function openDatabase(db: DatabaseSync, { readOnly }: { readonly readOnly: boolean }): OpenedDatabase {
  // The file may come from anybody: nothing in its schema may run code, and b-tree cells are checked.
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF')
  if (readOnly) {
    if (isEmpty(db))
      throw new ChainError(
        'not-found',
        'there is nothing in the database: whoever made it ended before it was done',
      )
    return { owner: null, version: checkSchema(db), wal: undefined }
  }
  // Before anything is written to it: the database may be another application's.
  if (!isEmpty(db)) checkSchema(db)
  // A commit writes the pages it touched into the log as a whole: with smaller ones an append takes half the time.
  db.exec('PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 2000')
  // What is deleted is overwritten with zeros: bodies are erased for good.
  db.exec('PRAGMA secure_delete = ON')
  const file = db.location()
  const wal = file !== null && pragma(db, 'journal_mode') === 'wal' ? `${file}-wal` : undefined
  // The lease is on the disk before anything is done under it.
  db.exec('PRAGMA synchronous = FULL')
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const add of versions.slice(isEmpty(db) ? 0 : checkSchema(db))) db.exec(add)
    const row = db.prepare('UPDATE owner SET epoch = epoch + 1 RETURNING epoch').get()
    const owner = row?.['epoch']
    if (typeof owner !== 'number') throw new ChainError('damaged', 'the database has lost its owner row')
    db.exec('COMMIT')
    // What is to be on the disk is synced by the store, once for many commits. Without a log SQLite has to do it.
    if (wal !== undefined) db.exec('PRAGMA synchronous = NORMAL')
    return { owner, version: schemaVersion, wal }
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

/** The version of the database's schema. @throws ChainError `unsupported` */
function checkSchema(db: DatabaseSync): number {
  if (pragma(db, 'application_id') !== applicationId) {
    throw new ChainError('unsupported', 'the database is not one of Theater')
  }
  const version = pragma(db, 'user_version')
  if (typeof version !== 'number' || version < 1 || version > schemaVersion) {
    throw new ChainError(
      'unsupported',
      `the database has schema ${String(version)}; this version reads up to ${schemaVersion}`,
    )
  }
  return version
}
