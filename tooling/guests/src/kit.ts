/**
 * Guests written with the TypeScript kit, each in a folder of its own with its source, built component and digest.
 * A build is not reproducible, so nothing compares a rebuild; `pnpm --filter @theater/actor guests:rebuild` makes one.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The bytes of a guest's component, such as `kit-counter`. Throws if they are not the ones that were committed. */
export function kitGuest(name: string): Uint8Array {
  const folder = new URL(`../${name}/`, import.meta.url)
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.wasm`, folder)))
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (readFileSync(new URL('SHA256SUMS', folder), 'utf8') !== `${digest}  ${name}.wasm\n`) {
    throw new Error(`${name}.wasm does not have the digest in SHA256SUMS`)
  }
  return bytes
}
