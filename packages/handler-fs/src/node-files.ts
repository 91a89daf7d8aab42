import {
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  opendirSync,
  readSync,
  write,
  writeSync,
  type BigIntStats,
} from 'node:fs'
import { promisify } from 'node:util'
import type { OpenMode, Stat, Time } from './backend.ts'
import { errno } from './errors.ts'
import type { DescriptorType, DirectoryEntry } from './types.ts'

/*
 * What both of the host's backends do with a file that is open already.
 */

const fsyncAsync = promisify(fsync)
const fdatasyncAsync = promisify(fdatasync)
const writeAsync = promisify(write)

/** How much one write hands to the system, so that an abort is seen between two. */
const CHUNK = 1 << 20

export function statOf(stats: BigIntStats): Stat {
  return {
    type: typeOf(stats),
    device: stats.dev,
    inode: stats.ino,
    links: stats.nlink,
    size: stats.size,
    accessed: stats.atimeNs,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
    born: stats.birthtimeNs,
  }
}

export function fileStat(fd: number): Stat {
  return statOf(fstatSync(fd, { bigint: true }))
}

/** The methods that say what an object is: of a stat, or of an entry of a listing. */
interface Typed {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
  isFIFO(): boolean
  isSocket(): boolean
  isBlockDevice(): boolean
  isCharacterDevice(): boolean
}

function typeOf(object: Typed): DescriptorType {
  if (object.isFile()) return 'regular-file'
  if (object.isDirectory()) return 'directory'
  if (object.isSymbolicLink()) return 'symbolic-link'
  if (object.isFIFO()) return 'fifo'
  if (object.isSocket()) return 'socket'
  if (object.isBlockDevice()) return 'block-device'
  if (object.isCharacterDevice()) return 'character-device'
  return 'unknown'
}

/** Flags for opening a regular file: never a terminal of ours, never waiting, never through a link. */
export function openFlags(mode: OpenMode): number {
  const access = mode.write ? (mode.read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY
  // Not everywhere are all of them defined; an undefined one adds nothing.
  const durable = { no: 0, data: constants.O_DSYNC, all: constants.O_SYNC }[mode.durable]
  return access | durable | (mode.append ? constants.O_APPEND : 0) | constants.O_NONBLOCK | constants.O_NOCTTY
}

export function readFile(fd: number, length: number, offset: bigint): Uint8Array {
  // Not filled with zeros, which takes longer than to read: of what was not read nothing is handed on.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  let done = 0
  while (done < length) {
    const n = readSync(fd, bytes, done, length - done, offset + BigInt(done))
    if (n === 0) break
    done += n
  }
  return done === length ? bytes : bytes.slice(0, done)
}

export async function writeFile(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await writeAsync(
      fd,
      bytes,
      done,
      Math.min(CHUNK, bytes.length - done),
      offset + done,
    )
    done += bytesWritten
  }
}

export function writeFileNow(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
  }
}

/** The file MUST be open for appending: then the system finds the end and writes there in one step, whoever else appends. */
export function appendFileNow(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done)
}

export function truncateFile(fd: number, size: number): void {
  ftruncateSync(fd, size)
}

export async function syncFile(fd: number, what: 'data' | 'all'): Promise<void> {
  await (what === 'data' ? fdatasyncAsync(fd) : fsyncAsync(fd))
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Lists a directory of the host; `path` is the host's own, made by a backend. */
export function listDirectory(
  path: string,
  limit: number,
): { entries: DirectoryEntry[]; unnameable: number } {
  const entries: DirectoryEntry[] = []
  let unnameable = 0
  // @types/node leaves out that names are Buffers then.
  const directory = opendirSync(path, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 })
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entries.length + unnameable >= limit)
        throw errno('ENOMEM', `a directory of more than ${limit} entries`)
      let name: string
      try {
        name = UTF8.decode(entry.name as unknown as Uint8Array)
      } catch {
        unnameable++
        continue
      }
      entries.push({ name, type: typeOf(entry) })
    }
  } finally {
    directory.closeSync()
  }
  return { entries, unnameable }
}

/** A time as Node takes it. An invalid date is how libuv is told to leave a time as it is. */
export function nodeTime(time: Time): Date | number {
  if (time === 'keep') return new Date(Number.NaN)
  if (time === 'now') return Date.now() / 1000
  return Number(time / 1_000_000_000n) + Number(time % 1_000_000_000n) / 1e9
}
