/** Where each guard is, and what its source becomes for a test that turns it off. */
import { actors } from './guards/actors.ts'
import { boundary } from './guards/boundary.ts'
import { component } from './guards/component.ts'
import { fs } from './guards/fs.ts'
import { http } from './guards/http.ts'
import { limits } from './guards/limits.ts'
import { manifestGuards } from './guards/manifest.ts'
import type { Guards, Patch } from './guards/patch.ts'
import { record } from './guards/record.ts'
import { floods } from './guards/floods.ts'
import { phases } from './guards/phases.ts'
import { serving } from './guards/serving.ts'
import { socketGuards } from './guards/sockets.ts'
import { store } from './guards/store.ts'

/**
 * Guards that cannot be turned off: the engine's, jco's, the operating system's, or the parser's of TOML, which are not ours; and
 * the kit's, which is in the guest.
 */
export const ENGINE: ReadonlySet<string> = new Set(['engine', 'jco', 'system', 'toml', 'kit'])

/** The guards that are ours, by name. What is named here is named in the catalogue, and the other way round. */
export const GUARDS: Guards = {
  ...actors,
  ...boundary,
  ...component,
  ...fs,
  ...http,
  ...limits,
  ...manifestGuards,
  ...record,
  ...floods,
  ...phases,
  ...serving,
  ...socketGuards,
  ...store,
}

/** The patches of a guard. Throws for one that is not known. */
export function patchesOf(guard: string): readonly Patch[] {
  const patches = Object.hasOwn(GUARDS, guard) ? GUARDS[guard] : undefined
  if (patches === undefined) throw new Error(`there is no guard ${guard}`)
  return patches
}

/** A source with a patch. Throws where the guard is not where the table says. */
export function patched(source: string, { text, with: instead }: Patch, file: string): string {
  const parts = source.split(text)
  if (parts.length !== 2)
    throw new Error(`${file} has ${JSON.stringify(text)} ${parts.length - 1} times, not once`)
  return parts.join(instead)
}
