import { basename, extname } from 'node:path'

/** An actor's id made of a file's name. */
export function idOf(file: string): string {
  const name = basename(file, extname(file)).toLowerCase()
  const id = name.replaceAll(/[^a-z0-9._-]+/g, '-').slice(0, 100)
  // These two cannot be keys of a manifest.
  return id === '' || id === '__proto__' || id === 'constructor' ? 'actor' : id
}
