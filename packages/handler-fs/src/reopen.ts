import type { Handle } from './backend.ts'
import { Descriptor } from './descriptor.ts'
import { witError } from './errors.ts'
import { suffices } from './grant.ts'
import { identity } from './metadata.ts'
import type { FileMode } from './open.ts'
import { below } from './path.ts'
import { openExact } from './resolver.ts'
import { Held, type Mount, type Session } from './session.ts'
import type { ErrorCode } from './types.ts'

/** What says that the object is not to be had any more. Anything else is the host's trouble and ends the attempt loudly. */
const GONE: readonly ErrorCode[] = [
  'no-entry',
  'not-directory',
  'loop',
  'name-too-long',
  'access',
  'not-permitted',
  'bad-descriptor',
  'read-only',
]

/**
 * The descriptor that a description was made of, under the mounts there are now. `undefined`: its mount is not granted
 * any more, it is gone, another object has its name, or nothing is left of what it might do. Directories follow the
 * rights of the mount; a file that was open to read and write stays open to read where only that is granted now.
 */
export function reopen(session: Session, description: unknown): Descriptor | undefined {
  const wanted = parse(description)
  const mount = wanted && session.mounts.get(wanted.mount)
  if (wanted === undefined || mount === undefined || session.ended) return undefined
  if (wanted.path === '') return wanted.kind === 'directory' ? Descriptor.root(session, mount) : undefined
  const mode: FileMode = { ...wanted.mode, write: wanted.mode.write && suffices(mount.rights, 'a') }
  // What was opened to write and may not any more is nothing; what was opened for neither is for looking.
  if (wanted.mode.write && !mode.write && !mode.read) return undefined
  try {
    const held = find(mount, wanted, mode)
    return held && new Descriptor(session, mount, wanted.path, held, wanted.kind, mode)
  } catch (error) {
    if (GONE.includes(witError(error).payload)) return undefined
    throw error
  }
}

function find(mount: Mount, wanted: Wanted, mode: FileMode): Held | undefined {
  const { backend } = mount.root
  const { handle, stat } = openExact(backend, mount.root.handle, wanted.path)
  let used: Handle | undefined
  try {
    if (stat.type !== wanted.kind || identity(stat) !== wanted.id) return undefined
    used =
      wanted.kind === 'directory' || (!mode.read && !mode.write)
        ? handle
        : backend.openFile(handle, { ...mode, append: false })
    return new Held(backend, used)
  } finally {
    if (used !== handle) backend.close(handle)
  }
}

interface Wanted {
  readonly mount: string
  readonly path: string
  readonly kind: 'directory' | 'regular-file'
  readonly id: string
  readonly mode: FileMode
}

/** Reads a description back: it was ours, but it comes from a file. */
function parse(value: unknown): Wanted | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { mount, path, kind, flags, id = '' } = value as { readonly [key: string]: unknown }
  if (typeof mount !== 'string' || typeof path !== 'string' || typeof id !== 'string') return undefined
  if (below('', path) !== path || path.includes('\0')) return undefined
  if ((kind !== 'directory' && kind !== 'regular-file') || !Array.isArray(flags)) return undefined
  const durable = flags.includes('fileIntegritySync')
    ? 'all'
    : flags.includes('dataIntegritySync')
      ? 'data'
      : 'no'
  return {
    mount,
    path,
    kind,
    id,
    mode: { read: flags.includes('read'), write: flags.includes('write'), durable },
  }
}
