import { parse } from 'smol-toml'
import type { Place } from './manifest-error.ts'

/**
 * Finds the line on which a key of a TOML document is written, for error messages: the parser does not say. Of a key
 * inside an inline table it is the place of the nearest key outside. A document that looks like a key where it
 * is none, inside a multi-line string, can mislead it; nothing but a message depends on it.
 */
export function locate(text: string, path: readonly string[]): Place | undefined {
  const places = new Map<string, Place>()
  let header: readonly string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const column = line.length - line.trimStart().length + 1
    if (line.trimStart().startsWith('[')) {
      const found = keysOf(line)
      if (found === undefined) continue
      header = found
      remember(places, header, { line: index + 1, column })
      continue
    }
    const equals = keyEnd(line)
    const keys = equals === -1 ? undefined : keysOf(`${line.slice(0, equals)} = 0`)
    if (keys !== undefined) remember(places, [...header, ...keys], { line: index + 1, column })
  }
  for (let length = path.length; length > 0; length--) {
    const place = places.get(JSON.stringify(path.slice(0, length)))
    if (place !== undefined) return place
  }
  return undefined
}

/** A key counts from where it is first written, and so do the tables it lies in. */
function remember(places: Map<string, Place>, path: readonly string[], place: Place): void {
  for (let length = path.length; length > 0; length--) {
    const key = JSON.stringify(path.slice(0, length))
    if (!places.has(key)) places.set(key, place)
  }
}

/** The keys that one line of TOML sets, outermost first. */
function keysOf(line: string): string[] | undefined {
  let value: unknown
  try {
    value = parse(line, { maxDepth: 64 })
  } catch {
    return undefined
  }
  const keys: string[] = []
  for (;;) {
    if (Array.isArray(value)) value = value[0]
    const entries: [string, unknown][] =
      typeof value === 'object' && value !== null ? Object.entries(value) : []
    const [entry] = entries
    if (entry === undefined) return keys.length === 0 ? undefined : keys
    keys.push(entry[0])
    value = entry[1]
  }
}

/** Where the key of a line ends: its first `=` outside of quotes. */
function keyEnd(line: string): number {
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string
    if (quote !== '') {
      if (character === '\\' && quote === '"') i++
      else if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '=') return i
    else if (character === '#') return -1
  }
  return -1
}
