/** The bounds on what is loaded, and their defaults. */
import type { LoadLimits } from './types.ts'

/** The default bounds: a 12 MB StarlingMonkey component with all of WASI 0.2 stays well below each of them. */
export const defaultLimits: LoadLimits = {
  bytes: 64 * 1024 * 1024,
  modules: 64,
  moduleBytes: 64 * 1024 * 1024,
  components: 256,
  depth: 32,
  definitions: 65_536,
  functions: 2_048,
  typeNodes: 16_384,
  functionNodes: 4_096,
  nameBytes: 512,
  transpileMs: 60_000,
  transpileMb: 1_024,
  glueChars: 32 * 1024 * 1024,
}

/** Fills in the defaults; an `undefined` value counts as absent. */
export function withDefaults(limits: Partial<LoadLimits> = {}): LoadLimits {
  const merged: Record<keyof LoadLimits, number> = { ...defaultLimits }
  for (const name of Object.keys(defaultLimits) as (keyof LoadLimits)[]) {
    const value = limits[name]
    if (value === undefined) continue
    if (!(value >= 0)) throw new TypeError(`limits.${name} must be a number of at least 0, not ${value}`)
    merged[name] = value
  }
  return merged
}
