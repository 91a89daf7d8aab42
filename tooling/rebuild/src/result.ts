import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of all guests. */
export const guests = join(import.meta.dirname, '../../guests')

/** What became of one guest. */
export interface Result {
  readonly name: string
  readonly state: 'same' | 'different' | 'written'
  readonly note?: string
}

/** A guest as it was built. */
export interface Made {
  readonly name: string
  readonly bytes: Uint8Array
}

const BRAND = 'theater.rebuild.Unavailable'

/** A compiler that is not there and cannot be installed; the message says what to do. */
export class Unavailable extends Error {
  readonly brand = BRAND

  static is(value: unknown): value is Unavailable {
    return value instanceof Error && 'brand' in value && value.brand === BRAND
  }
}

/** Compares the guests of a folder with what was built, byte for byte, and its digests; or writes both. */
export function settle(folder: string, made: readonly Made[], write: boolean): Result[] {
  const sums = made.map(({ name, bytes }) => `${sha256(bytes)}  ${name}.wasm\n`).join('')
  const file = join(folder, 'SHA256SUMS')
  const results = made.map(({ name, bytes }): Result => {
    const path = join(folder, `${name}.wasm`)
    const same = existsSync(path) && readFileSync(path).equals(bytes)
    if (same) return { name, state: 'same' }
    if (!write) return { name, state: 'different', note: 'not what its source makes' }
    writeFileSync(path, bytes)
    return { name, state: 'written' }
  })
  const listed = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (listed !== sums) {
    if (write) writeFileSync(file, sums)
    else results.push({ name: 'SHA256SUMS', state: 'different', note: 'does not fit the components' })
  }
  return results
}

/** The digest of bytes, as `sha256sum` writes it. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
