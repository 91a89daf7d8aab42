import { isAbsolute } from 'node:path'
import type { Backend, Handle, OpenMode, Stat, Time } from './backend.ts'
import { errno, MountError } from './errors.ts'
import type { DescriptorType, DirectoryEntry } from './types.ts'

/** What {@link memory} starts with: text or bytes for a file, a nested tree for a directory, {@link entry} for the rest. */
export interface MemoryTree {
  readonly [name: string]: string | Uint8Array | MemoryTree | MemoryEntry
}

/** Something that is neither a file nor a directory; made by {@link entry}. */
export class MemoryEntry {
  readonly type: Exclude<DescriptorType, 'directory' | 'regular-file'>
  readonly target: string

  constructor(type: Exclude<DescriptorType, 'directory' | 'regular-file'>, target: string) {
    this.type = type
    this.target = target
  }
}

/** A symbolic link, or a special file, for a {@link MemoryTree}. */
export function entry(type: 'symbolic-link', target: string): MemoryEntry
export function entry(type: 'fifo' | 'socket' | 'block-device' | 'character-device' | 'unknown'): MemoryEntry
export function entry(type: Exclude<DescriptorType, 'directory' | 'regular-file'>, target = ''): MemoryEntry {
  return new MemoryEntry(type, target)
}

/** Largest file: one array. */
const MAX_FILE = 1 << 30

interface Node {
  readonly inode: bigint
  readonly born: bigint
  readonly type: DescriptorType
  readonly target: string
  readonly children: Map<string, Node>
  bytes: Uint8Array
  /** How many names it has; 0: removed. */
  links: number
  accessed: bigint
  modified: bigint
  changed: bigint
}

class MemoryHandle {
  readonly node: Node
  closed = false

  constructor(node: Node) {
    this.node = node
  }
}

/**
 * Directories in memory: the reference for what a backend does, and for tests.
 *
 * @param tree what is there, from `/` on: `{ srv: { data: { 'a.txt': 'hello' } } }`
 * @param now the clock, in milliseconds since 1970
 */
