import type { Backend } from './backend.ts'
import type { Meter } from './quota.ts'
import { fail } from './errors.ts'
import { linkLeaves } from './path.ts'
import type { Walk } from './resolver.ts'
import type { DescriptorType } from './types.ts'

/** What the link at the end of a walk names. @param parent the link's directory, below the mount */
export function readLink(backend: Backend, walk: Walk, parent: string): string {
  if (walk.existing.stat.type !== 'symbolic-link' || walk.name === undefined) throw fail('invalid')
  const target = backend.readLink(walk.directory, walk.name)
  // A link of the host's may name any place of the host.
  if (linkLeaves(parent, target)) throw fail('not-permitted', 'a link out of the mount')
  return target
}

/** Makes a directory at the end of a walk. */
export function createDirectory(backend: Backend, meter: Meter, walk: Walk): void {
  const { directory, name } = walk
  if (name === undefined) throw fail('exist')
  meter.make(() => backend.createDirectory(directory, name))
}

/** Removes the directory at the end of a walk. */
export function removeDirectory(backend: Backend, walk: Walk): void {
  if (walk.name === undefined) throw fail('invalid', 'a directory is removed by its name')
  backend.removeDirectory(walk.directory, walk.name)
}

/** Removes what is no directory at the end of a walk. */
export function unlink(backend: Backend, walk: Walk): void {
  if (walk.name === undefined) throw fail('is-directory')
  // Some systems let the superuser unlink a directory, or call it not permitted.
  if (typeAt(backend, walk, walk.name) === 'directory') throw fail('is-directory')
  if (walk.mustBeDirectory) throw fail('not-directory')
  backend.unlink(walk.directory, walk.name)
}

/** Refuses what cannot be the target of a link. */
export function checkTarget(target: string): void {
  if (target === '') throw fail('no-entry', 'an empty target')
  if (target.includes('\0')) throw fail('invalid', 'a target with a NUL')
  if (Buffer.byteLength(target) > 4095) throw fail('name-too-long', 'a target of more than 4095 bytes')
}

/** Makes a link at the end of a walk. @param parent the link's directory, below the mount */
export function symlink(backend: Backend, meter: Meter, walk: Walk, parent: string, target: string): void {
  const { directory, name } = walk
  if (name === undefined) throw fail('exist')
  if (walk.mustBeDirectory) throw fail('no-entry', 'a link has no slash at its end')
  // We would not follow it, but a program of the host might.
  if (linkLeaves(parent, target)) throw fail('not-permitted', 'a link out of the mount')
  meter.make(() => backend.symlink(directory, name, target))
}

/** The name of what can have a second one: a file, or a link. */
export function linkable({ existing, name }: Walk): string {
  const { type } = existing.stat
  if (name === undefined || type === 'directory') throw fail('not-permitted', 'a directory has one name')
  if (type !== 'regular-file' && type !== 'symbolic-link') throw fail('not-permitted', `a ${type}`)
  return name
}

/** Gives a file a second name at the end of another walk. */
export function link(backend: Backend, meter: Meter, from: Walk, name: string, to: Walk): void {
  const { name: newName } = to
  if (newName === undefined) throw fail('exist')
  if (to.mustBeDirectory) throw fail('no-entry', 'a file has no slash at its end')
  meter.make(() => backend.link(from.directory, name, to.directory, newName))
}

/** Gives what is at the end of one walk the name at the end of another. */
export function rename(backend: Backend, from: Walk, name: string, to: Walk): void {
  if (to.name === undefined) throw fail('invalid', 'a directory is replaced by its name')
  if ((from.mustBeDirectory || to.mustBeDirectory) && typeAt(backend, from, name) !== 'directory')
    throw fail('not-directory')
  backend.rename(from.directory, name, to.directory, to.name)
}

function typeAt(backend: Backend, walk: Walk, name: string): DescriptorType {
  const entry = backend.step(walk.directory, name)
  try {
    return backend.stat(entry).type
  } finally {
    backend.close(entry)
  }
}
