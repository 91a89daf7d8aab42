import { realpathSync } from 'node:fs'
import { isAbsolute, normalize, parse, sep } from 'node:path'
import type { Handle, Stat } from './backend.ts'
import { MountError } from './errors.ts'

/** What opening a mount needs of a backend. */
export interface MountOpener {
  /** Opens the root of the host's file system (of a drive). */
  openTop(root: string): Handle
  step(directory: Handle, name: string): Handle
  stat(handle: Handle): Stat
  close(handle: Handle): void
}

/**
 * Opens a directory of the host from the top, name by name, refusing links: a grant was compared with its parent's by
 * path, so the path must lead where it says, whoever may write to a directory on the way.
 */
export function openMount(host: string, opener: MountOpener): Handle {
  if (!isAbsolute(host)) throw new MountError('not-absolute', host, `mount ${host}: not an absolute path`)
  const path = normalize(host)
  const { root } = parse(path)
  let held = attempt(host, () => opener.openTop(root))
  for (const name of path.slice(root.length).split(sep)) {
    if (name === '') continue
    const from = held
    try {
      held = attempt(host, () => directoryIn(from, name, host, opener))
    } finally {
      opener.close(from)
    }
  }
  return held
}

function directoryIn(from: Handle, name: string, host: string, opener: MountOpener): Handle {
  const next = opener.step(from, name)
  try {
    const { type } = opener.stat(next)
    if (type === 'directory') return next
    if (type === 'symbolic-link') {
      const real = realpathSync(host)
      throw new MountError('through-a-link', host, `mount ${host}: ${name} is a symbolic link. Write ${real}`)
    }
    throw new MountError('not-a-directory', host, `mount ${host}: ${name} is not a directory`)
  } catch (error) {
    opener.close(next)
    throw error
  }
}

/** Says an error of the file system as a MountError. */
function attempt(host: string, open: () => Handle): Handle {
  try {
    return open()
  } catch (error) {
    if (MountError.is(error) || !(error instanceof Error) || !('code' in error)) throw error
    const cause = { cause: error }
    switch (error.code) {
      case 'ENOENT':
        throw new MountError(
          'not-found',
          host,
          `mount ${host}: there is no such directory. Create it first`,
          cause,
        )
      case 'ENOTDIR':
        throw new MountError('not-a-directory', host, `mount ${host}: not a directory`, cause)
      case 'EACCES':
        throw new MountError('unreadable', host, `mount ${host}: this process may not open it`, cause)
      case 'EPERM':
        throw new MountError('refused', host, `mount ${host}: it shows the host process itself`, cause)
      default:
        throw error
    }
  }
}
