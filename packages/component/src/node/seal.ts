/** What tells the entries that a host wrote into its cache from those that somebody else did. */
import { createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const KEY_LENGTH = 32

/**
 * Answers how a cache seals what it keeps, with a key of its own in its folder, of mode 0600, which is made where there is none; `undefined`
 * where there cannot be one, as in a folder that is read alone.
 *
 * A seal is also of the file that the key is in: of a folder that was copied, or unpacked, it holds for nothing, for whoever sent that has the key.
 */
export function sealOf(folder: string): ((bytes: Uint8Array) => Uint8Array) | undefined {
  const path = join(folder, 'seal.key')
  const key = read(path) ?? make(path)
  return key && ((bytes) => createHmac('sha256', key).update(bytes).digest())
}

function read(path: string): Uint8Array | undefined {
  let fd: number | undefined
  try {
    // Of a pipe one would wait for somebody who writes.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const { uid, mode, ino, birthtimeNs, ctimeNs } = fstatSync(fd, { bigint: true })
    // While others could write to the folder, one of them may have left a key that they know.
    if (process.getuid !== undefined && (Number(uid) !== process.getuid() || (mode & 0o077n) !== 0n))
      return undefined
    const key = readFileSync(fd)
    if (key.length !== KEY_LENGTH) return undefined
    // Not every file system knows when a file was made.
    return createHmac('sha256', key)
      .update(`${ino} ${birthtimeNs || ctimeNs}`)
      .digest()
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Another process may make one at the same time: whichever is there first is the one of both. */
function make(path: string): Uint8Array | undefined {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  try {
    writeFileSync(temporary, randomBytes(KEY_LENGTH), { flag: 'wx', mode: 0o600 })
    linkSync(temporary, path)
  } catch {
    // There is one by now, or none can be.
  } finally {
    rmSync(temporary, { force: true })
  }
  return read(path)
}
