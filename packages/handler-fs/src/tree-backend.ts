import { hash } from 'node:crypto'
import type { Backend, Handle, Stat } from './backend.ts'
import { errno, MountError } from './errors.ts'
import { join } from './path.ts'
import type { Tree } from './tree-load.ts'
import type { TreeEntry } from './tree.ts'
import type { DescriptorType } from './types.ts'

const TYPES = {
  file: 'regular-file',
  directory: 'directory',
  link: 'symbolic-link',
} as const satisfies Readonly<Record<TreeEntry[1], DescriptorType>>

class TreeHandle {
  readonly entry: TreeEntry
  /** Below the top of the tree: what is in two places of it is two objects. */
  readonly path: string
  closed = false

  constructor(entry: TreeEntry, path: string) {
    this.entry = entry
    this.path = path
  }
}

/** A tree that was loaded, as a backend. Its roots are the tree's directories: `/` is the top, `/a/b` one below. */
export function treeBackend(tree: Tree, name: string): Backend {
  const own = (handle: Handle): TreeHandle => {
    if (!(handle instanceof TreeHandle) || handle.closed)
      throw new TypeError('a handle of another backend, or closed')
    return handle
  }
  const childrenOf = (handle: Handle): ReadonlyMap<string, TreeEntry> => {
    const [, type, digest] = own(handle).entry
    const children = type === 'directory' ? tree.directories.get(digest) : undefined
    if (children === undefined) throw errno('ENOTDIR')
    return children
  }
  const step = (directory: Handle, name: string): TreeHandle => {
    const found = childrenOf(directory).get(name)
    if (found === undefined) throw errno('ENOENT')
    return new TreeHandle(found, join(own(directory).path, name))
  }
  const fixed = (): never => {
    throw errno('EROFS', 'a tree never changes')
  }

  return {
    openRoot(host) {
      let at = new TreeHandle(['', 'directory', tree.root], '')
      for (const part of host.split('/')) {
        if (part === '') continue
        if (!childrenOf(at).has(part))
          throw new MountError('not-found', name, `mount ${host} of ${name}: there is no such directory`)
        at = step(at, part)
        if (at.entry[1] === 'link')
          throw new MountError('through-a-link', name, `mount ${host} of ${name}: ${part} is a link`)
        if (at.entry[1] === 'file')
          throw new MountError('not-a-directory', name, `mount ${host} of ${name}: ${part} is a file`)
      }
      return at
    },
    step,
    stat(handle): Stat {
      const { entry, path } = own(handle)
      const [, type, what] = entry
      const size = type === 'file' ? entry[3] : type === 'link' ? Buffer.byteLength(what) : 0
      // The same for the same content in the same place, whenever and wherever it is mounted.
      const id = hash('sha256', JSON.stringify([path, type, what]), 'buffer').readBigUInt64BE()
      // Before 1970: a tree has no times.
      const [accessed, modified, changed] = [-1n, -1n, -1n]
      const at = { accessed, modified, changed, born: 0n }
      return { type: TYPES[type], device: 1n, inode: id, links: 1n, size: BigInt(size), ...at }
    },
    readLink(directory, name) {
      const { entry } = step(directory, name)
      if (entry[1] !== 'link') throw errno('EINVAL')
      return entry[2]
    },
    list(directory, limit) {
      const children = childrenOf(directory)
      if (children.size > limit) throw errno('ENOMEM', `a directory of more than ${limit} entries`)
      return {
        entries: [...children.values()].map(([of, type]) => ({ name: of, type: TYPES[type] })),
        unnameable: 0,
      }
    },
    openFile(handle, mode) {
      const { entry, path } = own(handle)
      if (mode.write) return fixed()
      return new TreeHandle(entry, path)
    },
    read(file, length, offset) {
      const bytes = tree.files.get(own(file).entry[2])
      if (bytes === undefined) throw errno('EISDIR')
      const from = offset > BigInt(bytes.length) ? bytes.length : Number(offset)
      return bytes.slice(from, from + length)
    },
    async sync(handle) {
      own(handle)
    },
    close(handle) {
      own(handle).closed = true
    },
    createFile: fixed,
    write: fixed,
    writeNow: fixed,
    append: fixed,
    setSize: fixed,
    setTimes: fixed,
    createDirectory: fixed,
    removeDirectory: fixed,
    unlink: fixed,
    symlink: fixed,
    link: fixed,
    rename: fixed,
  }
}
