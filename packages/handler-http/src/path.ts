/** What a path prefix in a grant looks like: plain segments, no dots, no escapes. */
export const PREFIX_PATTERN = String.raw`^(?:/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?)$`

/** How often escapes are undone to see what a server might make of a path. */
const ROUNDS = 5

/** What of a path is not its query. */
export function withoutQuery(pathWithQuery: string): string {
  const end = pathWithQuery.search(/[?#]/)
  return end === -1 ? pathWithQuery : pathWithQuery.slice(0, end)
}

/**
 * Whether a path lies below a prefix, whatever a server makes of it.
 *
 * `/v1` is `/v1` itself and all below `/v1/`. Below a prefix other than `/` a path with `.` or `..`, also escaped, also
 * more than once, an empty segment or a backslash lies nowhere: servers disagree about where it leads.
 *
 * @param path guest-controlled, without its query
 */
export function below(prefix: string, path: string): boolean {
  if (!path.startsWith('/')) return false
  if (prefix === '/') return true
  if (!starts(prefix, path)) return false
  const decoded = unescape(path)
  return decoded !== undefined && starts(prefix, decoded) && isPlain(decoded)
}

/** Whether all that lies below one prefix lies below another. */
export function within(inner: string, outer: string): boolean {
  return starts(outer, inner)
}

function starts(prefix: string, path: string): boolean {
  return prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix || path.startsWith(`${prefix}/`)
}

function isPlain(path: string): boolean {
  if (path.includes('\\') || path.includes('//')) return false
  return path.split('/').every((segment) => !/^\.{1,2}(?:;|$)/.test(segment))
}

/** A path with its escapes undone until there are none; `undefined` when that does not end. */
function unescape(path: string): string | undefined {
  let text = path
  for (let round = 0; round < ROUNDS; round++) {
    const next = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (next === text) return text
    text = next
  }
  return undefined
}
