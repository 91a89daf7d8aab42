import type { Json } from '@theater/values'

/** Authority by handler, as it was read, or why it was not. */
export type Grants = { readonly read: { readonly [handler: string]: Json } } | { readonly refused: string }

/** Levels of objects and lists in a grant; one that is deeper is after the host's stack. */
const MAX_DEPTH = 32

/**
 * Reads grants out of a guest's text. That each is one of its handler's schema is for whoever knows the handlers.
 *
 * Of two keys of one name the last would win, and a reader of the record could take the first for it: such a text is refused.
 */
export function readGrants(text: string, maxLength: number): Grants {
  if (text.length > maxLength) return { refused: `grants are at most ${maxLength} characters` }
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    return { refused: 'this is not JSON' }
  }
  if (!isObject(value)) return { refused: 'grants are an object: a grant for each handler' }
  if (isDeeper(value, MAX_DEPTH)) return { refused: `grants are at most ${MAX_DEPTH} levels deep` }
  if (keysIn(text) !== keysOf(value)) return { refused: 'a key stands twice in one object' }
  return { read: value }
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value has more than so many levels. It goes no deeper than that itself. */
function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part: Json) => isDeeper(part, levels - 1))
}

/** How many keys a value has, in all its objects. */
function keysOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, part: Json) => sum + keysOf(part), own)
}

/** How many keys a text of JSON has: outside of strings a colon stands only behind a key. */
function keysIn(text: string): number {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
}
