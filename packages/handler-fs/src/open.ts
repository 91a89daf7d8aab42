import type { Backend, Handle, OpenMode } from './backend.ts'
import { fail } from './errors.ts'
import type { Need } from './grant.ts'
import { Walk } from './resolver.ts'
import { Held, type Mount } from './session.ts'
import type { DescriptorFlags, OpenFlags, PathFlags } from './types.ts'

/** How often a file that is there and not there by turns is tried to be opened or created. */
const RACES = 16

/** What a descriptor may do with its file; durability for writes. */
export interface FileMode {
  readonly read: boolean
  readonly write: boolean
  readonly durable: OpenMode['durable']
}

/** What a path below a descriptor led to, opened. */
export interface Opened {
  /** Below the descriptor, links resolved. */
  readonly path: string
  readonly held: Held
  readonly kind: 'directory' | 'regular-file'
  readonly mode: FileMode
}

/**
 * What `open-at` with these flags needs. A file that is opened to write is only written where a later call may: at its
 * end, or anywhere.
 */
export function needOfOpening(open: OpenFlags | undefined, flags: DescriptorFlags | undefined): Need {
  if (open?.truncate === true) return 'w'
  return [open?.create, flags?.write, flags?.mutateDirectory].includes(true) ? 'a' : 'r'
}

/** `open-at`, without the question who may. */
export function openBelow(
  mount: Mount,
  base: Held,
  path: string,
  pathFlags: PathFlags,
  open: OpenFlags,
  flags: DescriptorFlags,
): Opened {
  const { create = false, directory = false, exclusive = false, truncate = false } = open
  if (flags.requestedWriteSync === true) throw fail('unsupported', 'requested-write-sync')
  if (directory && (create || truncate))
    throw fail('invalid', 'a directory is not created or truncated by opening it')
  const mode: FileMode = {
    read: flags.read === true,
    write: flags.write === true,
    durable: flags.fileIntegritySync === true ? 'all' : flags.dataIntegritySync === true ? 'data' : 'no',
  }
  const { backend } = base
  const last = pathFlags.symlinkFollow === true && !(create && exclusive) ? 'target' : 'entry'

  for (let race = 0; race < RACES; race++) {
    using walk = Walk.to(backend, base.handle, path, last)
    if (walk.entry !== undefined || !create) {
      if (create && exclusive) throw fail('exist')
      return openExisting(base, walk, mode, directory, truncate)
    }
    const created = createNew(mount, backend, walk, mode, exclusive)
    if (created !== undefined) return created
  }
  throw fail('busy', 'the name came and went')
}

function openExisting(base: Held, walk: Walk, mode: FileMode, directory: boolean, truncate: boolean): Opened {
  const { path } = walk
  const { backend } = base
  const { type } = walk.existing.stat
  switch (type) {
    case 'directory': {
      if (mode.write || truncate) throw fail('is-directory')
      const found = walk.take()
      const held = found === undefined ? base.retain() : new Held(backend, found.handle)
      return { path, held, kind: type, mode }
    }
    case 'regular-file': {
      if (directory) throw fail('not-directory')
      return { path, held: new Held(backend, openFile(backend, walk, mode, truncate)), kind: type, mode }
    }
    case 'symbolic-link':
      throw fail(directory ? 'not-directory' : 'loop')
    // Opening one of these can wait for ever, or do something to a machine.
    case 'fifo':
    case 'socket':
    case 'block-device':
    case 'character-device':
    case 'unknown':
      throw fail('not-permitted', `a ${type}`)
  }
}

/** Opens the file that a walk found; one that is opened only to be looked at stays as it was found. */
function openFile(backend: Backend, walk: Walk, mode: FileMode, truncate: boolean): Handle {
  const { handle } = walk.existing
  if (!mode.read && !mode.write && !truncate) {
    walk.take()
    return handle
  }
  const file = backend.openFile(handle, { ...mode, write: mode.write || truncate, append: false })
  try {
    if (truncate) backend.setSize(file, 0)
    return file
  } catch (error) {
    backend.close(file)
    throw error
  }
}

/** `undefined`: somebody else made the name meanwhile. */
function createNew(
  mount: Mount,
  backend: Backend,
  walk: Walk,
  mode: FileMode,
  exclusive: boolean,
): Opened | undefined {
  const { name, path } = walk
  if (name === undefined) throw fail('exist')
  if (walk.mustBeDirectory) throw fail('is-directory', 'a file has no slash at its end')
  try {
    const handle = mount.meter.make(() =>
      backend.createFile(walk.directory, name, { ...mode, append: false }),
    )
    return { path, held: new Held(backend, handle), kind: 'regular-file', mode }
  } catch (error) {
    if (!exclusive && error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
    throw error
  }
}
