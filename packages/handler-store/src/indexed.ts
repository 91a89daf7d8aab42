import type { DatabaseSync } from 'node:sqlite'
import type { Chunk, Hash, LastChange, PutOutcome, SetOutcome, StoreBackend } from './backend.ts'
import { chunkSize, same, sizeOf } from './chunks.ts'
import { bytesOf, numberOf, transaction } from './database.ts'

/** Where the bytes of a blob are: its content's number in the index, and its hash. */
interface Place {
  readonly content: number
  readonly hash: Hash
}

/** Bytes that are written, and belong to nothing yet. */
interface Staged extends AsyncDisposable {
  /** Makes them those of a place. Called within the transaction that makes the index say so. */
  keep(place: Place): void
}

/** Keeps bytes for an index, which keeps all else. */
export interface Contents {
  /** Takes in the bytes of a blob, durably, outside of any transaction. */
  stage(hash: Hash, chunks: readonly Chunk[]): Promise<Staged>
  /** The bytes of chunks, from one on, as they are: fewer of them, or none, where they are lost. */
  read(place: Place, first: number, sizes: readonly number[]): Promise<readonly Uint8Array[]>
}

interface Row extends Place {
  readonly size: number
}

/** A backend that keeps bytes in `contents` and all else in a database: sizes, hashes of chunks, labels, quotas. */
export function indexed(db: DatabaseSync, contents: Contents): StoreBackend {
  const statements = prepare(db)
  const change = <T>(run: () => T): T => transaction(db, run)
  let ended = false

  function blobOf(namespace: string, hash: Hash): Row | undefined {
    const row = statements.blob.get(namespace, hash)
    if (row === undefined) return undefined
    return { content: numberOf(row['content']), hash, size: numberOf(row['size']) }
  }

  function usedBy(namespace: string): number {
    return numberOf(statements.space.get(namespace)?.['bytes'] ?? 0)
  }

  async function read(row: Row, first: number, count: number): Promise<readonly Chunk[]> {
    const sizes = Array.from({ length: count }, (_, i) => chunkSize(row.size, first + i))
    const hashes = statements.chunks.all(row.content, first, first + count)
    const bytes = await contents.read(row, first, sizes)
    return sizes.map((_, i) => ({
      // Without a hash it is damaged, whatever its bytes are.
      hash: bytesOf(hashes.find(({ n }) => n === first + i)?.['hash']) ?? new Uint8Array(),
      bytes: bytes[i] ?? new Uint8Array(),
    }))
  }

  /** Whether a namespace has just these chunks under a hash. */
  async function holds(namespace: string, hash: Hash, chunks: readonly Chunk[]): Promise<boolean> {
    const row = blobOf(namespace, hash)
    if (row === undefined || row.size !== sizeOf(chunks)) return false
    const there = await read(row, 0, chunks.length)
    return chunks.every((chunk, i) => same(chunk.hash, there[i]?.hash) && same(chunk.bytes, there[i]?.bytes))
  }

  return {
    async put(namespace, hash, chunks, { quota, now }): Promise<PutOutcome> {
      const intact = await holds(namespace, hash, chunks)
      if (intact && statements.touch.run(now, namespace, hash).changes > 0) return { tag: 'stored' }
      const size = sizeOf(chunks)
      const full = (): PutOutcome | undefined => {
        const used = usedBy(namespace)
        if (blobOf(namespace, hash) !== undefined || used + size <= quota) return undefined
        return { tag: 'full', left: Math.max(0, quota - used) }
      }
      // Asked before, so that what has no room is not written first.
      const hopeless = full()
      if (hopeless !== undefined) return hopeless
      await using staged = await contents.stage(hash, chunks)
      return change(() => {
        const refused = full()
        if (refused !== undefined) return refused
        statements.addSpace.run(namespace)
        const there = blobOf(namespace, hash)
        const content = there?.content ?? numberOf(statements.nextContent.get()?.['next'])
        statements.forgetChunks.run(content)
        for (const [n, chunk] of chunks.entries()) statements.addChunk.run(content, n, chunk.hash)
        staged.keep({ content, hash })
        statements.putBlob.run(namespace, hash, size, content, now)
        statements.addBytes.run(size - (there?.size ?? 0), namespace)
        return { tag: 'stored' }
      })
    },
    async size(namespace, hash) {
      return blobOf(namespace, hash)?.size
    },
    async chunks(namespace, hash, first, count) {
      const row = blobOf(namespace, hash)
      return row && read(row, first, count)
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
      return {
        name: String(row['name']),
        expected: bytesOf(row['expected']),
        value: bytesOf(row['value']),
        overtaken: row['overtaken'] === 1,
      }
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

function prepare(db: DatabaseSync) {
  return {
    addSpace: db.prepare('insert into spaces values (?, 0, 0) on conflict do nothing'),
    space: db.prepare('select bytes, labels from spaces where name = ?'),
    addBytes: db.prepare('update spaces set bytes = bytes + ? where name = ?'),
    setLabels: db.prepare('update spaces set labels = ? where name = ?'),
    blob: db.prepare('select content, size from blobs where space = ? and hash = ?'),
    putBlob: db.prepare('insert or replace into blobs values (?, ?, ?, ?, ?)'),
    touch: db.prepare('update blobs set touched = ? where space = ? and hash = ?'),
    nextContent: db.prepare('select coalesce(max(content), 0) + 1 as next from chunks'),
    chunks: db.prepare('select n, hash from chunks where content = ? and n >= ? and n < ?'),
    addChunk: db.prepare('insert or replace into chunks values (?, ?, ?)'),
    forgetChunks: db.prepare('delete from chunks where content = ?'),
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
