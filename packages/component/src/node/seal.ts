/** What tells the entries that a host wrote into its cache from those that somebody else did. */
import { createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const KEY_LENGTH = 32

/** What an engine accepts, and what others check with it, goes with its version and what it was told of WebAssembly. */
function thisEngine(): string {
  const told = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
  const { v8 } = process.versions
  return [v8, process.arch, ...told.filter((option) => /wasm(?!.stack)/.test(option))].join(' ')
}

/**
 * Answers how a cache seals what it keeps, with a key of its own in its folder, of mode 0600, which is made where there is none; `undefined`
 * where there cannot be one, as in a folder that is read alone.
 *
 * A seal is also of the file that the key is in: of a folder that was copied, or unpacked, it holds for nothing, for whoever sent that has the key. And it is of the engine:
 * what another one accepted would end the process of one that does not, since functions of what is sealed are validated when they are first called.
 *
 * @param engine @default the one that this runs in
 */
export function sealOf(
  folder: string,
  engine = thisEngine(),
): ((bytes: Uint8Array) => Uint8Array) | undefined {
  const path = join(folder, 'seal.key')
  const key = read(path, engine) ?? make(path, engine)
  return key && ((bytes) => createHmac('sha256', key).update(bytes).digest())
}

function read(path: string, engine: string): Uint8Array | undefined {
  let fd: number | undefined
  try {
    // Of a pipe one would wait for somebody who writes.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const { uid, mode, ino, size, birthtimeNs, ctimeNs } = fstatSync(fd, { bigint: true })
    // While others could write to the folder, one of them may have left a key that they know.
    if (process.getuid !== undefined && (Number(uid) !== process.getuid() || (mode & 0o077n) !== 0n))
      return undefined
    if (size !== BigInt(KEY_LENGTH)) return undefined
    const key = readFileSync(fd)
    if (key.length !== KEY_LENGTH) return undefined
    // Not every file system knows when a file was made.
    return createHmac('sha256', key)
      .update(`${ino} ${birthtimeNs || ctimeNs} ${engine}`)
      .digest()
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * Another process may make one at the same time: whichever is there first is the one of both. In the place of what is no key, or one that others may know, as
 * whoever sent a folder does, there is a new one.
 */
function make(path: string, engine: string): Uint8Array | undefined {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  try {
    writeFileSync(temporary, randomBytes(KEY_LENGTH), { flag: 'wx', mode: 0o600 })
    if (!linked(temporary, path) && read(path, engine) === undefined) renameSync(temporary, path)
  } catch {
    // None can be.
  } finally {
    rmSync(temporary, { force: true })
  }
  return read(path, engine)
}

function linked(file: string, to: string): boolean {
  try {
    linkSync(file, to)
    return true
  } catch {
    return false
  }
}
