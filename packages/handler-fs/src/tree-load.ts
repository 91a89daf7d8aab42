import type { Backend, Handle } from './backend.ts'
import { MountError } from './errors.ts'
import {
  cidOf,
  decodeDirectory,
  encodeDirectory,
  hashOf,
  type TreeEntry,
  type TreeReader,
  type TreeWriter,
} from './tree.ts'

/** How deep directories are put: a path has no more. */
const MAX_DEPTH = 128

/** How much of trees is held. */
export interface TreeLimits {
  /** Bytes of all blocks of one tree, each once. */
  readonly bytes: number
  /** Entries of all directories of one tree, each directory once. */
  readonly entries: number
}

/** A tree that was read and checked, all of it. What occurs twice in it is here once. */
export interface Tree {
  readonly root: string
  readonly directories: ReadonlyMap<string, ReadonlyMap<string, TreeEntry>>
  readonly files: ReadonlyMap<string, Uint8Array>
}

/**
 * Reads a whole tree and checks each block, so that what an actor reads of it later is there and is right.
 *
 * @param name the tree as the grant says it
 * @throws MountError `missing`, `damaged`, `too-large`
 */
export async function loadTree(blobs: TreeReader, name: string, limits: TreeLimits): Promise<Tree> {
  const root = name.replace(/^sha256:/, '')
  const directories = new Map<string, ReadonlyMap<string, TreeEntry>>()
  const files = new Map<string, Uint8Array>()
  let [bytes, entries] = [0, 0]

  const block = async (digest: string): Promise<Uint8Array> => {
    const found = await blobs.get(cidOf(digest))
    if (found === undefined) throw new MountError('missing', name, `${name}: block ${digest} is not there`)
    bytes += found.length
    if (bytes > limits.bytes)
      throw new MountError('too-large', name, `${name} has more than ${limits.bytes} bytes`)
    // Whoever gave it may change it after it was checked.
    const copy = new Uint8Array(found)
    if (hashOf(copy) === digest) return copy
    throw new MountError('damaged', name, `${name}: block ${digest} is not what its hash says`)
  }

  // A directory may be in many others: each is read once, or a few small blocks would be more than there is memory.
  const pending = [root]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (directories.has(next)) continue
    const listed = decodeDirectory(await block(next))
    if (listed === undefined)
      throw new MountError('damaged', name, `${name}: block ${next} is no directory of a tree`)
    entries += listed.length
    if (entries > limits.entries)
      throw new MountError('too-large', name, `${name} has more than ${limits.entries} entries`)
    directories.set(next, new Map(listed.map((entry) => [entry[0], entry])))
    for (const [file, type, digest, size] of listed) {
      if (type === 'directory') pending.push(digest)
      if (type !== 'file') continue
      const content = files.get(digest) ?? (await block(digest))
      files.set(digest, content)
      if (content.length !== size)
        throw new MountError('damaged', name, `${name}: ${file} in ${next} has another size than it says`)
    }
  }
  return { root, directories, files }
}

/**
 * Puts a directory into a content store as a tree that never changes, and says its hash, as a grant names it:
 * `sha256:` and 64 hexadecimal digits. Times and numbers of links are no part of a tree.
 *
 * @param host the directory: an absolute path, as in a grant
 * @throws MountError where the directory cannot be opened; `not-plain` for what is no file, directory or link, for a name
 * that is no text, and for more than 128 directories in each other
 */
export async function putTree(into: TreeWriter, backend: Backend, host: string): Promise<string> {
  const root = backend.openRoot(host)
  try {
    return `sha256:${await putDirectory(into, backend, root, host, 0)}`
  } finally {
    backend.close(root)
  }
}

async function putBlock(into: TreeWriter, bytes: Uint8Array): Promise<string> {
  const digest = hashOf(bytes)
  await into.put(cidOf(digest), bytes)
  return digest
}

async function putDirectory(
  into: TreeWriter,
  backend: Backend,
  directory: Handle,
  at: string,
  depth: number,
): Promise<string> {
  if (depth > MAX_DEPTH) throw new MountError('not-plain', at, `${at} is too deep for a tree`)
  const { entries, unnameable } = backend.list(directory, Number.MAX_SAFE_INTEGER)
  if (unnameable > 0) throw new MountError('not-plain', at, `${at}: a name that is no text`)
  const put: TreeEntry[] = []
  for (const { name } of entries) {
    const handle = backend.step(directory, name)
    try {
      put.push(await putEntry(into, backend, directory, handle, name, `${at}/${name}`, depth))
    } finally {
      backend.close(handle)
    }
  }
  return putBlock(into, encodeDirectory(put))
}

async function putEntry(
  into: TreeWriter,
  backend: Backend,
  directory: Handle,
  handle: Handle,
  name: string,
  at: string,
  depth: number,
): Promise<TreeEntry> {
  const { type, size } = backend.stat(handle)
  switch (type) {
    case 'directory':
      return [name, 'directory', await putDirectory(into, backend, handle, at, depth + 1)]
    case 'symbolic-link':
      return [name, 'link', backend.readLink(directory, name)]
    case 'regular-file': {
      const file = backend.openFile(handle, { read: true, write: false, append: false, durable: 'no' })
      try {
        const bytes = backend.read(file, Number(size), 0n)
        return [name, 'file', await putBlock(into, bytes), bytes.length]
      } finally {
        backend.close(file)
      }
    }
    case 'fifo':
    case 'socket':
    case 'block-device':
    case 'character-device':
    case 'unknown':
      throw new MountError('not-plain', at, `${at} is a ${type}`)
  }
}
