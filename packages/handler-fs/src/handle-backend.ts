import {
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import type { Backend, Handle, OpenMode, Stat } from './backend.ts'
import { errno, MountError } from './errors.ts'
import {
  appendFileNow,
  fileStat,
  listDirectory,
  nodeTime,
  openFlags,
  readFile,
  syncFile,
  truncateFile,
  writeFile,
  writeFileNow,
} from './node-files.ts'
import { openMount } from './mount.ts'

/** Linux's own: opens an object without reading, waiting or waking a device; Node has no name for it. */
const O_PATH = 0o10000000
const STEP = O_PATH | constants.O_NOFOLLOW
/** The type of the file system behind /proc. */
const PROC_SUPER_MAGIC = 0x9fa0

class FdHandle {
  readonly fd: number
  /** Opened with O_PATH: stands for the object, but cannot be read or written. */
  readonly pathOnly: boolean
  readonly device: bigint
  closed = false

  constructor(fd: number, pathOnly: boolean) {
    this.fd = fd
    this.pathOnly = pathOnly
    this.device = fileStat(fd).device
  }
}

/** The object of a handle, whatever it is called now; `name` in it. */
function at(handle: Handle, name?: string): string {
  // A number that was closed may be another actor's file by now.
  if (!(handle instanceof FdHandle) || handle.closed)
    throw new TypeError('a handle of another backend, or closed')
  return name === undefined ? `/proc/self/fd/${handle.fd}` : `/proc/self/fd/${handle.fd}/${name}`
}

function fdOf(handle: Handle): number {
  at(handle)
  return (handle as FdHandle).fd
}

/**
 * Directories of the host on Linux, each name opened relative to the handle of its directory.
 *
 * Node has no `openat`; `/proc/self/fd/<handle>/<name>` with `O_NOFOLLOW` is the same thing: the kernel goes straight
 * to the directory that the handle stands for, wherever that is now, and looks up one name in it. An object is opened
 * twice, first with `O_PATH` to see what it is, which neither waits on a fifo nor wakes a device, then by that handle.
 *
 * @throws MountError `no-proc` where /proc is not mounted
 */
export function handleBackend(): Backend {
  if (!onProc('/proc/self/fd')) {
    throw new MountError(
      'no-proc',
      '/proc',
      '/proc is not mounted: mount it, or use the weaker pathBackend()',
    )
  }
  return {
    openRoot: (host) => openMount(host, { openTop, step, stat, close }),
    step,
    stat,
    readLink: (directory, name) => readlinkSync(at(directory, name)),
    list: (directory, limit) => listDirectory(at(directory), limit),
    openFile: (handle, mode) => new FdHandle(openSync(at(handle), openFlags(mode)), false),
    createFile,
    read: (file, length, offset) => readFile(fdOf(file), length, offset),
    write: (file, bytes, offset) => writeFile(fdOf(file), bytes, offset),
    writeNow: (file, bytes, offset) => writeFileNow(fdOf(file), bytes, offset),
    append: (file, bytes) => appendFileNow(fdOf(file), bytes),
    setSize: (file, size) => truncateFile(fdOf(file), size),
    sync,
    // By /proc, not by the handle: a link's own times can be set too.
    setTimes: (handle, accessed, modified) => utimesSync(at(handle), nodeTime(accessed), nodeTime(modified)),
    createDirectory: (directory, name) => mkdirSync(at(directory, name)),
    removeDirectory: (directory, name) => rmdirSync(at(directory, name)),
    unlink: (directory, name) => unlinkSync(at(directory, name)),
    symlink: (directory, name, target) => symlinkSync(target, at(directory, name)),
    link: (from, name, to, newName) => linkSync(at(from, name), at(to, newName)),
    rename: (from, name, to, newName) => renameSync(at(from, name), at(to, newName)),
    close,
  }
}

function onProc(path: string): boolean {
  try {
    return statfsSync(path).type === PROC_SUPER_MAGIC
  } catch {
    return false
  }
}

function openTop(root: string): Handle {
  return new FdHandle(openSync(root, STEP | constants.O_DIRECTORY), true)
}

function step(directory: Handle, name: string): Handle {
  const path = at(directory, name)
  let fd: number
  try {
    fd = openSync(path, STEP)
  } catch (error) {
    // Without /proc every name would seem to be absent.
    if (!onProc('/proc/self/fd')) throw new Error('/proc is not mounted any more', { cause: error })
    throw error
  }
  const handle = new FdHandle(fd, true)
  try {
    // Behind /proc lie the host process's memory, environment and handles, under names that look like files.
    if (handle.device !== (directory as FdHandle).device && onProc(at(handle))) {
      throw errno('EPERM', 'procfs is not served')
    }
    return handle
  } catch (error) {
    close(handle)
    throw error
  }
}

function stat(handle: Handle): Stat {
  return fileStat(fdOf(handle))
}

function createFile(directory: Handle, name: string, mode: OpenMode): Handle {
  const flags = openFlags(mode) | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  return new FdHandle(openSync(at(directory, name), flags, 0o666), false)
}

async function sync(handle: Handle, what: 'data' | 'all'): Promise<void> {
  if (!(handle as FdHandle).pathOnly) return syncFile(fdOf(handle), what)
  const fd = openSync(at(handle), constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    await syncFile(fd, what)
  } finally {
    closeSync(fd)
  }
}

function close(handle: Handle): void {
  const fd = fdOf(handle)
  ;(handle as FdHandle).closed = true
  closeSync(fd)
}
