import type { DatabaseSync } from 'node:sqlite'
import type {
  AppendOutcome,
  Chunk,
  Hash,
  LastChange,
  PutOutcome,
  SetOutcome,
  StoreBackend,
} from './backend.ts'
import { CHUNK_BYTES } from './backend.ts'
import { chunkSize, same, sha256, sizeOf } from './chunks.ts'
import { bytesOf, numberOf, transaction } from './database.ts'
import { indexedEntries } from './entries.ts'

/** Where bytes are: their number in the index, and the hash of the blob or the name of the upload that they are of. */
export interface Place {
  readonly content: number
  readonly of: Hash | string
}

/** Bytes that are written, and belong to nothing yet. */
export interface Staged extends AsyncDisposable {
  /** Makes them those of a place. Called within the transaction that makes the index say so. */
  keep(place: Place): void
}

/** Keeps bytes for an index, which keeps all else. */
export interface Contents {
  /** Takes in the bytes of a blob, durably, outside of any transaction. */
  stage(hash: Hash, chunks: readonly Chunk[]): Promise<Staged>
  /** Takes in bytes that go behind those of an upload, durably; those that are there already stay as they are. */
  stageMore(place: Place, first: number, chunks: readonly Chunk[]): Promise<Staged>
  /** Makes the bytes of an upload those of a blob. Called within the transaction that makes the index say so. */
  adopt(upload: Place, size: number, hash: Hash): void
  /** Called within the transaction that forgets them. */
  forget(content: number): void
  /** Called after it. Another namespace may have the blob still. */
  gone(place: Place): Promise<void>
  /** Removes what writes have left that were interrupted before a time. */
  sweep(before: number): Promise<void>
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
    return { content: numberOf(row['content']), of: hash, size: numberOf(row['size']) }
  }

  function uploadOf(namespace: string, name: string) {
    const row = statements.upload.get(namespace, name)
    if (row === undefined) return undefined
    const size = numberOf(row['size'])
    const hash = bytesOf(row['hash'])
    const content = hash === undefined ? numberOf(row['content']) : undefined
    const place: Row | undefined = content === undefined ? undefined : { content, of: name, size }
    return { size, touched: numberOf(row['touched']), hash, place }
  }

  function nextContent(): number {
    return numberOf(statements.nextContent.get()?.['next'])
  }

  function forget(content: number): void {
    statements.forgetChunks.run(content, 0)
    contents.forget(content)
  }

  /** Forgets uploads, within a transaction. What is left of them is to be told to `contents`. */
  function forgetUploads(namespace: string, names: readonly string[]): readonly Place[] {
    return names.flatMap((name) => {
      const { place } = uploadOf(namespace, name) ?? {}
      statements.removeUpload.run(namespace, name)
      if (place === undefined) return []
      forget(place.content)
      statements.addBytes.run(-place.size, namespace)
      return [place]
    })
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
    ...indexedEntries(db),
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
        const content = there?.content ?? nextContent()
        statements.forgetChunks.run(content, 0)
        for (const [n, chunk] of chunks.entries()) statements.addChunk.run(content, n, chunk.hash)
        staged.keep({ content, of: hash })
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
    async begin(namespace, upload, now, limit) {
      return change(() => {
        const count = numberOf(statements.countUploads.get(namespace)?.['n'])
        if (count >= limit) return false
        const content = nextContent()
        statements.addSpace.run(namespace)
        statements.addChunk.run(content, 0, sha256(new Uint8Array()))
        statements.addUpload.run(namespace, upload, content, now)
        return true
      })
    },
    async upload(namespace, upload) {
      const found = uploadOf(namespace, upload)
      return found && { size: found.size, touched: found.touched, hash: found.hash }
    },
    async uploaded(namespace, upload, first, count) {
      const { place } = uploadOf(namespace, upload) ?? {}
      return place && read(place, first, count)
    },
    async append(namespace, upload, first, chunks, { quota, now }): Promise<AppendOutcome> {
      const size = first * CHUNK_BYTES + sizeOf(chunks)
      const place = uploadOf(namespace, upload)?.place
      const refused = (there: Row | undefined): AppendOutcome | undefined => {
        if (there === undefined) return { tag: 'gone' }
        const used = usedBy(namespace)
        return used + size - there.size > quota ? { tag: 'full', left: Math.max(0, quota - used) } : undefined
      }
      const hopeless = refused(place)
      if (place === undefined || hopeless !== undefined) return hopeless ?? { tag: 'gone' }
      await using staged = await contents.stageMore(place, first, chunks)
      return change((): AppendOutcome => {
        const there = uploadOf(namespace, upload)?.place
        const no = refused(there)
        if (there === undefined || no !== undefined) return no ?? { tag: 'gone' }
        statements.forgetChunks.run(there.content, first)
        for (const [i, chunk] of chunks.entries())
          statements.addChunk.run(there.content, first + i, chunk.hash)
        staged.keep(there)
        statements.grow.run(size, now, namespace, upload)
        statements.addBytes.run(size - there.size, namespace)
        return { tag: 'stored' }
      })
    },
    async finish(namespace, upload, hash, now) {
      const place = change(() => {
        const found = uploadOf(namespace, upload)
        if (found?.place === undefined) return found
        const there = blobOf(namespace, hash)
        if (there !== undefined) forget(there.content)
        contents.adopt(found.place, found.size, hash)
        statements.putBlob.run(namespace, hash, found.size, found.place.content, now)
        statements.addBytes.run(-(there?.size ?? 0), namespace)
        statements.finish.run(hash, now, namespace, upload)
        return found
      })
      if (place?.place !== undefined) await contents.gone(place.place)
      return place !== undefined
    },
    async giveUp(namespace, upload) {
      for (const place of change(() => forgetUploads(namespace, [upload]))) await contents.gone(place)
    },
    async expire(namespace, before) {
      const names = statements.expired.all(namespace, before).map((row) => String(row['name']))
      if (names.length === 0) return 0
      for (const place of change(() => forgetUploads(namespace, names))) await contents.gone(place)
      return names.length
    },
    async blobs() {
      return statements.blobs.all().map((row) => ({
        namespace: String(row['space']),
        hash: bytesOf(row['hash']) ?? new Uint8Array(),
        size: numberOf(row['size']),
        touched: numberOf(row['touched']),
        labelled: row['labelled'] === 1,
      }))
    },
    async forget(namespace, hash, before) {
      const place = change(() => {
        const there = blobOf(namespace, hash)
        // Put again or named since it was listed: it stays.
        if (there === undefined || statements.removeBlob.run(namespace, hash, before).changes === 0)
          return undefined
        forget(there.content)
        statements.addBytes.run(-there.size, namespace)
        return there
      })
      if (place !== undefined) await contents.gone(place)
      return place !== undefined
    },
    async sweep(before) {
      const old = statements.allExpired.all(before)
      for (const row of old) {
        const gone = change(() => forgetUploads(String(row['space']), [String(row['name'])]))
        for (const place of gone) await contents.gone(place)
      }
      await contents.sweep(before)
      return old.length
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
    addSpace: db.prepare('insert into spaces values (?, 0, 0, 0) on conflict do nothing'),
    space: db.prepare('select bytes, labels from spaces where name = ?'),
    addBytes: db.prepare('update spaces set bytes = bytes + ? where name = ?'),
    setLabels: db.prepare('update spaces set labels = ? where name = ?'),
    blob: db.prepare('select content, size from blobs where space = ? and hash = ?'),
    putBlob: db.prepare('insert or replace into blobs values (?, ?, ?, ?, ?)'),
    touch: db.prepare('update blobs set touched = ? where space = ? and hash = ?'),
    nextContent: db.prepare('select coalesce(max(content), 0) + 1 as next from chunks'),
    chunks: db.prepare('select n, hash from chunks where content = ? and n >= ? and n < ?'),
    addChunk: db.prepare('insert or replace into chunks values (?, ?, ?)'),
    forgetChunks: db.prepare('delete from chunks where content = ? and n >= ?'),
    upload: db.prepare('select size, content, touched, hash from uploads where space = ? and name = ?'),
    countUploads: db.prepare('select count(*) as n from uploads where space = ?'),
    addUpload: db.prepare('insert into uploads values (?, ?, 0, ?, ?, null)'),
    grow: db.prepare('update uploads set size = ?, touched = ? where space = ? and name = ?'),
    finish: db.prepare(
      'update uploads set hash = ?, content = null, touched = ? where space = ? and name = ?',
    ),
    removeUpload: db.prepare('delete from uploads where space = ? and name = ?'),
    expired: db.prepare('select name from uploads where space = ? and touched < ?'),
    blobs: db.prepare(
      `select space, hash, size, touched, exists (select 1 from labels where labels.space = blobs.space
        and labels.hash = blobs.hash) as labelled from blobs order by space, hash`,
    ),
    removeBlob: db.prepare(
      `delete from blobs where space = ? and hash = ? and touched < ? and not exists (select 1 from labels
        where labels.space = blobs.space and labels.hash = blobs.hash)`,
    ),
    allExpired: db.prepare('select space, name from uploads where touched < ?'),
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
