import type { Genesis } from '@theater/event-chain'
import type { Json } from '@theater/values'
import type { VerifyLimits } from './types.ts'

/** What a verifier spends that was told nothing. */
export const defaultLimits: VerifyLimits = {
  maxEvents: 10_000_000,
  maxTurnBytes: 256 * 1024 * 1024,
  maxTraps: 1000,
  maxFuel: Number.MAX_SAFE_INTEGER,
  maxMemory: 4 * 1024 ** 3,
  maxHandles: 1_000_000,
}

/** Fills in the defaults; an `undefined` value counts as absent. */
export function withDefaults(limits: Partial<VerifyLimits> = {}): VerifyLimits {
  const merged: Record<keyof VerifyLimits, number> = { ...defaultLimits }
  for (const name of Object.keys(defaultLimits) as (keyof VerifyLimits)[]) {
    const value = limits[name]
    if (value === undefined) continue
    if (!(value >= 0)) throw new TypeError(`limits.${name} has to be a number of at least 0, not ${value}`)
    merged[name] = value
  }
  return merged
}

/** The limits in genesis that decide how a re-run goes, and the verifier's own for each. */
const bounded = { handles: 'maxHandles', fuel: 'maxFuel', memory: 'maxMemory' } as const

/** What is wrong with the limits in a genesis event. */
export type LimitFault =
  | { readonly tag: 'malformed'; readonly message: string }
  | { readonly tag: 'above-mine'; readonly message: string }

/** Holds the limits that a chain names against the verifier's own. */
export function checkGenesisLimits({ limits }: Genesis, mine: VerifyLimits): LimitFault | undefined {
  for (const [name, own] of Object.entries(bounded)) {
    const value: Json | undefined = Object.hasOwn(limits, name) ? limits[name] : undefined
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
      return { tag: 'malformed', message: `the limit "${name}" in genesis is not a positive integer` }
    }
    if (value > mine[own]) {
      return {
        tag: 'above-mine',
        message: `genesis allows ${value} ${name}; this verifier allows ${mine[own]}`,
      }
    }
  }
  return undefined
}

/** The number of host resources that the component may hold at once. */
export function handleLimit({ limits }: Genesis): number | undefined {
  const value: Json | undefined = Object.hasOwn(limits, 'handles') ? limits['handles'] : undefined
  return typeof value === 'number' ? value : undefined
}
