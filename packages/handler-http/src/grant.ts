import { isIP } from 'node:net'
import type { Ask, JsonSchema, Refusal } from '@theater/handler'
import { isPublicAddress } from './address.ts'
import { resolveLimits, withinLimits, type HttpLimits } from './limits.ts'
import { LIMITS_SCHEMA } from './limits.ts'
import { covers, hostOf, ORIGIN_PATTERN } from './origin.ts'
import { routesWithin, ROUTES_SCHEMA, type Route } from './route.ts'
import { below, PREFIX_PATTERN, within as pathWithin } from './path.ts'
import { WEBSOCKET_SCHEMA, webSocketsWithin, type WebSocketRoute } from './websocket-grant.ts'

/** A header that the host sets and the guest never sees: a named secret of the host's, with what goes before it. */
export type SecretHeader = {
  /** The name of the secret in the handler's options. */
  readonly secret: string
  /** What goes before it: `'Bearer '`. @default '' */
  readonly prefix?: string
}

/** Requests that an actor may make of some origins. What is not listed is not granted. */
export type Outgoing = {
  /** `https://api.example.com`, `https://*.example.com` (all below it), `https://*` (all), with `:port` where it is not the scheme's. */
  readonly origin: string
  /** `GET`, `POST`, …; `*` is all but CONNECT. @default [] */
  readonly methods?: readonly string[]
  /** Prefixes of paths, by whole segments: `/v1` is `/v1` and what is below `/v1/`. @default [] */
  readonly paths?: readonly string[]
  /** Headers that the host sets on these requests and no others. @default {} */
  readonly headers?: { readonly [name: string]: SecretHeader }
  /** Whether the connection may end at an address that is not of the public internet. @default false */
  readonly 'private-network'?: boolean
  /**
   * Whether the server knows `Idempotency-Key`, so that the host sends one with methods that are not idempotent, and may
   * make such a request again after a crash.
   *
   * @default false
   */
  readonly 'idempotency-key'?: boolean
}

/** The authority of one actor over HTTP. */
export type HttpGrant = {
  /** The requests it may make. @default [] */
  readonly out?: readonly Outgoing[]
  /** The requests that are its to answer. Its component exports `theater:http/request-handler` or `wasi:http/incoming-handler` then. @default [] */
  readonly serve?: readonly Route[]
  /** The WebSocket connections that are its to accept. Its component exports `theater:http/websocket-handler` then. @default [] */
  readonly websocket?: readonly WebSocketRoute[]
  /**
   * Whether requests and answers pass through while the turn runs: a slow client holds up the actor then, each piece of an
   * answer is an effect that is not undone, and a trap after the first one cuts the connection. Otherwise requests are
   * read before the turn and answers sent after it. Messages on WebSocket connections likewise.
   *
   * @default false
   */
  readonly stream?: boolean
  /** Sizes, times and how many at once. */
  readonly limits?: Partial<HttpLimits>
}

/** What one `handle` asks for. The query is no part of it: it is in the event of `set-path-with-query`. */
export type HttpAsk = { readonly method: string; readonly origin: string; readonly path: string }

const TOKEN = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"

/** The schema of a {@link HttpGrant}. */
export const httpGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'http',
  description: 'The HTTP requests that the actor may make, and those that it may answer.',
  type: 'object',
  additionalProperties: false,
  properties: {
    out: {
      description: 'The requests it may make. Without it: none.',
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['origin'],
        properties: {
          origin: {
            description:
              'https://api.example.com, https://*.example.com or https://*; with :port where it is not the usual.',
            type: 'string',
            pattern: ORIGIN_PATTERN,
          },
          methods: {
            description: 'Methods in capitals; * is all but CONNECT. Without it: none.',
            type: 'array',
            items: { type: 'string', pattern: '^(\\*|(?!CONNECT$)[A-Z][A-Z-]*)$' },
            default: [],
          },
          paths: {
            description: 'Prefixes of paths, by whole segments. Without it: none.',
            type: 'array',
            items: { type: 'string', pattern: PREFIX_PATTERN },
            default: [],
          },
          headers: {
            description: 'Headers that the host sets from its secrets, by lower-case name.',
            type: 'object',
            propertyNames: { pattern: '^[a-z0-9][a-z0-9-]*$' },
            additionalProperties: {
              type: 'object',
              additionalProperties: false,
              required: ['secret'],
              properties: {
                secret: {
                  description: 'The name of a secret of the host.',
                  type: 'string',
                  pattern: '^[A-Za-z0-9._-]{1,128}$',
                },
                prefix: {
                  description: 'What goes before it.',
                  type: 'string',
                  pattern: '^[\\t\\u0020-\\u007e]{0,256}$',
                  default: '',
                },
              },
            },
            default: {},
          },
          'private-network': {
            description: 'Whether the connection may end at a loopback, private or other special address.',
            type: 'boolean',
            default: false,
          },
          'idempotency-key': {
            description:
              'Whether the server knows Idempotency-Key: the host sends one with POST and what else is not idempotent, and may make such a request again after a crash.',
            type: 'boolean',
            default: false,
          },
        },
      },
      default: [],
    },
    serve: ROUTES_SCHEMA,
    websocket: WEBSOCKET_SCHEMA,
    stream: {
      description:
        'Whether bodies of requests and answers, and messages on WebSocket connections, pass through while the turn runs.',
      type: 'boolean',
      default: false,
    },
    limits: LIMITS_SCHEMA,
  },
  examples: [
    { out: [{ origin: 'https://api.example.com', methods: ['GET'], paths: ['/'] }] },
    { serve: [{ path: '/' }] },
    { websocket: [{ path: '/chat', origins: ['self'] }] },
  ],
}

