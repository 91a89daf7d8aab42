import { sha256 } from '@theater/event-chain/node'
import type { Json } from '@theater/values'
import { idOf } from './actor-id.ts'
import { readComponentFile } from './component-file.ts'
import { CliError } from './errors.ts'
import { componentName } from './records.ts'

/** Authority by handler, as a manifest or a record has it. */
type Grants = Readonly<Record<string, Json>>

/** What an actor is granted, and what a host needs to keep for it. */
export interface Offer {
  /** As they are recorded: components by their digests. */
  readonly grants: Grants
  /** The components that they list; `theater.addComponent` keeps each. */
  readonly components: readonly Uint8Array[]
}

/**
 * Reads the components that a manifest's grant of supervisor lists by their files, and puts their digests in the place of the
 * files: `build/worker.wasm` as `worker=sha256:…`.
 *
 * @throws CliError where one cannot be read
 */
export async function offerOf(grants: Grants): Promise<Offer> {
  const files = componentFiles(grants)
  if (files === undefined) return { grants, components: [] }
  const entries: string[] = []
  const components: Uint8Array[] = []
  for (const file of files) {
    const name = idOf(file).slice(0, 64)
    if (entries.some((entry) => entry.startsWith(`${name}=`)))
      throw new CliError('usage', `two components are called ${name}, after their files. Rename one of them.`)
    const bytes = await readComponentFile(file)
    components.push(bytes)
    entries.push(`${name}=${componentName(sha256(bytes))}`)
  }
  return { grants: { ...grants, supervisor: { components: entries } }, components }
}

/** The files that a grant of supervisor lists; undefined where there is no such grant. */
export function componentFiles(grants: Grants): readonly string[] | undefined {
  const grant = Object.hasOwn(grants, 'supervisor') ? grants['supervisor'] : undefined
  return (grant as { readonly components?: readonly string[] } | undefined)?.components
}

/** Grants without the digests of components: their names stay. */
export function withoutDigests(grants: Grants): Grants {
  const entries = componentFiles(grants)
  if (entries === undefined) return grants
  return { ...grants, supervisor: { components: entries.map((entry) => entry.replace(/=.*$/s, '')) } }
}
