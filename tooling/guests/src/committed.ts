import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The names of the guests in a folder of `tooling/guests`, from its `SHA256SUMS`. */
export function committedNames(folder: string): string[] {
  return [...digestsOf(folder).keys()]
}

/** The bytes of a guest's component. Throws if they are not the ones that were committed. */
export function committed(folder: string, name: string): Uint8Array {
  const bytes = new Uint8Array(readFileSync(inFolder(folder, `${name}.wasm`)))
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== digestsOf(folder).get(name)) {
    throw new Error(`${folder}/${name}.wasm does not have the digest in SHA256SUMS`)
  }
  return bytes
}

/** A file in a folder of `tooling/guests`. */
export function inFolder(folder: string, file: string): URL {
  return new URL(`../${folder}/${file}`, import.meta.url)
}

function digestsOf(folder: string): Map<string, string> {
  const lines = readFileSync(inFolder(folder, 'SHA256SUMS'), 'utf8').trimEnd().split('\n')
  return new Map(lines.map((line) => [line.slice(66, -'.wasm'.length), line.slice(0, 64)]))
}
