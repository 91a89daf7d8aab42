import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a search came to. */
export interface Found {
  /** How many files were searched, and how many bytes. */
  readonly files: number
  readonly bytes: number
  /** The files that have it, in one form or another. */
  readonly where: readonly string[]
}

/** Searches every byte of a folder for a text: as it is, as base64 and as hexadecimal. */
export function search(folder: string, text: string): Found {
  const forms = formsOf(text)
  const where: string[] = []
  let files = 0
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const content = readFileSync(path)
    files++
    bytes += content.length
    if (forms.some((form) => content.includes(form))) where.push(path)
  }
  return { files, bytes, where }
}

/** A text within base64 reads in one of three ways, by what stands before it. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  const hex = bytes.toString('hex')
  const shifted = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
    // The first and the last digit may be partly what stands beside it.
    return whole.slice(before === 0 ? 0 : before + 1, (before + bytes.length) % 3 === 0 ? undefined : -1)
  })
  const forUrls = shifted.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))
  return [...new Set([text, hex, hex.toUpperCase(), ...shifted, ...forUrls])]
}
