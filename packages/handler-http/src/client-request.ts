import type { TheaterHttpClient } from '@theater/wit'
import { isForbidden, isValue, type Field } from './fields.ts'
import { isSent, isToken, type HttpAsk } from './grant.ts'
import { originOf } from './origin.ts'
import { isPath } from './outgoing-request.ts'
import { withoutQuery } from './path.ts'

/** Why there is no response, `theater:http/client.error` as lifted. */
export type ClientError = TheaterHttpClient.Error

/** What about a request is none, `theater:http/client.fault` as lifted. */
type Fault = TheaterHttpClient.Fault

/** A request of `theater:http/client`, taken apart. */
export interface ClientRequest {
  readonly target: HttpAsk
  readonly pathWithQuery: string
  readonly fields: readonly Field[]
  readonly body: Uint8Array
}

/** What the host sets besides what belongs to a connection: a body here is whole, and nothing follows it. */
const HOSTS: ReadonlySet<string> = new Set(['content-length', 'expect', 'trailer'])

/** Whether a request is none, and then what about it. */
export function isFault(request: ClientRequest | Fault): request is Fault {
  return typeof request === 'string'
}

/** Takes a request apart. Total: asks are made of it, and asks are made of anything. */
export function readRequest(value: unknown): ClientRequest | Fault {
  const { method, url, headers, body } = Object(value) as {
    readonly [K in keyof TheaterHttpClient.Request]?: unknown
  }
  if (typeof method !== 'string' || !isToken(method) || !isSent(method)) return 'method'
  const place = typeof url === 'string' ? placeOf(url) : undefined
  if (place === undefined) return 'url'
  const fields: Field[] = []
  for (const one of Array.isArray(headers) ? (headers as unknown[]) : []) {
    const field = fieldOf(one)
    if (typeof field === 'string') return field
    fields.push(field)
  }
  const { origin, pathWithQuery } = place
  return {
    target: { method, origin, path: withoutQuery(pathWithQuery) },
    pathWithQuery,
    fields,
    body: body instanceof Uint8Array ? body : new Uint8Array(),
  }
}

/**
 * Where a URL leads. Guest-controlled: it is held against what is sent, letter by letter, and not read by a parser that
 * forgives, since another one reads it at the other end.
 */
function placeOf(url: string): { readonly origin: string; readonly pathWithQuery: string } | undefined {
  const [, scheme, authority = '', rest = ''] = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(url) ?? []
  if (scheme === undefined) return undefined
  const origin = originOf(scheme as 'http' | 'https', authority)
  const pathWithQuery = rest.startsWith('/') ? rest : `/${rest}`
  return origin === undefined || !isPath(pathWithQuery) ? undefined : { origin, pathWithQuery }
}

function fieldOf(value: unknown): Field | Fault {
  const [name, text] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof name !== 'string' || typeof text !== 'string' || !isToken(name) || !isValue(text))
    return 'header'
  const key = name.toLowerCase()
  return isForbidden(key, text) || HOSTS.has(key) ? 'host-header' : [name, text]
}
