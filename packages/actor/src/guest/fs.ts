import type { WasiFilesystemPreopens, WasiFilesystemTypes } from '@theater/wit'
import { concat, ownBytes } from '../bytes.ts'
import type { DirEntry, FileKind, FileStat, FileSystem } from '../capabilities.ts'
import { FsError } from '../host-errors.ts'
import { dispose, payloadOf } from './host.ts'

type Descriptor = WasiFilesystemTypes.Descriptor

const chunk = 1n << 20n

/** `ctx.fs` over the directories that the host granted. */
export function makeFileSystem(preopens: typeof WasiFilesystemPreopens): FileSystem {
  const mounts = new Mounts(preopens)
  const readBytes = (path: string): Uint8Array => {
    const { root, rest } = mounts.find(path)
    const file = open(root, rest, path, {})
    try {
      return readAll(file, path)
    } finally {
      dispose(file)
    }
  }
  const stat = (path: string): FileStat => {
    const { root, rest } = mounts.find(path)
    const found = attempt(path, () =>
      rest === '' ? root.stat() : root.statAt({ symlinkFollow: true }, rest),
    )
    const at = found.dataModificationTimestamp
    return {
      kind: kindOf(found.type),
      size: Number(found.size),
      modified: at === undefined ? null : Number(at.seconds) * 1000 + at.nanoseconds / 1e6,
    }
  }
  return {
    readBytes,
    readText: (path) => new TextDecoder('utf-8', { fatal: true }).decode(readBytes(path)),
    readDir: (path) => {
      const { root, rest } = mounts.find(path)
      const directory = rest === '' ? root : open(root, rest, path, { directory: true })
      try {
        return entries(directory, path)
      } finally {
        if (directory !== root) dispose(directory)
      }
    },
    stat,
    exists: (path) => {
      try {
        stat(path)
        return true
      } catch (error) {
        if (FsError.is(error) && (error.code === 'no-entry' || error.code === 'not-directory')) return false
        throw error
      }
    },
    roots: () => mounts.names(),
  }
}

/** The granted directories. Their handles live as long as the actor: asking again would be a crossing each time. */
class Mounts {
  readonly #preopens: typeof WasiFilesystemPreopens
  #list: readonly (readonly [Descriptor, string])[] | undefined

  constructor(preopens: typeof WasiFilesystemPreopens) {
    this.#preopens = preopens
  }

  names(): string[] {
    return this.#all().map(([, name]) => name)
  }

  find(path: string): { readonly root: Descriptor; readonly rest: string } {
    const found = this.#match(path) ?? this.#again(path)
    if (found === undefined) throw new FsError(path, 'no-entry')
    return found
  }

  /** Grants can change between turns. */
  #again(path: string): ReturnType<Mounts['find']> | undefined {
    for (const [descriptor] of this.#list ?? []) dispose(descriptor)
    this.#list = undefined
    return this.#match(path)
  }

  #match(path: string): ReturnType<Mounts['find']> | undefined {
    let best: { readonly root: Descriptor; readonly rest: string } | undefined
    let length = -1
    for (const [root, name] of this.#all()) {
      const base = name.endsWith('/') ? name.slice(0, -1) : name
      if (base.length <= length || !(path === base || path === name || path.startsWith(`${base}/`))) continue
      best = { root, rest: path.slice(base.length).replace(/^\/+|\/+$/g, '') }
      length = base.length
    }
    return best
  }

  #all(): readonly (readonly [Descriptor, string])[] {
    return (this.#list ??= this.#preopens.getDirectories())
  }
}

function open(
  root: Descriptor,
  rest: string,
  path: string,
  flags: WasiFilesystemTypes.OpenFlags,
): Descriptor {
  return attempt(path, () =>
    root.openAt({ symlinkFollow: true }, rest === '' ? '.' : rest, flags, { read: true }),
  )
}

function readAll(file: Descriptor, path: string): Uint8Array {
  const pieces: Uint8Array[] = []
  for (let offset = 0n, end = false; !end;) {
    const [bytes, last] = attempt(path, () => file.read(chunk, offset))
    pieces.push(ownBytes(bytes))
    offset += BigInt(bytes.length)
    end = last
  }
  return concat(pieces)
}

function entries(directory: Descriptor, path: string): DirEntry[] {
  const stream = attempt(path, () => directory.readDirectory())
  try {
    const out: DirEntry[] = []
    for (;;) {
      const entry = attempt(path, () => stream.readDirectoryEntry())
      if (entry === undefined) return out
      out.push({ name: entry.name, kind: kindOf(entry.type) })
    }
  } finally {
    dispose(stream)
  }
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const code = payloadOf<WasiFilesystemTypes.ErrorCode>(thrown)
    throw code === undefined ? thrown : new FsError(path, code)
  }
}

function kindOf(type: WasiFilesystemTypes.DescriptorType): FileKind {
  switch (type) {
    case 'regular-file':
      return 'file'
    case 'directory':
      return 'directory'
    case 'symbolic-link':
      return 'symlink'
    case 'unknown':
    case 'block-device':
    case 'character-device':
    case 'fifo':
    case 'socket':
      return 'other'
  }
}
