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
  readonly to: To
}

/** Who answers which requests: by the host that a route names, and by its prefix without a `/` at the end. */
export class Routes<To extends Holder> {
  readonly #hosts = new Map<string | undefined, Map<string, Claim<To>[]>>()
  /** The length of the longest prefix that was ever claimed. */
  #most = 1

  /** Whether nobody holds any. */
  get empty(): boolean {
    return this.#hosts.size === 0
  }

  /** Gives routes to somebody, all of them or none. @throws HttpHostError `route-taken` */
  claim(routes: readonly Route[], to: To): void {
    for (const route of routes) {
      const held = this.#hosts.get(route.host)?.get(trim(route.path))?.[0]
      const sharing = [held?.route.shared === true, route.shared === true]
      if (held === undefined || held.to === to || !sharing.includes(false)) continue
      throw new HttpHostError(
        'route-taken',
        `${to.name} is granted to answer requests to ${nameOf(route)}, and so is ${held.to.name}. ${sharing.includes(true) ? 'Only one of them shares it: both have to' : 'Take it from one of them'}`,
      )
    }
    for (const route of routes) {
      const here = this.#hosts.getOrInsertComputed(route.host, () => new Map<string, Claim<To>[]>())
      here.getOrInsertComputed(trim(route.path), () => []).push({ route, to })
      this.#most = Math.max(this.#most, route.path.length)
    }
  }

  /** Takes back what somebody holds. */
  release(held: (to: To) => boolean): void {
    for (const [host, here] of this.#hosts) {
      for (const [path, claims] of here) {
        const left = claims.filter(({ to }) => !held(to))
        if (left.length > 0) here.set(path, left)
        else here.delete(path)
      }
      if (here.size === 0) this.#hosts.delete(host)
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
      const here = this.#hosts.get(wanted)
      if (here === undefined) continue
      known = true
      const claims = this.#longest(here, path)
      const [only, another] = claims ?? []
      if (only !== undefined && another === undefined) return [only.to]
      if (claims !== undefined) return [...new Set(claims.map(({ to }) => to))]
    }
    return known ? 'no-path' : 'no-host'
  }

  /** What is held of the longest prefix of a path, by whole segments. Client-controlled: what no prefix is as long as is not looked at. */
  #longest<T>(here: ReadonlyMap<string, T>, path: string): T | undefined {
    const most = this.#most
    let end = path.length <= most ? path.length : path.lastIndexOf('/', most)
    for (; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const found = here.get(path.slice(0, end))
      if (found !== undefined) return found
    }
    return here.get('/')
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
