import type { Cause, Contents, Genesis } from '@theater/event-chain'
import { hex } from '@theater/event-chain'
import { decodeData, encodeData, splitCid } from '@theater/values'
import type { Data, Hash, Json } from '@theater/values'

/** The function whose calls make actors, by its name within its track. */
export const SPAWN = 'theater:supervisor/children@0.1#spawn'
/** The export that is told of their end, by its name within its track. */
export const CHILD_ENDED = 'theater:supervisor/watcher@0.1#child-ended'

/** What a spawn asked for; digests, so that memory does not grow with what was said. */
export interface SpawnCall {
  readonly component: string
  readonly params: string
  /** null where the text is not JSON. */
  readonly grants: string | null
  /** Fuel, memory and descendants, where they were asked for. */
  readonly limits: Readonly<Record<string, number | undefined>>
  /** The child that it was answered with; `undefined` where there is no such answer. */
  made: string | undefined
}

/** What an actor began with, as a spawn would have to have asked for it. */
export interface Birth extends Omit<SpawnCall, 'made' | 'limits'> {
  readonly actor: string
  readonly parent: string | null
  readonly cause: Cause | null
  readonly handlers: readonly string[]
  readonly instance: Genesis['instance'] | undefined
  readonly limits: Readonly<Record<string, Json>>
}

/** Reads what a spawn asked for; `undefined` where the call is not one that may have made an actor. */
export function readSpawn({ args, outcome }: Contents['call'], hash: Hash): SpawnCall | undefined {
  // What was answered at once was refused.
  if (outcome !== null) return undefined
  try {
    const [component, params, grants, limits] = decodeData(args) as readonly Data[]
    if (!(component instanceof Uint8Array) || params === undefined || typeof grants !== 'string')
      return undefined
    const [fuel, memory, descendants] = (limits as readonly (readonly (number | bigint)[])[]).map(([one]) =>
      one === undefined ? undefined : Number(one),
    )
    return {
      component: hex(component),
      params: digest(params, hash),
      grants: digestOfText(grants, hash),
      limits: { fuel, memory, descendants: descendants ?? 0 },
      made: undefined,
    }
  } catch {
    // A component declares its own types; ones that are not the interface's are no spawn.
    return undefined
  }
}

/** Reads the id of the child out of the answer to a spawn; `undefined` for an error. */
export function readMade(result: Uint8Array): string | undefined {
  const decoded = decodeData(result) as readonly (readonly Data[])[]
  const [tag, id] = decoded[0] ?? []
  return tag === 0 && typeof id === 'string' ? id : undefined
}

/** Reads what an actor began with. */
export function readBirth(genesis: Genesis, hash: Hash): Birth {
  const { actor, parent, cause, component, params, grants, instance, limits } = genesis
  return {
    actor,
    parent,
    cause,
    component: hex(splitCid(component).digest),
    params: digest(params === null ? null : [params.format, params.body], hash),
    grants: digest(grants as Data, hash),
    handlers: Object.keys(grants),
    instance,
    limits,
  }
}

/**
 * How an actor is not what its parent's spawn asked for; `undefined`: it is.
 *
 * @param seq where the spawn stands in the parent's chain
 */
export function misborn(child: Birth, parent: Birth, asked: SpawnCall, seq: number): string | undefined {
  const id = `${parent.actor}.child-${seq}`
  if (child.actor !== id) return `the spawn makes ${id}, and this is ${child.actor}`
  if (asked.made !== undefined && asked.made !== id) return `the spawn was answered with ${asked.made}`
  if (child.parent !== parent.actor)
    return `its parent is ${String(child.parent)}, and the spawn is one of ${parent.actor}`
  if (child.component !== asked.component) return 'the spawn asked for another component'
  if (child.instance !== undefined) return 'the spawn asked for instances that live as long as their actor'
  if (child.params !== asked.params) return 'the spawn gave other params'
  if (child.grants !== asked.grants) return 'the spawn gave other grants'
  const more = child.handlers.find((name) => !parent.handlers.includes(name))
  if (more !== undefined) return `its parent has no grant ${JSON.stringify(more)} to give`
  return unlimited(child, parent, asked)
}

function unlimited(child: Birth, parent: Birth, asked: SpawnCall): string | undefined {
  for (const [name, value] of Object.entries(asked.limits))
    if (value !== undefined && own(child.limits, name) !== value)
      return `the spawn gave it ${name} ${value}, and its own is ${JSON.stringify(own(child.limits, name))}`
  for (const [name, most] of Object.entries(parent.limits)) {
    const value = own(child.limits, name)
    if (typeof most === 'number' && !(typeof value === 'number' && value <= most))
      return `its limit ${name} is ${JSON.stringify(value)}, and its parent's is ${most}`
  }
  return undefined
}

function own(limits: Readonly<Record<string, Json>>, name: string): Json | undefined {
  return Object.hasOwn(limits, name) ? limits[name] : undefined
}

function digest(value: Data, hash: Hash): string {
  return hex(hash(encodeData(value)))
}

function digestOfText(text: string, hash: Hash): string | null {
  try {
    return digest(JSON.parse(text) as Data, hash)
  } catch {
    return null
  }
}
