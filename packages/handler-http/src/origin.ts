import { isIP } from 'node:net'

/** A host as patterns write it: a lower-case name in ASCII, an IPv4 address, or an IPv6 address in brackets. */
const NAME = String.raw`(?=[^/:]{1,253}(?:[:/]|$))[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*`
const IPV6 = String.raw`\[[0-9a-f:.]{2,45}\]`

/** What a pattern of origins looks like; the schema of a grant has it. */
export const ORIGIN_PATTERN = String.raw`^https?://(?:(?:\*\.)?${NAME}|\*|${IPV6})(?::[1-9][0-9]{0,4})?$`

/** An origin or a pattern of origins, taken apart. */
interface Origin {
  readonly scheme: string
  readonly host: string
  readonly port: string
}

const FORM = /^(https?):\/\/([^/?#@:[\]]+|\[[^/?#@[\]]+\])(?::([0-9]+))?$/

/** Takes an origin apart; `undefined`: it is none. */
function parse(text: string): Origin | undefined {
  const [, scheme, host, port] = FORM.exec(text) ?? []
  if (scheme === undefined || host === undefined) return undefined
  return { scheme, host, port: port ?? (scheme === 'https' ? '443' : '80') }
}

/**
 * The origin of a request in one form: lower case, without the scheme's own port, addresses as the platform writes them
 * (`2130706433`, `0x7f.1` and `127.0.0.1` are one).
 *
 * @param authority guest-controlled: `host` or `host:port`
 * @returns `undefined` for what is no host and port: user names, paths, characters beyond ASCII
 */
export function originOf(scheme: 'http' | 'https', authority: string): string | undefined {
  // What the parser would forgive is not forgiven: it drops tabs and line breaks and reads `\` as `/`.
  if (!/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/.test(authority)) return undefined
  let url: URL
  try {
    url = new URL(`${scheme}://${authority}/`)
  } catch {
    return undefined
  }
  return url.port === '0' ? undefined : url.origin
}

/** The host of an origin as it is resolved, without brackets. */
export function hostOf(origin: string): string {
  return new URL(origin).hostname.replace(/^\[|\]$/g, '')
}

/** Whether a pattern covers an origin, or all that another pattern covers. */
export function covers(pattern: string, origin: string): boolean {
  const outer = parse(pattern)
  const inner = parse(origin)
  if (outer === undefined || inner === undefined) return false
  if (outer.scheme !== inner.scheme || outer.port !== inner.port) return false
  if (outer.host === '*' || outer.host === inner.host) return true
  // An address has no domain, though its text ends like one.
  return outer.host.startsWith('*.') && isIP(inner.host) === 0 && inner.host.endsWith(outer.host.slice(1))
}
