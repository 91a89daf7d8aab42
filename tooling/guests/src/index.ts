/**
 * Guest programs for tests. Each is a source with its built component beside it, so that no test needs a compiler;
 * the digest of every component is in `SHA256SUMS`, and `pnpm --filter @theater/guests rebuild` makes them again.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../wat/', import.meta.url)

/** The names of all guests written in WAT. */
export function watGuests(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.wat'))
    .map((file) => file.slice(0, -'.wat'.length))
    .sort()
}

/** The source of a guest written in WAT. */
export function watSource(name: string): string {
  return readFileSync(new URL(`${name}.wat`, folder), 'utf8')
}

/** The digests that the components must have, by name. */
export function digests(): Map<string, string> {
  const lines = readFileSync(new URL('SHA256SUMS', folder), 'utf8').trimEnd().split('\n')
  return new Map(lines.map((line) => [line.slice(66, -'.wasm'.length), line.slice(0, 64)]))
}

/** The bytes of a guest's component. Throws if they are not the ones that were committed. */
export function guest(name: string): Uint8Array {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.wasm`, folder)))
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== digests().get(name)) throw new Error(`${name}.wasm does not have the digest in SHA256SUMS`)
  return bytes
}