export function memory(tree: MemoryTree = {}, now: () => number = Date.now): Backend {
  let inodes = 0n
  const time = () => BigInt(Math.round(now() * 1000)) * 1000n

  function make(type: DescriptorType, target = ''): Node {
    const at = time()
    return {
      inode: ++inodes,
      born: at,
      type,
      target,
      children: new Map(),
      bytes: new Uint8Array(),
      links: type === 'directory' ? 2 : 1,
      accessed: at,
      modified: at,
      changed: at,
    }
  }

  function plant(from: MemoryTree): Node {
    const directory = make('directory')
    for (const [name, value] of Object.entries(from)) {
      let child: Node
      if (value instanceof MemoryEntry) child = make(value.type, value.target)
      else if (typeof value === 'string' || value instanceof Uint8Array) {
        child = make('regular-file')
        child.bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value.slice()
      } else child = plant(value)
      directory.children.set(name, child)
      if (child.type === 'directory') directory.links++
    }
    return directory
  }

  const root = plant(tree)

  const nodeOf = (handle: Handle): Node => {
    if (!(handle instanceof MemoryHandle) || handle.closed)
      throw new TypeError('a handle of another backend, or closed')
    return handle.node
  }
  /** The directory, if names can be made in it. */
  const open = (directory: Handle): Node => {
    const node = nodeOf(directory)
    if (node.type !== 'directory') throw errno('ENOTDIR')
    if (node.links === 0) throw errno('ENOENT', 'the directory was removed')
    return node
  }
  const child = (directory: Node, name: string): Node => {
    const found = directory.children.get(name)
    if (found === undefined) throw errno('ENOENT')
    return found
  }
  const put = (directory: Node, name: string, node: Node): void => {
    directory.children.set(name, node)
    if (node.type === 'directory') directory.links++
    directory.modified = directory.changed = time()
  }
  const removeName = (directory: Node, name: string): void => {
    const node = child(directory, name)
    directory.children.delete(name)
    if (node.type === 'directory') directory.links--
    directory.modified = directory.changed = time()
  }
  const fresh = (directory: Node, name: string): void => {
    if (directory.children.has(name)) throw errno('EEXIST')
  }
  const resize = (file: Node, size: number): void => {
    if (size > MAX_FILE) throw errno('EFBIG')
    const bytes = new Uint8Array(size)
    bytes.set(file.bytes.subarray(0, size))
    file.bytes = bytes
    file.modified = file.changed = time()
  }
  const writeNow = (file: Handle, bytes: Uint8Array, offset: number): void => {
    const node = nodeOf(file)
    if (bytes.length === 0) return
    if (offset + bytes.length > node.bytes.length) resize(node, offset + bytes.length)
    node.bytes.set(bytes, offset)
    node.modified = node.changed = time()
  }
  const within = (directory: Node, inside: Node): boolean =>
    directory === inside || [...directory.children.values()].some((next) => within(next, inside))

  return {
    openRoot(host) {
      if (!isAbsolute(host)) throw new MountError('not-absolute', host, `mount ${host}: not an absolute path`)
      let at = root
      for (const name of host.split('/').filter((part) => part !== '' && part !== '.')) {
        const next = at.children.get(name)
        if (next === undefined)
          throw new MountError('not-found', host, `mount ${host}: there is no such directory`)
        if (next.type === 'symbolic-link')
          throw new MountError('through-a-link', host, `mount ${host}: ${name} is a link`)
        if (next.type !== 'directory')
          throw new MountError('not-a-directory', host, `mount ${host}: ${name} is no directory`)
        at = next
      }
      return new MemoryHandle(at)
    },
    step: (directory, name) => new MemoryHandle(child(nodeOf(directory), name)),
    stat(handle): Stat {
      const node = nodeOf(handle)
      return {
        type: node.type,
        device: 1n,
        inode: node.inode,
        links: BigInt(node.links),
        size: BigInt(node.type === 'symbolic-link' ? Buffer.byteLength(node.target) : node.bytes.length),
        accessed: node.accessed,
        modified: node.modified,
        changed: node.changed,
        born: node.born,
      }
    },
    readLink(directory, name) {
      const node = child(nodeOf(directory), name)
      if (node.type !== 'symbolic-link') throw errno('EINVAL')
      return node.target
    },
    list(directory, limit) {
      const { children } = nodeOf(directory)
      if (children.size > limit) throw errno('ENOMEM', `a directory of more than ${limit} entries`)
      const entries: DirectoryEntry[] = [...children].map(([name, { type }]) => ({ name, type }))
      return { entries, unnameable: 0 }
    },

    openFile: (handle, _mode: OpenMode) => new MemoryHandle(nodeOf(handle)),
    createFile(directory, name, _mode: OpenMode) {
      const parent = open(directory)
      fresh(parent, name)
      const file = make('regular-file')
      put(parent, name, file)
      return new MemoryHandle(file)
    },
    read(file, length, offset) {
      const { bytes } = nodeOf(file)
      const from = offset > BigInt(bytes.length) ? bytes.length : Number(offset)
      return bytes.slice(from, from + length)
    },
    async write(file, bytes, offset) {
      writeNow(file, bytes, offset)
    },
    writeNow,
    append: (file, bytes) => writeNow(file, bytes, nodeOf(file).bytes.length),
    setSize: (file, size) => resize(nodeOf(file), size),
    async sync(handle) {
      nodeOf(handle)
    },
    setTimes(handle, accessed, modified) {
      const node = nodeOf(handle)
      const at = (value: Time, old: bigint) => (value === 'keep' ? old : value === 'now' ? time() : value)
      node.accessed = at(accessed, node.accessed)
      node.modified = at(modified, node.modified)
      node.changed = time()
    },

    createDirectory(directory, name) {
      const parent = open(directory)
      fresh(parent, name)
      put(parent, name, make('directory'))
    },
    removeDirectory(directory, name) {
      const parent = nodeOf(directory)
      const node = child(parent, name)
      if (node.type !== 'directory') throw errno('ENOTDIR')
      if (node.children.size > 0) throw errno('ENOTEMPTY')
      removeName(parent, name)
      node.links = 0
    },
    unlink(directory, name) {
      const parent = nodeOf(directory)
      const node = child(parent, name)
      if (node.type === 'directory') throw errno('EISDIR')
      removeName(parent, name)
      node.links--
      node.changed = time()
    },
    symlink(directory, name, target) {
      const parent = open(directory)
      fresh(parent, name)
      put(parent, name, make('symbolic-link', target))
    },
    link(from, name, to, newName) {
      const node = child(nodeOf(from), name)
      if (node.type === 'directory') throw errno('EPERM')
      const parent = open(to)
      fresh(parent, newName)
      node.links++
      put(parent, newName, node)
    },
    rename(from, name, to, newName) {
      const source = nodeOf(from)
      const node = child(source, name)
      const parent = open(to)
      const old = parent.children.get(newName)
      if (old === node) return
      if (node.type === 'directory' && within(node, parent)) throw errno('EINVAL')
      if (old !== undefined && within(old, source)) throw errno('ENOTEMPTY')
      if (old !== undefined) {
        if (old.type === 'directory' && node.type !== 'directory') throw errno('EISDIR')
        if (old.type !== 'directory' && node.type === 'directory') throw errno('ENOTDIR')
        if (old.children.size > 0) throw errno('ENOTEMPTY')
        removeName(parent, newName)
        old.links = old.type === 'directory' ? 0 : old.links - 1
      }
      removeName(source, name)
      put(parent, newName, node)
    },
    close(handle) {
      nodeOf(handle)
      ;(handle as MemoryHandle).closed = true
    },
  }
}
