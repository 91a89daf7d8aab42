import type { Backend, Handle, Stat } from './backend.ts'
import { errno, fail } from './errors.ts'
import { parts } from './path.ts'

/** How many links one path may go through: Linux's own limit. */
const MAX_LINKS = 40
/** How many directories a path may be deep: each is an open handle while it is walked. */
const MAX_DEPTH = 128
/** How many names one path may be long, its links included. */
const MAX_STEPS = 4096

/**
 * What a walk does with the last name of a path.
 *
 * - `name`: nothing. For operations that make or remove a name.
 * - `entry`: opens what is there, also when it is a link.
 * - `target`: opens what is there and follows links.
 */
export type Last = 'name' | 'entry' | 'target'

/** An object that was opened, with what was known of it then. */
export interface Found {
  readonly handle: Handle
  readonly stat: Stat
}

/**
 * Where a path led: a directory, and the last name in it. Dispose of it to close the handles it opened.
 *
 * Every directory on the way is opened by its name in the directory before it, and `..` goes back to the very
 * directory the walk came from. So wherever those directories are moved while we walk, and whatever is put in their
 * place, the walk cannot leave the base.
 */
export class Walk implements Disposable {
  readonly #backend: Backend
  readonly #base: Handle
  readonly #stack: { readonly name: string; readonly found: Found }[] = []
  #entry: Found | undefined
  #name: string | undefined
  #mustBeDirectory = false

  private constructor(backend: Backend, base: Handle) {
    this.#backend = backend
    this.#base = base
  }

  /**
   * Walks a guest's path.
   *
   * @throws WitError `not-permitted` where it would leave `base`: absolute, above it by `..`, or through a link
   */
  static to(backend: Backend, base: Handle, path: string, last: Last): Walk {
    const walk = new Walk(backend, base)
    try {
      walk.#go(path, last)
      return walk
    } catch (error) {
      walk[Symbol.dispose]()
      throw error
    }
  }

  /** The directory that {@link name} is, or would be, in. */
  get directory(): Handle {
    return this.#stack.at(-1)?.found.handle ?? this.#base
  }

  /** The last name; `undefined` where the path ends at {@link directory} itself: a directory that is there, `.`, `..`. */
  get name(): string | undefined {
    return this.#name
  }

  /** The path ended with a slash. */
  get mustBeDirectory(): boolean {
    return this.#mustBeDirectory
  }

  /** Where it led, as names below the base: no links, no dots. */
  get path(): string {
    const names = this.#stack.map((step) => step.name)
    return (this.#name === undefined ? names : [...names, this.#name]).join('/')
  }

  /** What is there; `undefined`: nothing, or the walk was not told to look. */
  get entry(): Found | undefined {
    if (this.#name !== undefined) return this.#entry
    const handle = this.directory
    return { handle, stat: this.#backend.stat(handle) }
  }

  /** What is there, or `no-entry`. */
  get existing(): Found {
    const { entry } = this
    if (entry === undefined) throw fail('no-entry')
    if (this.#mustBeDirectory && entry.stat.type !== 'directory') throw fail('not-directory')
    return entry
  }

  /** Gives {@link existing} away: disposing of the walk does not close its handle any more. `undefined`: it is the base's. */
  take(): Found | undefined {
    const { existing } = this
    if (this.#name !== undefined) this.#entry = undefined
    else if (this.#stack.pop() === undefined) return undefined
    return existing
  }

  [Symbol.dispose](): void {
    if (this.#entry !== undefined) this.#backend.close(this.#entry.handle)
    this.#entry = undefined
    for (const step of this.#stack.splice(0)) this.#backend.close(step.found.handle)
  }

  #go(path: string, last: Last): void {
    const first = parts(path)
    this.#mustBeDirectory = first.directory
    // The names still to go, the next one last.
    const rest = first.names.toReversed()
    let links = 0
    for (let steps = 0; ; steps++) {
      const name = rest.pop()
      if (name === undefined) return
      if (steps > MAX_STEPS) throw fail('loop', `a path of more than ${MAX_STEPS} names`)
      if (name === '.') continue
      if (name === '..') {
        const left = this.#stack.pop()
        if (left === undefined) throw fail('not-permitted', 'above the base by ..')
        this.#backend.close(left.found.handle)
        continue
      }
      const final = rest.length === 0
      if (final && last === 'name') {
        this.#name = name
        return
      }
      const found = this.#open(name)
      if (found === undefined) {
        if (!final) throw fail('no-entry')
        this.#name = name
        return
      }
      const type = found.stat.type
      if (type === 'symbolic-link' && (!final || last === 'target' || this.#mustBeDirectory)) {
        this.#backend.close(found.handle)
        if (++links > MAX_LINKS) throw fail('loop')
        // Guest- or host-controlled text. Read after the entry was opened, so it may be another link's by now: as good as any.
        const target = parts(this.#backend.readLink(this.directory, name))
        if (final) this.#mustBeDirectory ||= target.directory
        rest.push(...target.names.toReversed())
      } else if (type === 'directory') {
        if (this.#stack.length >= MAX_DEPTH) {
          this.#backend.close(found.handle)
          throw fail('name-too-long', `more than ${MAX_DEPTH} directories deep`)
        }
        this.#stack.push({ name, found })
      } else if (final) {
        this.#name = name
        this.#entry = found
        return
      } else {
        this.#backend.close(found.handle)
        throw fail('not-directory')
      }
    }
  }

  #open(name: string): Found | undefined {
    let handle: Handle
    try {
      handle = this.#backend.step(this.directory, name)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    try {
      return { handle, stat: this.#backend.stat(handle) }
    } catch (error) {
      this.#backend.close(handle)
      throw error
    }
  }
}

/**
 * Opens what a path without links or dots leads to: for a path that a walk had found before.
 *
 * @throws an error with the error number as `code`: `ELOOP` where a link has taken a directory's place
 */
export function openExact(backend: Backend, base: Handle, path: string): Found {
  let held: Found | undefined
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') throw errno('EINVAL', `not a resolved path: ${path}`)
    const from: Handle = held?.handle ?? base
    try {
      if (held !== undefined && held.stat.type !== 'directory') {
        throw errno(held.stat.type === 'symbolic-link' ? 'ELOOP' : 'ENOTDIR')
      }
      const handle = backend.step(from, name)
      try {
        const stat = backend.stat(handle)
        if (held !== undefined) backend.close(held.handle)
        held = { handle, stat }
      } catch (error) {
        backend.close(handle)
        throw error
      }
    } catch (error) {
      if (held !== undefined) backend.close(held.handle)
      throw error
    }
  }
  if (held === undefined) throw errno('ENOENT')
  return held
}
