import type { JsonSchema, Refusal } from '@theater/handler'
import { originOf } from './origin.ts'
import { HttpHostError } from './host-error.ts'
import { PREFIX_PATTERN, within } from './path.ts'

/** Requests that are an actor's to answer: those to a host whose path is the prefix, or below it. */
export type Route = {
  /**
   * A name or an address, in lower case and without a port; `*` is any. Without it: any name where the listener is open
   * to the network, and on the loopback interface the names of this machine (`localhost`, `127.0.0.1`, `[::1]`), so that
   * no page in a browser reaches the actor by a name of its own.
   */
  readonly host?: string
  /** A prefix of whole segments: `/api` is `/api` and what is below `/api/`. It is compared as it is written, escapes and all. */
  readonly path: string
  /** Whether other actors may hold the same route, shared too: each request is answered by one of them. @default false */
  readonly shared?: boolean
}

const HOST_PATTERN = String.raw`^(?:\*|[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])$`

/** The schemas of what a route says. @param shared what sharing it means */
export function routeProperties(shared: string): Readonly<Record<string, JsonSchema>> {
  return {
    host: {
      description:
        'A name or an address, in lower case, without a port; * is any. Without it: what leads to this machine.',
      type: 'string',
      pattern: HOST_PATTERN,
    },
    path: {
      description: 'A prefix of the path, by whole segments.',
      type: 'string',
      pattern: PREFIX_PATTERN,
    },
    shared: { description: shared, type: 'boolean', default: false },
  }
}

/** The schema of the routes in a grant. */
export const ROUTES_SCHEMA: JsonSchema = {
  description: 'The requests that are the actor’s to answer. Without it: none.',
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: routeProperties(
      'Whether other actors may hold the same route, shared too: each request goes to one of them that is idle.',
    ),
  },
  default: [],
}

/** Whether every route of a child lies within one of its parent's. */
export function routesWithin(child: readonly Route[], parent: readonly Route[]): true | Refusal {
  for (const route of child) {
    const held = parent.some(
      ({ host, path }) => (host === '*' || host === route.host) && within(route.path, path),
    )
    if (!held) return { refused: `requests to ${nameOf(route)} are not within what the parent may answer` }
  }
  return true
}

/** A route, for people. */
function nameOf({ host, path }: Route): string {
  return `${host ?? ''}${path}`
}

/** Somebody who holds routes. */
export interface Holder {
  /** For messages: the actor's id. */
  readonly name: string
}

/** What a search for a route came to: who holds it, which are several where they share it; or what nobody holds. */
export type Found<To> = readonly To[] | 'no-host' | 'no-path'

interface Claim<To> {
  readonly route: Route
  /** As two routes are compared. */
  readonly path: string
  readonly to: To
}

/** Who answers which requests. */
export class Routes<To extends Holder> {
  readonly #claims: Claim<To>[] = []

  /** Whether nobody holds any. */
  get empty(): boolean {
    return this.#claims.length === 0
  }

  /** Gives routes to somebody, all of them or none. @throws HttpHostError `route-taken` */
  claim(routes: readonly Route[], to: To): void {
    const claims = routes.map((route) => ({ route, path: trim(route.path), to }))
    for (const { route, path } of claims) {
      const held = this.#claims.find((one) => one.route.host === route.host && one.path === path)
      const sharing = [held?.route.shared === true, route.shared === true]
      if (held === undefined || held.to === to || !sharing.includes(false)) continue
      throw new HttpHostError(
        'route-taken',
        `${to.name} is granted to answer requests to ${nameOf(route)}, and so is ${held.to.name}. ${sharing.includes(true) ? 'Only one of them shares it: both have to' : 'Take it from one of them'}`,
      )
    }
    this.#claims.push(...claims)
  }

  /** Takes back what somebody holds. */
  release(held: (to: To) => boolean): void {
    for (let i = this.#claims.length - 1; i >= 0; i--) {
      const claim = this.#claims[i]
      if (claim !== undefined && held(claim.to)) this.#claims.splice(i, 1)
    }
  }

  /**
   * Who answers a request: of the routes that name its host, else of those that name none, else of those for any, the
   * one with the longest prefix.
   *
   * @param host as {@link hostOfAuthority} has it
   * @param own whether the host is one that routes without a host are for
   */
  find(host: string, path: string, own: boolean): Found<To> {
    let known = false
    for (const wanted of [host, undefined, '*']) {
      if (wanted === undefined && !own) continue
      const here = this.#claims.filter((claim) => claim.route.host === wanted)
      known ||= here.length > 0
      const covering = here.filter((claim) => within(path, claim.path))
      const longest = covering.reduce((most, claim) => Math.max(most, claim.path.length), 0)
      const best = covering.filter((claim) => claim.path.length === longest)
      if (best.length > 0) return [...new Set(best.map(({ to }) => to))]
    }
    return known ? 'no-path' : 'no-host'
  }
}

/** `/api/` and `/api` are one route. */
function trim(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** The host of an authority in one form, without its port; `undefined` for what is none. Client-controlled. */
export function hostOfAuthority(authority: string): string | undefined {
  const origin = originOf('http', authority)
  return origin === undefined ? undefined : new URL(origin).hostname
}

/** Whether a host is one that only this machine calls itself. */
export function isLoopbackName(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(host)
  )
}
