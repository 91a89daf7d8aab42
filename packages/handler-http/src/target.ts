import { isForbidden, type Field } from './fields.ts'
import { withoutQuery } from './path.ts'
import { hostOfAuthority } from './route.ts'

/** What a request says of where it goes. */
export interface Target {
  /** As the client wrote it: a host, and its port where it has one. */
  readonly authority: string
  /** The host alone, in one form. */
  readonly host: string
  readonly pathWithQuery: string
  readonly path: string
}

/** What is read of a request's head. All of it is client-controlled. */
export interface Head {
  readonly url: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
}

/**
 * Where a request goes; `undefined` for one that is not clear about it.
 *
 * @param hosts what it takes to read an authority
 */
export function targetOf({ url, rawHeaders }: Head, { of }: Hosts): Target | undefined {
  // Two of them are how one server is made to see another request than the next (RFC 9112, 3.2).
  const hosts = valuesOf(rawHeaders, 'host')
  const [named] = hosts
  if (hosts.length !== 1 || named === undefined) return undefined
  const [, absolute, rest] = /^http:\/\/([^/?#]*)(.*)$/i.exec(url) ?? []
  // What the target names counts, and who says something else in the header is up to something.
  if (absolute !== undefined && absolute.toLowerCase() !== named.toLowerCase()) return undefined
  const pathWithQuery =
    absolute === undefined ? url : rest?.startsWith('/') === true ? rest : `/${rest ?? ''}`
  const host = of(named)
  if (host === undefined || !isPathWithQuery(pathWithQuery)) return undefined
  return { authority: named, host, pathWithQuery, path: withoutQuery(pathWithQuery) }
}

/** The hosts of authorities. Most requests name the same as the one before. */
export class Hosts {
  #last: { readonly authority: string; readonly host: string | undefined } | undefined

  /** As {@link hostOfAuthority} has it. */
  readonly of = (authority: string): string | undefined => {
    if (this.#last?.authority !== authority) this.#last = { authority, host: hostOfAuthority(authority) }
    return this.#last.host
  }
}

/** The values of one header. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '')
  }
  return values
}

/** Visible ASCII from `/` on, without a fragment. */
function isPathWithQuery(text: string): boolean {
  return /^\/[\u0021\u0022\u0024-\u007e]*$/.test(text)
}

/** What of received fields a guest sees: all that is not of the connection, whose own list of such is heeded too. */
export function fieldsOf(raw: readonly string[]): Field[] {
  const said = valuesOf(raw, 'connection')
  const ofConnection =
    said.length === 0
      ? undefined
      : new Set(
          said
            .join(',')
            .split(',')
            .map((name) => name.trim().toLowerCase()),
        )
  const fields: Field[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (isForbidden(name) || ofConnection?.has(name.toLowerCase()) === true) continue
    fields.push([name, raw[i + 1] ?? ''])
  }
  return fields
}
