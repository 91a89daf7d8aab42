/** Transpiled components kept in a folder. Whoever can write into that folder runs code in the host. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { ComponentError } from '../errors.ts'
import type { ComponentCache } from '../types.ts'
import { sealOf } from './seal.ts'

/**
 * Opens a cache in a folder of its own, which is made with mode 0700. A folder that others own or can write to is
 * refused: **who can write the cache owns the host**, because what it keeps is run as JavaScript.
 *
 * Entries are written to a file of another name and renamed, so a reader never sees half of one. Where there can be no key to seal them with, as in a
 * folder that is only read, nothing is kept, and nothing that is there is believed.
 */
export async function diskCache(folder: string): Promise<ComponentCache> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ComponentError('cache', `The cache folder ${folder} cannot be made: ${why(error)}.`, {
      cause: error,
    })
  }
  checkFolder(folder)
  const seal = sealOf(folder)
  if (seal === undefined) return { get: () => Promise.resolve(undefined), put: () => Promise.resolve() }
  return {
    seal,
    data: { encode: serialize, decode },
    async get(key) {
      try {
        return read(join(folder, file(key)))
      } catch (error) {
        throw new ComponentError('cache', `The cache in ${folder} cannot be read.`, { cause: error })
      }
    },
    async put(key, bytes) {
      const { open, rename, rm } = process.getBuiltinModule('node:fs').promises
      const path = join(folder, file(key))
      const temporary = `${path}.${randomBytes(8).toString('hex')}`
      try {
        const handle = await open(temporary, 'wx', 0o600)
        try {
          await handle.writeFile(bytes)
        } finally {
          await handle.close()
        }
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        // What is of no use and cannot be replaced, as in a folder that is only read now, is made each time.
        if (existsSync(path)) return
        throw new ComponentError('cache', `The cache in ${folder} cannot be written: ${why(error)}.`, {
          cause: error,
        })
      }
    },
  }
}

/** The most that an entry has: what is more nobody wrote here, and all of it would have to be read to find that. */
const MOST = 256 * 1024 * 1024

/** Nothing of a pipe, where one would wait for somebody who writes, or of a link: somebody else put them there. */
const HOW = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/** What opening says of what is none of ours: not there, a link, a socket. */
const absent: ReadonlySet<unknown> = new Set(['ENOENT', 'ELOOP', 'ENXIO'])

/** To have another thread do it takes a host that starts longer than to read it. */
function read(path: string): Uint8Array | undefined {
  let fd: number
  try {
    fd = openSync(path, HOW)
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.has(error.code)) return undefined
    throw error
  }
  try {
    const found = fstatSync(fd)
    return found.isFile() && found.size <= MOST ? readFileSync(fd) : undefined
  } finally {
    closeSync(fd)
  }
}

function decode(bytes: Uint8Array): unknown {
  try {
    return deserialize(bytes)
  } catch {
    // A later version of Node wrote it.
    return undefined
  }
}

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function file(key: string): string {
  if (!/^[0-9a-f]{64}$/.test(key)) throw new TypeError('a cache key is 64 hexadecimal digits')
  return `${key}.theater`
}

function checkFolder(folder: string): void {
  const found = lstatSync(folder)
  if (!found.isDirectory()) throw new ComponentError('cache', `${folder} is not a folder.`)
  if (process.getuid === undefined) return
  if (found.uid !== process.getuid()) {
    throw new ComponentError(
      'cache',
      `The cache folder ${folder} belongs to somebody else: use one of your own.`,
    )
  }
  if (found.mode & 0o077) chmodSync(folder, 0o700)
}
