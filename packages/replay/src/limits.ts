import { meteringOf } from '@theater/boundary'
import { meter } from '@theater/component'
import type { Allowance } from '@theater/boundary'
import type { Genesis } from '@theater/event-chain'
import type { Json } from '@theater/values'
import type { VerifyLimits } from './types.ts'

/** What a verifier spends that was told nothing. */
export const defaultLimits: VerifyLimits = {
  maxEvents: 10_000_000,
  maxTurnBytes: 256 * 1024 * 1024,
  maxTraps: 1000,
  maxFuel: 100_000_000_000,
  maxMemory: 4 * 1024 ** 3,
  maxElements: 10_000_000,
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
const bounded = {
  handles: 'maxHandles',
  fuel: 'maxFuel',
  startFuel: 'maxFuel',
  memory: 'maxMemory',
  tables: 'maxElements',
} as const

/** What a metered component may use, by the names that genesis has for it; of another meter those who have it know. */
const metered = ['fuel', 'startFuel', 'depth', 'memory', 'tables'] as const

/** What is wrong with the limits in a genesis event. */
export type LimitFault =
  | { readonly tag: 'malformed'; readonly message: string }
  | { readonly tag: 'above-mine'; readonly message: string }

/** Holds the limits that a chain names against the verifier's own. */
export function checkGenesisLimits(genesis: Genesis, mine: VerifyLimits): LimitFault | undefined {
  const { limits } = genesis
  const needed: readonly string[] = genesis.meter?.name === meter.name ? metered : []
  for (const name of new Set([...Object.keys(bounded), ...needed])) {
    const value = valueOf(limits, name)
    if (value === undefined && !needed.includes(name)) continue
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
      return { tag: 'malformed', message: `the limit "${name}" in genesis is not a positive integer` }
    }
    const own = isBounded(name) ? mine[bounded[name]] : Infinity
    if (value > own) {
      return { tag: 'above-mine', message: `genesis allows ${value} ${name}; this verifier allows ${own}` }
    }
  }
  return undefined
}

/** The number of host resources that the component may hold at once. */
export function handleLimit({ limits }: Genesis): number | undefined {
  const value = valueOf(limits, 'handles')
  return typeof value === 'number' ? value : undefined
}

/** What the component may use; `undefined` where nothing was metered. The limits were checked. */
export function allowance(genesis: Genesis): Allowance | undefined {
  if (meteringOf(genesis) === 'none') return undefined
  const of = (name: (typeof metered)[number]): number => Number(valueOf(genesis.limits, name))
  return {
    fuel: of('fuel'),
    start: of('startFuel'),
    depth: of('depth'),
    memory: of('memory'),
    elements: of('tables'),
  }
}

function valueOf(limits: Genesis['limits'], name: string): Json | undefined {
  return Object.hasOwn(limits, name) ? limits[name] : undefined
}

function isBounded(name: string): name is keyof typeof bounded {
  return Object.hasOwn(bounded, name)
}
