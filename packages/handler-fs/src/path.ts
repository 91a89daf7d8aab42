import { fail } from './errors.ts'

/** The longest path, in bytes of UTF-8: Linux's own. */
const MAX_PATH = 4095
/** The longest name, in bytes of UTF-8. */
const MAX_NAME = 255

/** A path of the guest in parts. `.` and `..` are kept: what they mean depends on what is there. */
export interface Parts {
  readonly names: readonly string[]
  /** It ends with a slash: what it names must be a directory. */
  readonly directory: boolean
}

/** Takes a guest's path apart; refuses what can never be a path below a directory. */
export function parts(path: string): Parts {
  if (path === '') throw fail('no-entry', 'an empty path')
  if (path.includes('\0')) throw fail('invalid', 'a path with a NUL')
  if (path.startsWith('/')) throw fail('not-permitted', 'an absolute path')
  if (Buffer.byteLength(path) > MAX_PATH) throw fail('name-too-long', 'a path of more than 4095 bytes')
  const names = path.split('/').filter((name) => name !== '')
  for (const name of names) {
    if (Buffer.byteLength(name) > MAX_NAME) throw fail('name-too-long', 'a name of more than 255 bytes')
  }
  return { names, directory: path.endsWith('/') }
}

/**
 * The path that `path` is below `base`, by its letters alone: links are not looked at. `undefined`: it is absolute or
 * climbs above `base`.
 */
export function below(base: string, path: string): string | undefined {
  if (path.startsWith('/')) return undefined
  const names: string[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') names.push(name)
    else if (names.pop() === undefined) return undefined
  }
  return join(base, names.join('/'))
}

/** Two paths below a mount as one. */
export function join(base: string, path: string): string {
  return base === '' || path === '' ? base + path : `${base}/${path}`
}

/** Whether a link in directory `parent` of a mount says to go out of the mount: absolute, or above it by `..`. */
export function linkLeaves(parent: string, target: string): boolean {
  return target.startsWith('/') || below('', `${parent}/${target}`.replace(/^\//, '')) === undefined
}
