/** What the checks of a component find, and how it is kept, so that a host that has checked one needs neither the checks again nor its bytes. */
import type { ComponentModel, Hash } from '@theater/values'
import { checkModule } from './core.ts'
import { decodeEntry, encodeEntry } from './entry.ts'
import { meterNeeds, type MeterNeeds } from './meter/needs.ts'
import { modelOf } from './model.ts'
import { parseComponent } from './parse.ts'
import { sharedFunctions, type SharedFunctions } from './signatures.ts'
import type { EmbeddedModule } from './syntax.ts'
import type { ComponentCache, LoadLimits } from './types.ts'
import { findingsVersion } from './version.ts'

/** What there is to know of a core module of a component, but its bytes. */
export interface ModuleFindings extends SharedFunctions {
  /** Where it begins among the component's bytes. */
  readonly at: number
  readonly length: number
  /** The sha-256 of its bytes. */
  readonly digest: Uint8Array
  readonly needs: MeterNeeds
}

/** A component that passed every check. */
export interface Findings {
  readonly model: ComponentModel
  /** In file order. */
  readonly modules: readonly ModuleFindings[]
}

/** Checks the bytes of a component. Throws a `ComponentError` at the first thing that is not as it must be. */
export function check(
  bytes: Uint8Array,
  limits: LoadLimits,
): Pick<Findings, 'model'> & { readonly modules: readonly EmbeddedModule[] } {
  const { component, modules } = parseComponent(bytes, limits)
  const model = modelOf(component, limits)
  for (const module of modules) checkModule(module, limits)
  return { model, modules }
}

/** What there is to know of a core module that was checked. Throws a `ComponentError` where the meter cannot read it. */
export function findingsOf({ bytes }: EmbeddedModule, within: Uint8Array, sha256: Hash): ModuleFindings {
  return {
    at: bytes.byteOffset - within.byteOffset,
    length: bytes.length,
    digest: sha256(bytes),
    needs: meterNeeds(bytes),
    ...sharedFunctions(bytes),
  }
}

/** A cache that can keep them: it tells what it kept from what somebody else wrote. */
export type Keeping = ComponentCache & Required<Pick<ComponentCache, 'seal' | 'data'>>

export function isKeeping(cache: ComponentCache | undefined): cache is Keeping {
  return cache?.seal !== undefined && cache.data !== undefined
}

/** What was kept; `undefined` where nothing was, or not by this cache for this key, or of another version of the checks. */
export async function keptFindings(cache: Keeping, key: string): Promise<Findings | undefined> {
  const bytes = await cache.get(key)
  const entry = bytes && decodeEntry(bytes, cache.seal, 'sealed')
  const [kept] = entry?.modules ?? []
  if (entry?.glue !== whose(key) || kept === undefined || !('bytes' in kept)) return undefined
  return cache.data.decode(kept.bytes) as Findings | undefined
}

export async function keepFindings(cache: Keeping, key: string, findings: Findings): Promise<void> {
  const bytes = cache.data.encode(findings)
  await cache.put(key, encodeEntry({ glue: whose(key), modules: [{ bytes }] }, cache.seal, 'sealed'))
}

function whose(key: string): string {
  return `${key} ${findingsVersion}`
}
