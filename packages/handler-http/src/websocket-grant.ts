import type { JsonSchema, Refusal } from '@theater/handler'
import { covers, ORIGIN_PATTERN, originOf } from './origin.ts'
import { routeProperties, routesWithin, type Route } from './route.ts'

/**
 * WebSocket connections that are an actor's to accept: those to a host whose path is the prefix, or below it, of clients
 * from one of the origins. What is not listed is refused before the actor hears of it.
 */
export type WebSocketRoute = Route & {
  /**
   * The origins whose pages may connect: `https://app.example.com`, `https://*.example.com` (all below it), `https://*`
   * (all), with `:port` where it is not the scheme's. `self` are pages of the very host and port that they connect to,
   * `none` are clients that name no origin: programs, no browsers. A browser lets any page connect anywhere, with the
   * cookies that the user has there, and only this header says which page it is.
   *
   * @default []
   */
  readonly origins?: readonly string[]
  /** The subprotocols that may be agreed on. @default [] */
  readonly subprotocols?: readonly string[]
}

/** The schema of these routes in a grant. */
export const WEBSOCKET_SCHEMA: JsonSchema = {
  description: 'The WebSocket connections that the actor may accept. Without it: none.',
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      ...routeProperties(
        'Whether other actors may hold the same route, shared too: each connection is of one of them.',
      ),
      origins: {
        description:
          'The origins whose pages may connect, with :port where it is not the usual; self is the host itself, none are clients that are no browsers. Without it: nobody.',
        type: 'array',
        items: { type: 'string', pattern: `^(?:self|none|${ORIGIN_PATTERN.slice(1, -1)})$` },
        default: [],
      },
      subprotocols: {
        description: 'The subprotocols that may be agreed on. Without it: none.',
        type: 'array',
        items: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$" },
        default: [],
      },
    },
  },
  default: [],
}

/** Whether every route of a child lies within one of its parent's, with its origins and subprotocols. */
export function webSocketsWithin(
  child: readonly WebSocketRoute[],
  parent: readonly WebSocketRoute[],
): true | Refusal {
  for (const route of child) {
    const { origins = [], subprotocols = [] } = route
    const held = parent.some((outer) => {
      if (routesWithin([route], [outer]) !== true) return false
      if (!subprotocols.every((name) => outer.subprotocols?.includes(name) === true)) return false
      return origins.every((origin) => outer.origins?.some((one) => includes(one, origin)) === true)
    })
    if (!held)
      return {
        refused: `WebSockets at ${route.host ?? ''}${route.path} are not within what the parent may accept`,
      }
  }
  return true
}

/** Whether one entry of origins names all that another does. */
function includes(outer: string, inner: string): boolean {
  return outer === inner || covers(outer, inner)
}

/**
 * Whether a client of an origin may connect.
 *
 * @param origin what the client says; client-controlled, and to be believed of browsers alone
 * @param authority the host that it asks, and its port
 */
export function allows(route: WebSocketRoute, origin: string | undefined, authority: string): boolean {
  const { origins = [] } = route
  if (origin === undefined) return origins.includes('none')
  const [, scheme, rest] = /^(https?):\/\/(.+)$/i.exec(origin) ?? []
  if (scheme === undefined || rest === undefined) return false
  const known = originOf(scheme.toLowerCase() === 'https' ? 'https' : 'http', rest)
  if (known === undefined) return false
  // There may be a proxy for TLS in front, which is the host too.
  const own = [originOf('http', authority), originOf('https', authority)]
  return origins.some((one) => (one === 'self' ? own.includes(known) : covers(one, known)))
}
