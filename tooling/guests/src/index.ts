/**
 * Guest programs for tests. Each is a source with its built component beside it, so that no test needs a compiler;
 * the digest of every component is in `SHA256SUMS`, and `pnpm guests:rebuild` makes them again and compares.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { committed, committedNames, inFolder } from './committed.ts'

/** The names of all guests written in WAT. */
export function watGuests(): string[] {
  return readdirSync(inFolder('wat', '.'))
    .filter((file) => file.endsWith('.wat'))
    .map((file) => file.slice(0, -'.wat'.length))
    .sort()
}

/** The source of a guest written in WAT. */
export function watSource(name: string): string {
  return readFileSync(inFolder('wat', `${name}.wat`), 'utf8')
}

/** The component of a guest written in WAT. Throws if it is not the one that was committed. */
export function guest(name: string): Uint8Array {
  return committed('wat', name)
}

/** The names of all guests written in C. */
export function cGuests(): string[] {
  return committedNames('c')
}

/** The component of a guest written in C: `files`. Throws if it is not the one that was committed. */
export function cGuest(name: string): Uint8Array {
  return committed('c', name)
}
