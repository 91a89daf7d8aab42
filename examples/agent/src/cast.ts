import { isIP } from 'node:net'
import { readManifest } from '@theater/cli'
import type { ManifestActor } from '@theater/cli'
import type { HttpGrant } from '@theater/handler-http'
import { home } from './paths.ts'

/** The name that the grant has for the key. */
export const SECRET = 'MODEL_KEY'

/** Who is asked, and what. */
export interface Wish {
  /** What stands before `/v1/chat/completions`. */
  readonly base: string
  /** @default what theater.toml says */
  readonly model: string | undefined
  /** @default what theater.toml says */
  readonly question: string | undefined
  /** Whether requests carry the key. */
  readonly keyed: boolean
}

interface Params {
  readonly rounds: number
  readonly question: string
  readonly [name: string]: string | number
}

/** The actor of theater.toml, as it is written. */
export async function written(): Promise<ManifestActor> {
  const { actors } = await readManifest(home('theater.toml'))
  const [actor] = actors
  if (actor === undefined) throw new Error('theater.toml has no actor')
  return actor
}

/** The same actor, with another model to ask. */
export function agent(actor: ManifestActor, { base, model, question, keyed }: Wish): ManifestActor {
  const http = httpOf(actor)
  const { origin, pathname, hostname } = new URL(`${base}/v1/chat/completions`)
  const out = (http.out ?? []).map(({ headers, ...entry }) => ({
    ...entry,
    origin,
    paths: [pathname],
    ...(keyed && headers !== undefined && { headers }),
    // A server at an address of this machine or network, which no other origin leads to.
    'private-network': hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0,
  }))
  return withParams(
    { ...actor, grants: { ...actor.grants, http: { ...http, out } } },
    { base, ...(model !== undefined && { model }), ...(question !== undefined && { question }) },
  )
}

/** The same actor under other names, with less to use up. */
export function frugal(actor: ManifestActor): readonly ManifestActor[] {
  const within = (limits: HttpGrant['limits']): ManifestActor['grants'] => {
    const http = httpOf(actor)
    return { ...actor.grants, http: { ...http, limits: { ...http.limits, ...limits } } }
  }
  return [
    named({ ...actor, grants: within({ 'total-requests': 3 }) }, 'agent-requests'),
    named({ ...actor, grants: within({ 'total-bytes': 6000 }) }, 'agent-bytes'),
    named(withParams(actor, { rounds: 2 }), 'agent-rounds'),
  ]
}

/** The grant of HTTP of an actor. */
export function httpOf({ grants }: Pick<ManifestActor, 'grants'>): HttpGrant {
  return (grants['http'] ?? {}) as HttpGrant
}

/** The parameters of an actor. */
export function paramsOf({ params }: Pick<ManifestActor, 'params'>): Params {
  return JSON.parse(new TextDecoder().decode(params?.body)) as Params
}

function withParams(actor: ManifestActor, more: Readonly<Record<string, string | number>>): ManifestActor {
  const body = new TextEncoder().encode(JSON.stringify({ ...paramsOf(actor), ...more }))
  return { ...actor, params: { format: 'application/json', body } }
}

/** Notes and messages are an actor's own: so is its place for them. */
function named(actor: ManifestActor, id: string): ManifestActor {
  const store = { ...Object(actor.grants['store']), namespace: id }
  return { ...actor, id, grants: { ...actor.grants, store, messaging: { to: [id] } } }
}
