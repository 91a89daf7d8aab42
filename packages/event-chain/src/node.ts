/**
 * What Node does faster: sha-256, and salts from a pool of random bytes, files to read, snapshots compressed.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { open } from 'node:fs/promises'
import { saltLength } from './body.ts'
import type { CarSource } from './car/source.ts'
import type { Salts } from './linker.ts'

export { sha256 } from '@theater/values/node'
export { discardSnapshot, keepSnapshot, keptSnapshot, type KeptSnapshot } from './node/snapshots.ts'

/**
 * Makes a source of salts that asks the system for random bytes once per thousand salts.
 *
 * A salt is secret until its body is shown, so a pool belongs to one process and its bytes are never used twice.
 */
export function saltPool(): Salts {
  const length = 1024 * saltLength
  const pool = new Uint8Array(length)
  const salt = new Uint8Array(saltLength)
  let used = length
  return () => {
    if (used === length) {
      randomFillSync(pool)
      used = 0
    }
    for (let i = 0; i < saltLength; i++) salt[i] = pool[used++] as number
    return salt
  }
}

/** A file that is open for reading. */
export interface FileSource extends CarSource, AsyncDisposable {}

/** Opens a file for `openCar`. */
export async function fileSource(path: string): Promise<FileSource> {
  const file = await open(path, 'r')
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
