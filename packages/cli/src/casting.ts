import { resolve } from 'node:path'
import type { Durability } from '@theater/event-chain'
import type { Limits, Message } from '@theater/runtime'
import type { Json } from '@theater/values'
import type { Contributed } from './contributed.ts'
import { CliError } from './errors.ts'
import { readManifest } from './manifest.ts'
import type { Lifetime } from './manifest.ts'
import { offerOf } from './offer.ts'
import type { SecretSources } from './secrets.ts'

/** What an actor of one component is made with. */
export interface Casting {
  readonly id: string
  readonly grants: Readonly<Record<string, Json>>
  readonly params: Message | undefined
  /** How long an instance of the component lives; undefined where a manifest does not say. */
  readonly instance: Lifetime | undefined
  /** What of it survives a crash; undefined where nobody says. */
  readonly durability: Durability | undefined
  readonly limits: Partial<Limits>
  /** Those that it may make children of. */
  readonly components: readonly Uint8Array[]
  /** Where the secrets come from that its grant of http names, beside the environment. */
  readonly secrets: SecretSources
}

/** What a command line says of the actor. */
export interface CastingFlags {
  /** `HANDLER` or `HANDLER={…}`. */
  readonly grant: readonly string[]
  /** `MODULE` or `MODULE={…}`. */
  readonly handler: readonly string[]
  readonly manifest?: string
  readonly actor?: string
  /** What of actors survives a crash where their manifest does not say it of them. */
  readonly durability?: Durability
}

/**
 * What the actor is made with: an actor of a manifest, or the grants of the command line.
 *
 * @param id its id where the command line names none
 * @throws CliError, ManifestError
 */
export async function castingOf(
  id: string,
  { grant, manifest, actor, durability }: CastingFlags,
  { handlers }: Contributed,
): Promise<Casting> {
  if (manifest === undefined) {
    const grants = Object.fromEntries(grant.map(parseGrant))
    return {
      id: actor ?? id,
      grants,
      params: undefined,
      instance: undefined,
      durability,
      limits: {},
      components: [],
      secrets: {},
    }
  }
  if (grant.length > 0)
    throw new CliError('usage', 'the grants stand in the manifest: leave --grant out, or --manifest')
  const { actors, secrets, durability: ofHost } = await readManifest(manifest, { handlers })
  const found = actors.find((one) => one.id === (actor ?? id))
  if (found === undefined) {
    const ids = actors.map((one) => one.id).join(', ')
    throw new CliError(
      'usage',
      `${manifest} has no actor ${JSON.stringify(actor ?? id)}. Name one with --actor: ${ids}`,
    )
  }
  const { params, instance, limits } = found
  const { grants, components } = await offerOf(found.grants)
  return {
    id: found.id,
    grants,
    params,
    instance,
    durability: found.durability ?? durability ?? ofHost,
    limits,
    components,
    secrets,
  }
}

/** A grant is recorded: there a folder must mean the same wherever a later command is started. */
function absoluteMounts(grant: Json): Json {
  if (!isObject(grant) || !isObject(grant['mounts'])) return grant
  const mounts = Object.entries(grant['mounts']).map(([guest, mount]): [string, Json] =>
    isObject(mount) && typeof mount['host'] === 'string'
      ? [guest, { ...mount, host: resolve(mount['host']) }]
      : [guest, mount],
  )
  return { ...grant, mounts: Object.fromEntries(mounts) }
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A grant of a command line, `HANDLER` or `HANDLER={…}`. @throws CliError `bad-arguments` */
export function parseGrant(text: string): [string, Json] {
  const [, name = '', json] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? []
  if (json === undefined) return [name, {}]
  try {
    const grant = JSON.parse(json) as Json
    return [name, name === 'fs' ? absoluteMounts(grant) : grant]
  } catch (cause) {
    throw new CliError(
      'bad-arguments',
      `the grant of ${name} is not JSON. Write --grant '${name}={"key": "value"}', or --grant ${name} for an empty one.`,
      { cause },
    )
  }
}