/** Whether a method is ever sent: no tunnel is made, and none has small letters, or `get` would be another than GET. */
export function isSent(method: string): boolean {
  return method !== 'CONNECT' && !/[a-z]/.test(method)
}

/** Whether a text is a token of HTTP, as methods and header names are. */
export function isToken(text: string): boolean {
  return new RegExp(TOKEN).test(text)
}

/**
 * Whether a child's grant lies within its parent's.
 *
 * Each entry of the child has to lie within one of the parent's: the same secrets in the same headers, where it names
 * any. A child may do without a secret, or a key, that its parent's requests carry.
 *
 * @param defaults the limits of a grant that does not say
 */
export function within(child: HttpGrant, parent: HttpGrant, defaults: HttpLimits): true | Refusal {
  for (const entry of child.out ?? []) {
    const inside = parent.out?.some((outer) => entryWithin(entry, outer)) === true
    if (!inside) return { refused: `requests to ${entry.origin} are not within what the parent may make` }
  }
  const routes = routesWithin(child.serve ?? [], parent.serve ?? [])
  if (routes !== true) return routes
  const sockets = webSocketsWithin(child.websocket ?? [], parent.websocket ?? [])
  if (sockets !== true) return sockets
  if (child.stream === true && parent.stream !== true)
    return { refused: 'stream is not within what the parent may' }
  return withinLimits(resolveLimits(child.limits, defaults), resolveLimits(parent.limits, defaults))
}

function entryWithin(inner: Outgoing, outer: Outgoing): boolean {
  if (!covers(outer.origin, inner.origin)) return false
  if (inner['private-network'] === true && outer['private-network'] !== true) return false
  // Whoever says wrongly that a server knows keys has the host do twice what is to be done once.
  if (inner['idempotency-key'] === true && outer['idempotency-key'] !== true) return false
  for (const method of inner.methods ?? []) if (!names(outer.methods, method)) return false
  for (const path of inner.paths ?? []) {
    if (outer.paths?.some((prefix) => pathWithin(path, prefix)) !== true) return false
  }
  for (const [name, { secret, prefix = '' }] of Object.entries(inner.headers ?? {})) {
    if (outer.headers === undefined || !Object.hasOwn(outer.headers, name)) return false
    const held = outer.headers[name]
    if (held?.secret !== secret || (held.prefix ?? '') !== prefix) return false
  }
  return true
}

function names(methods: readonly string[] | undefined, method: string): boolean {
  if (methods === undefined || !isSent(method)) return false
  return methods.includes(method) || methods.includes('*')
}

/** Whether a grant covers an ask. Where a name leads only shows when it is resolved: that is looked at then. */
export function authorize(grant: HttpGrant, ask: Ask): true | Refusal {
  const found = entryFor(grant, ask)
  return 'refused' in found ? found : true
}

/** The entry of a grant that covers an ask, the first one; or why there is none. */
export function entryFor(grant: HttpGrant, { method, origin, path }: Ask): Outgoing | Refusal {
  if (typeof method !== 'string' || typeof origin !== 'string' || typeof path !== 'string') {
    return { refused: 'the call names no request' }
  }
  const here = (grant.out ?? []).filter((entry) => covers(entry.origin, origin))
  if (here.length === 0) return { refused: `requests to ${origin} are not granted` }
  const allowed = here.filter((entry) => names(entry.methods, method))
  if (allowed.length === 0) return { refused: `${method} to ${origin} is not granted` }
  const reached = allowed.filter((entry) => entry.paths?.some((prefix) => below(prefix, path)) === true)
  if (reached.length === 0) return { refused: `${method} of ${path} at ${origin} is not granted` }
  const reachable = isPrivateLiteral(origin)
    ? reached.filter((entry) => entry['private-network'] === true)
    : reached
  return reachable[0] ?? { refused: `${origin} is not an address of the public internet` }
}

/** Whether an origin is an address, not a name, and not a public one. */
function isPrivateLiteral(origin: string): boolean {
  if (!URL.canParse(origin)) return true
  const host = hostOf(origin)
  return isIP(host) !== 0 && !isPublicAddress(host)
}
