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
import { DatabaseSync } from 'node:sqlite'
import type { Change, Hash, LastChange, PutOutcome, SetOutcome, StoreBackend } from './backend.ts'

/** Marks the file as ours: `thst` in ASCII. */
const APPLICATION_ID = 0x7468_7374
const FORMAT = 1

const SCHEMA = `
  create table spaces (name text primary key, bytes integer not null, labels integer not null) without rowid;
  create table blobs (space text not null, hash blob not null, bytes blob not null, unique (space, hash));
  create table labels (space text not null, name text not null, hash blob not null, primary key (space, name)) without rowid;
  create table changes (space text not null, writer text not null, name text not null, expected blob, value blob,
    overtaken integer not null, primary key (space, writer)) without rowid;
  create index changes_of on changes (space, name);
`

/**
 * Opens a backend in a SQLite file and creates it where there is none. The file is written in WAL mode and synced at
 * each change: what an actor was told is stored survives a loss of power.
 *
 * @param path a file, or `:memory:`
 * @throws Error when the file is a database of something else, or of a newer format
 */
export function sqlite(path: string): StoreBackend {
  const db = open(path)
  const statements = prepare(db)
  let ended = false

  /** Runs a change as a transaction that nobody else is in. */
  function change<T>(run: () => T): T {
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

  return {
    async put(namespace, hash, bytes, quota): Promise<PutOutcome> {
      return change(() => {
        statements.addSpace.run(namespace)
        const used = numberOf(statements.space.get(namespace)?.['bytes'])
        const there = statements.sizeOf.get(bytes, namespace, hash)
        if (there !== undefined && there['same'] === 1) return { tag: 'stored' }
        const before = there === undefined ? 0 : numberOf(there['size'])
        const total = used + bytes.byteLength - before
        if (there === undefined && total > quota) return { tag: 'full', left: Math.max(0, quota - used) }
        statements.putBlob.run(namespace, hash, bytes)
        statements.setBytes.run(total, namespace)
        return { tag: 'stored' }
      })
    },
    async get(namespace, hash) {
      return bytesOf(statements.blob.get(namespace, hash)?.['bytes'])
    },
    async label(namespace, name) {
      return bytesOf(statements.label.get(namespace, name)?.['hash'])
    },
    async set(namespace, writer, { name, expected, value }, limit): Promise<SetOutcome> {
      return change(() => {
        statements.addSpace.run(namespace)
        const current = bytesOf(statements.label.get(namespace, name)?.['hash'])
        if (!same(current, expected)) return { tag: 'conflict', current }
        const count = numberOf(statements.space.get(namespace)?.['labels'])
        const after = count + (value === undefined ? 0 : 1) - (current === undefined ? 0 : 1)
        if (after > count && count >= limit) return { tag: 'full' }
        if (value === undefined) statements.removeLabel.run(namespace, name)
        else statements.putLabel.run(namespace, name, value)
        statements.setLabels.run(after, namespace)
        statements.overtake.run(namespace, name, writer)
        statements.remember.run(namespace, writer, name, expected ?? null, value ?? null)
        return { tag: 'set' }
      })
    },
    async last(namespace, writer): Promise<LastChange | undefined> {
      const row = statements.last.get(namespace, writer)
      if (row === undefined) return undefined
      const found: Change = {
        name: String(row['name']),
        expected: bytesOf(row['expected']),
        value: bytesOf(row['value']),
      }
      return { ...found, overtaken: row['overtaken'] === 1 }
    },
    async list(namespace, prefix, after, limit) {
      const rows = statements.list.all(namespace, prefix, prefix, after ?? '', limit)
      return rows.map((row) => String(row['name']))
    },
    async [Symbol.asyncDispose]() {
      if (ended) return
      ended = true
      db.close()
    },
  }
}

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5000 })
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off')
    // Two processes may open a new file at once: look and create in one transaction.
    db.exec('begin immediate')
    const id = numberOf(db.prepare('pragma application_id').get()?.['application_id'])
    const format = numberOf(db.prepare('pragma user_version').get()?.['user_version'])
    const tables = numberOf(db.prepare('select count(*) as n from sqlite_schema').get()?.['n'])
    if (id === 0 && format === 0 && tables === 0) {
      db.exec(`${SCHEMA} pragma application_id = ${APPLICATION_ID}; pragma user_version = ${FORMAT}`)
    } else if (id !== APPLICATION_ID) {
      throw new Error(`${path} is a database of something else; give the store a file of its own`)
    } else if (format !== FORMAT) {
      throw new Error(`${path} has format ${format}, this version knows ${FORMAT}; use a newer version`)
    }
    db.exec('commit')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function prepare(db: DatabaseSync) {
  return {
    addSpace: db.prepare('insert into spaces values (?, 0, 0) on conflict do nothing'),
    space: db.prepare('select bytes, labels from spaces where name = ?'),
    setBytes: db.prepare('update spaces set bytes = ? where name = ?'),
    setLabels: db.prepare('update spaces set labels = ? where name = ?'),
    sizeOf: db.prepare(
      'select length(bytes) as size, bytes = ? as same from blobs where space = ? and hash = ?',
    ),
    blob: db.prepare('select bytes from blobs where space = ? and hash = ?'),
    putBlob: db.prepare('insert or replace into blobs values (?, ?, ?)'),
    label: db.prepare('select hash from labels where space = ? and name = ?'),
    putLabel: db.prepare('insert or replace into labels values (?, ?, ?)'),
    removeLabel: db.prepare('delete from labels where space = ? and name = ?'),
    overtake: db.prepare('update changes set overtaken = 1 where space = ? and name = ? and writer <> ?'),
    remember: db.prepare('insert or replace into changes values (?, ?, ?, ?, ?, 0)'),
    last: db.prepare('select name, expected, value, overtaken from changes where space = ? and writer = ?'),
    // Text is compared by bytes unless it has another collation. No name has a character behind `~`.
    list: db.prepare(
      "select name from labels where space = ? and name >= ? and name < ? || '~' and name > ? order by name limit ?",
    ),
  }
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new Error('the database of the store is damaged: a number is missing')
  return value
}

/** What is not bytes is damage: never answered as if it were absent. */
function bytesOf(value: unknown): Hash | undefined {
  if (value === undefined || value === null) return undefined
  if (!(value instanceof Uint8Array))
    throw new Error('the database of the store is damaged: bytes are missing')
  return value
}

function same(a: Hash | undefined, b: Hash | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Buffer.from(a).equals(b)
}
