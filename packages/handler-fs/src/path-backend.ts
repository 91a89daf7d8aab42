import {
  closeSync,
  constants,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Backend, Handle, OpenMode, Stat, Time } from './backend.ts'
import { errno } from './errors.ts'
import { openMount } from './mount.ts'
import {
  appendFileNow,
  fileStat,
  listDirectory,
  nodeTime,
  openFlags,
  readFile,
  statOf,
  syncFile,
  truncateFile,
  writeFile,
  writeFileNow,
} from './node-files.ts'

/** Not on Windows, where opening never goes through a reparse point that a stat did not show. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0

class PathHandle {
  readonly path: string
  /** What was there when it was opened. */
  readonly seen: Stat
  /** Open for a directory, so that its inode is not given to another object meanwhile, and for an opened file. */
  readonly fd: number | undefined
  closed = false

  constructor(path: string, stat: Stat, fd: number | undefined) {
    this.path = path
    this.seen = stat
    this.fd = fd
  }
}

/**
 * Directories of the host where there is no `/proc`: by path, each object opened, then compared by device and inode.
 *
 * Weaker against races than {@link handleBackend}: what makes, removes or renames a name looks at the directory just
 * before it acts, and a process of the host that swaps a directory for a link exactly between the two can redirect it. Use
 * it where nobody else writes to the mounts while an actor runs.
 */
export function pathBackend(): Backend {
  return {
    openRoot: (host) => openMount(host, { openTop, step, stat, close }),
    step,
    stat,
    readLink: (directory, name) => readlinkSync(inside(directory, name)),
    list(directory, limit) {
      const listed = listDirectory(same(directory).path, limit)
      same(directory)
      return listed
    },
    openFile,
    createFile,
    read: (file, length, offset) => readFile(fdOf(file), length, offset),
    write: (file, bytes, offset) => writeFile(fdOf(file), bytes, offset),
    writeNow: (file, bytes, offset) => writeFileNow(fdOf(file), bytes, offset),
    append: (file, bytes) => appendFileNow(fdOf(file), bytes),
    setSize: (file, size) => truncateFile(fdOf(file), size),
    sync,
    setTimes,
    createDirectory: (directory, name) => mkdirSync(inside(directory, name)),
    removeDirectory: (directory, name) => rmdirSync(inside(directory, name)),
    unlink: (directory, name) => unlinkSync(inside(directory, name)),
    symlink: (directory, name, target) => symlinkSync(target, inside(directory, name)),
    link,
    rename: (from, name, to, newName) => renameSync(inside(from, name), inside(to, newName)),
    close,
  }
}

function own(handle: Handle): PathHandle {
  if (!(handle instanceof PathHandle) || handle.closed)
    throw new TypeError('a handle of another backend, or closed')
  return handle
}

function fdOf(handle: Handle): number {
  const { fd } = own(handle)
  if (fd === undefined) throw new TypeError('a handle that is not open')
  return fd
}

/** The handle, if its path still leads to its object. */
function same(handle: Handle): PathHandle {
  const { path, seen } = own(handle)
  let now: Stat
  try {
    now = statOf(lstatSync(path, { bigint: true }))
  } catch (error) {
    throw Object.assign(errno('ESTALE', `${path} is gone`), { cause: error })
  }
  if (!isSame(now, seen)) throw errno('ESTALE', `${path} was replaced`)
  return handle as PathHandle
}

/** By more than device and inode: the number of an inode that was removed is soon another's. */
function isSame(a: Stat, b: Stat): boolean {
  return a.device === b.device && a.inode === b.inode && a.born === b.born && a.type === b.type
}

/** The path of a name in a directory that was just seen to be the same. */
function inside(directory: Handle, name: string): string {
  // On Windows these would be a path, a drive or a stream of a file.
  if (process.platform === 'win32' && /[\\:]/.test(name))
    throw errno('EPERM', 'a name that is a path on this host')
  return join(same(directory).path, name)
}

function openTop(root: string): Handle {
  const fd = openSync(root, constants.O_RDONLY)
  return new PathHandle(root, fileStat(fd), fd)
}

function step(directory: Handle, name: string): Handle {
  const path = inside(directory, name)
  const seen = statOf(lstatSync(path, { bigint: true }))
  const handle =
    seen.type === 'directory' ? opened(path, seen, constants.O_RDONLY) : new PathHandle(path, seen, undefined)
  try {
    same(directory)
    return handle
  } catch (error) {
    close(handle)
    throw error
  }
}

/** Opens a path and compares it with what was seen there. */
function opened(path: string, seen: Stat, flags: number): PathHandle {
  // O_NONBLOCK: what was a file may be a fifo by now.
  const fd = openSync(path, flags | NOFOLLOW | (constants.O_NONBLOCK ?? 0))
  const now = fileStat(fd)
  if (isSame(now, seen)) return new PathHandle(path, now, fd)
  closeSync(fd)
  throw errno('ESTALE', `${path} was replaced`)
}

function stat(handle: Handle): Stat {
  const { fd, path } = own(handle)
  if (fd !== undefined) return fileStat(fd)
  same(handle)
  return statOf(lstatSync(path, { bigint: true }))
}

function openFile(handle: Handle, mode: OpenMode): Handle {
  const { path, seen } = own(handle)
  return opened(path, seen, openFlags(mode))
}

function createFile(directory: Handle, name: string, mode: OpenMode): Handle {
  const path = inside(directory, name)
  const fd = openSync(path, openFlags(mode) | constants.O_CREAT | constants.O_EXCL | NOFOLLOW, 0o666)
  const handle = new PathHandle(path, fileStat(fd), fd)
  try {
    same(directory)
    return handle
  } catch (error) {
    close(handle)
    throw error
  }
}

function setTimes(handle: Handle, accessed: Time, modified: Time): void {
  const { fd } = own(handle)
  if (fd === undefined) lutimesSync(same(handle).path, nodeTime(accessed), nodeTime(modified))
  else futimesSync(fd, nodeTime(accessed), nodeTime(modified))
}

async function sync(handle: Handle, what: 'data' | 'all'): Promise<void> {
  const { fd, path, seen } = own(handle)
  if (fd !== undefined) return syncFile(fd, what)
  const file = opened(path, seen, constants.O_RDONLY)
  try {
    await syncFile(fdOf(file), what)
  } finally {
    close(file)
  }
}

/** Elsewhere than on Linux `link` follows a link, out of the mount too: so none is linked, and what was linked is looked at. */
function link(from: Handle, name: string, to: Handle, newName: string): void {
  const path = inside(from, name)
  const newPath = inside(to, newName)
  const seen = statOf(lstatSync(path, { bigint: true }))
  if (seen.type === 'symbolic-link') throw errno('ENOTSUP', 'a link is not linked on this host')
  linkSync(path, newPath)
  const now = statOf(lstatSync(newPath, { bigint: true }))
  if (isSame(now, seen)) return
  unlinkSync(newPath)
  throw errno('ESTALE', `${path} was replaced`)
}

function close(handle: Handle): void {
  const { fd } = own(handle)
  ;(handle as PathHandle).closed = true
  if (fd !== undefined) closeSync(fd)
}
