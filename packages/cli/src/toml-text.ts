import type { Json } from '@theater/values'

/** A value as TOML writes it on one line. JSON's `null` has no such form; it is left out of tables, and nobody's grant. */
export function tomlValue(value: Json): string {
  if (typeof value === 'string') return tomlString(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`
  const pairs = Object.entries(value).map(([key, item]) => `${tomlKey(key)} = ${tomlValue(item)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}

/** A key, quoted where it has to be. */
function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key)
}

/** A path of keys: what stands between the brackets of a table's header. */
export function tomlPath(path: readonly string[]): string {
  return path.map(tomlKey).join('.')
}

function tomlString(text: string): string {
  // JSON's escapes are TOML's but for lone surrogates, which TOML has not, and DEL, which it wants escaped.
  return JSON.stringify(text.toWellFormed()).replaceAll('\u007f', '\\u007f')
}
