import type { DatabaseSync } from 'node:sqlite'
import type { Entry, EntryBackend } from './backend.ts'
import { bytesOf, numberOf, transaction } from './database.ts'
import { entryBytes } from './entry.ts'

/** Keeps entries of buckets in the database of the index: they are small, and whole in a row. */
export function indexedEntries(db: DatabaseSync): EntryBackend {
  const statements = prepare(db)

  function entryOf(namespace: string, bucket: string, key: string): Entry | undefined {
    const row = statements.entry.get(namespace, bucket, Buffer.from(key))
    if (row === undefined) return undefined
    return {
      value: bytesOf(row['value']) ?? new Uint8Array(),
      hash: bytesOf(row['hash']) ?? new Uint8Array(),
      version: numberOf(row['version']),
    }
  }

  return {
    async entry(namespace, bucket, key) {
      return entryOf(namespace, bucket, key)
    },
    async edit(namespace, bucket, edits, { writer, note }, quota) {
      return transaction(db, () => {
        statements.addSpace.run(namespace)
        const space = statements.space.get(namespace)
        let version = numberOf(space?.['version'])
        let bytes = numberOf(space?.['bytes'])
        const before = bytes
        const writes: (() => void)[] = []
        for (const { key, change } of edits) {
          const there = entryOf(namespace, bucket, key)
          const edit = change(there)
          if (edit === 'keep') continue
          const name = Buffer.from(key)
          bytes -= there === undefined ? 0 : entryBytes(key, there.value)
          if (edit === 'remove') {
            writes.push(() => statements.remove.run(namespace, bucket, name))
            continue
          }
          const next = ++version
          bytes += entryBytes(key, edit.value)
          writes.push(() => statements.put.run(namespace, bucket, name, edit.value, edit.hash, next))
        }
        if (bytes > before && bytes > quota) return { tag: 'full', left: Math.max(0, quota - before) }
        for (const write of writes) write()
        statements.setSpace.run(bytes, version, namespace)
        statements.note.run(namespace, writer, note(version))
        return { tag: 'stored' }
      })
    },
    async noted(namespace, writer) {
      const row = statements.noted.get(namespace, writer)
      return row === undefined ? undefined : String(row['note'])
    },
    async keys(namespace, bucket, after, limit) {
      // Nothing is before an empty key, and it is there only once.
      const rows =
        after === undefined
          ? statements.first.all(namespace, bucket, limit)
          : statements.next.all(namespace, bucket, Buffer.from(after), limit)
      return rows.map((row) => new TextDecoder().decode(bytesOf(row['key'])))
    },
  }
}

function prepare(db: DatabaseSync) {
  return {
    addSpace: db.prepare('insert into spaces values (?, 0, 0, 0) on conflict do nothing'),
    space: db.prepare('select bytes, version from spaces where name = ?'),
    setSpace: db.prepare('update spaces set bytes = ?, version = ? where name = ?'),
    entry: db.prepare('select value, hash, version from entries where space = ? and bucket = ? and key = ?'),
    put: db.prepare('insert or replace into entries values (?, ?, ?, ?, ?, ?)'),
    remove: db.prepare('delete from entries where space = ? and bucket = ? and key = ?'),
    first: db.prepare('select key from entries where space = ? and bucket = ? order by key limit ?'),
    next: db.prepare(
      'select key from entries where space = ? and bucket = ? and key > ? order by key limit ?',
    ),
    note: db.prepare('insert or replace into notes values (?, ?, ?)'),
    noted: db.prepare('select note from notes where space = ? and writer = ?'),
  }
}
