/**
 * A backend of `@theater/handler-store` in a folder: each blob a file under its hash, all else in a SQLite file beside them.
 *
 * @example
 * import { store } from '@theater/handler-store'
 * import { directory } from '@theater/handler-store/directory'
 *
 * const handler = store({ backend: directory('data/store') })
 *
 * @packageDocumentation
 */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import { constants, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Chunk, Hash, StoreBackend } from './backend.ts'
import { CHUNK_BYTES } from './backend.ts'
import { openDatabase, transaction } from './database.ts'
import { indexed } from './indexed.ts'
import type { Contents, Place } from './indexed.ts'

/**
 * Opens a backend in a folder and creates it where there is none, for its owner alone. What an actor was told is stored survives a
 * loss of power. Several processes may have it open.
 *
 * In the folder are `index.db`; `blobs/`, where a blob is the file `ab/cdef…` of its hash in hexadecimal, once for all
 * namespaces that have it; and `partial/`, for what is being written. A file that is not as the index says is damage.
 *
 * @param path a folder for it alone
 * @throws Error when the index is a database of something else, or of another format; what the file system throws
 */
export function directory(path: string): StoreBackend {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const db = openDatabase(join(path, 'index.db'))
  try {
    return indexed(db, files(path, db))
  } catch (error) {
    db.close()
    throw error
  }
}

function files(path: string, db: DatabaseSync): Contents {
  const uploading = db.prepare('select 1 from uploads where name = ?')
  const known = db.prepare('select 1 from blobs where hash = ?')
  const blobs = join(path, 'blobs')
  const partial = join(path, 'partial')
  mkdirSync(blobs, { recursive: true, mode: 0o700 })
  mkdirSync(partial, { recursive: true, mode: 0o700 })
  syncFolder(path)

  function fileOf(of: Hash | string): string {
    if (typeof of === 'string') return join(partial, `${of}.part`)
    const hex = Buffer.from(of).toString('hex')
    return join(blobs, hex.slice(0, 2), hex.slice(2))
  }

  /** Removes the file of a blob that no namespace has: within a transaction, so that none has it meanwhile. */
  function removeUnknown(hash: Hash): void {
    transaction(db, () => {
      if (known.get(hash) === undefined) rmSync(fileOf(hash), { force: true })
    })
  }

  /** Gives a file, that is synced, its name. Within a transaction, so that nobody takes it for one that nobody has. */
  function rename(temporary: string, hash: Hash): void {
    const file = fileOf(hash)
    const folder = dirname(file)
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolder(blobs)
    renameSync(temporary, file)
    syncFolder(folder)
  }

  return {
    async stage(hash, chunks) {
      const temporary = join(partial, `${randomUUID()}.tmp`)
      await writeNew(temporary, chunks)
      return {
        keep: () => rename(temporary, hash),
        // Of what was kept there is nothing left under this name.
        [Symbol.asyncDispose]: () => rm(temporary, { force: true }),
      }
    },
    async stageMore({ of }, first, chunks) {
      const file = fileOf(of)
      await writeAt(file, first * CHUNK_BYTES, chunks)
      if (first === 0) syncFolder(partial)
      // What is behind the end that the index knows is not there.
      return { keep() {}, async [Symbol.asyncDispose]() {} }
    },
    adopt({ of }, size, hash) {
      // What is behind was written by a call that came to nothing.
      if (size === 0) closeSync(openSync(fileOf(of), 'a', 0o600))
      truncateSync(fileOf(of), size)
      // The upload keeps its file until the index says that it is finished: a crash in between loses nothing.
      const temporary = join(partial, `${randomUUID()}.tmp`)
      linkSync(fileOf(of), temporary)
      rename(temporary, hash)
      // Two names of one file are not renamed into each other.
      rmSync(temporary, { force: true })
    },
    forget() {},
    async gone({ of }: Place) {
      if (typeof of === 'string') await rm(fileOf(of), { force: true })
      else removeUnknown(of)
    },
    async sweep(before) {
      for (const name of await readdir(partial)) {
        const file = join(partial, name)
        const upload = /^(.*)\.part$/.exec(name)?.[1]
        const inUse = upload !== undefined && uploading.get(upload) !== undefined
        if (!inUse && (await isOlder(file, before))) await rm(file, { force: true })
      }
      for (const folder of await readdir(blobs)) {
        for (const name of await readdir(join(blobs, folder))) {
          const hash = Buffer.from(`${folder}${name}`, 'hex')
          // What is not named as a blob is not ours to remove.
          if (hash.byteLength !== 32 || fileOf(hash) !== join(blobs, folder, name)) continue
          if (known.get(hash) === undefined && (await isOlder(fileOf(hash), before))) removeUnknown(hash)
        }
      }
    },
    read: ({ of }, first, sizes) => readChunks(fileOf(of), first, sizes),
  }
}

/** Whether a file was last written before a time. What is gone meanwhile is not. */
async function isOlder(file: string, before: number): Promise<boolean> {
  try {
    return (await stat(file)).mtimeMs < before
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Writes a file that is not there, to the disk. */
async function writeNew(file: string, chunks: readonly Chunk[]): Promise<void> {
  await using handle = await open(file, 'wx', 0o600)
  for (const { bytes } of chunks) await handle.writeFile(bytes)
  await handle.sync()
}

/** Writes into a file from a place on, to the disk. */
async function writeAt(file: string, position: number, chunks: readonly Chunk[]): Promise<void> {
  await using handle = await open(file, constants.O_WRONLY | constants.O_CREAT, 0o600)
  let at = position
  for (const { bytes } of chunks) {
    for (let written = 0; written < bytes.byteLength;) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.byteLength - written, at + written)
      written += bytesWritten
    }
    at += bytes.byteLength
  }
  await handle.sync()
}

/** Reads chunks of a file. What is behind its end, and all of a file that is gone, is no bytes. */
async function readChunks(
  file: string,
  first: number,
  sizes: readonly number[],
): Promise<readonly Uint8Array[]> {
  try {
    await using handle = await open(file, 'r')
    const chunks: Uint8Array[] = []
    for (const [i, size] of sizes.entries()) {
      const bytes = new Uint8Array(size)
      const { bytesRead } = await handle.read(bytes, 0, size, (first + i) * CHUNK_BYTES)
      chunks.push(bytes.subarray(0, bytesRead))
    }
    return chunks
  } catch (error) {
    if (isAbsent(error)) return sizes.map(() => new Uint8Array())
    throw error
  }
}

/** Makes what a folder lists survive a loss of power. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
