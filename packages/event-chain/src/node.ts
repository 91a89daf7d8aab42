/**
 * What Node does faster: sha-256, and salts from a pool of random bytes, files to read, snapshots compressed.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { saltLength } from './body.ts'
import type { CarSource } from './car/source.ts'
import type { Salts } from './linker.ts'

export { sha256 } from '@theater/values/node'
export {
  discardSnapshot,
  keepNoSnapshot,
  keepSnapshot,
  keptSnapshot,
  whyNoSnapshot,
  type KeepingSnapshot,
  type KeptSnapshot,
} from './node/snapshots.ts'
export { readSnapshotFile, snapshotFile, type CarriedSnapshot } from './node/snapshot-file.ts'

/**
 * Makes a source of salts that asks the system for random bytes once per thousand salts.
 *
 * A salt is secret until its body is shown, so a pool belongs to one process and its bytes are never used twice.
 */
export function saltPool(): Salts {
  const length = 1024 * saltLength
  const pool = new Uint8Array(length)
  let used = length
  const into = (out: Uint8Array, at: number): void => {
    if (used === length) {
      randomFillSync(pool)
      used = 0
    }
    for (let i = 0; i < saltLength; i++) out[at + i] = pool[used++] as number
  }
  const salt = new Uint8Array(saltLength)
  const next = (): Uint8Array => {
    into(salt, 0)
    return salt
  }
  return Object.assign(next, { into })
}

/** A file that is open for reading. */
export interface FileSource extends CarSource, AsyncDisposable {}

/** Opens a file for `openCar`. */
export async function fileSource(path: string): Promise<FileSource> {
  const file = await process.getBuiltinModule('node:fs').promises.open(path, 'r')
  try {
    const { size } = await file.stat()
    return {
      size,
      async read(offset, length) {
        const bytes = new Uint8Array(length)
        let read = 0
        while (read < length) {
          const { bytesRead } = await file.read(bytes, read, length - read, offset + read)
          if (bytesRead === 0) break
          read += bytesRead
        }
        return bytes.subarray(0, read)
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}
