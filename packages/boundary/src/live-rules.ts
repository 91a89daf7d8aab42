import type { Json } from '@theater/values'
import { datetime } from './clock.ts'
import type { Datetime, DerivedClock } from './clock.ts'
import { checkDraw } from './derived.ts'

/** What the boundary still sees to where a handler reads a clock or draws a random number, and each is an event. */
export interface LiveRule {
  /** Rules that hold before anybody is asked, so that a re-run finds the same fault. @throws GuestFault */
  check?(args: readonly unknown[]): void
  /** What the guest gets of a handler's answer: never behind what it saw. Total: what is of no such type stays as it is. */
  reading?(clock: DerivedClock, value: unknown): unknown
  /** Sets the actor's clock to a reading that is in the record. @throws Error for one that no boundary records */
  take?(clock: DerivedClock, value: unknown): void
}

const CLOCKS = 'clocks'
const RANDOM = 'random'

/** By track: whose grant makes an interface live that is derived without it. */
const handlers: Readonly<Record<string, string>> = {
  'wasi:clocks/monotonic-clock@0.2': CLOCKS,
  'wasi:clocks/wall-clock@0.2': CLOCKS,
  'wasi:random/random@0.2': RANDOM,
  'wasi:random/insecure@0.2': RANDOM,
  'wasi:random/insecure-seed@0.2': RANDOM,
}

const draw: LiveRule = { check: ([length]) => void checkDraw(length) }
const anything: LiveRule = {}

/**
 * The functions that are live under such a grant. Timers and resolutions of clocks are the boundary's own all the same: a
 * timer goes by the clock that the guest reads.
 */
const rules: Readonly<Record<string, LiveRule>> = {
  'wasi:clocks/monotonic-clock@0.2#now': {
    reading: (clock, value) => (typeof value === 'bigint' ? clock.monotonicFrom(value) : value),
    take: (clock, value) => clock.reachMonotonic(value as bigint),
  },
  'wasi:clocks/wall-clock@0.2#now': {
    reading: (clock, value) => (isDatetime(value) ? datetime(clock.wallFrom(nanoseconds(value))) : value),
    take(clock, value) {
      const read = value as Datetime
      if (read.nanoseconds >= 1e9) throw new Error('a wall clock that says more than a second of nanoseconds')
      clock.reachWall(nanoseconds(read))
    },
  },
  'wasi:random/random@0.2#get-random-bytes': draw,
  'wasi:random/random@0.2#get-random-u64': anything,
  'wasi:random/insecure@0.2#get-insecure-random-bytes': draw,
  'wasi:random/insecure@0.2#get-insecure-random-u64': anything,
  'wasi:random/insecure-seed@0.2#insecure-seed': anything,
}

function isDatetime(value: unknown): value is Datetime {
  if (typeof value !== 'object' || value === null) return false
  const { seconds, nanoseconds: rest } = value as Partial<Record<keyof Datetime, unknown>>
  return typeof seconds === 'bigint' && typeof rest === 'number' && Number.isSafeInteger(rest)
}

function nanoseconds({ seconds, nanoseconds: rest }: Datetime): bigint {
  return seconds * 1_000_000_000n + BigInt(rest)
}

/** The handler whose grant makes an interface live, by track; `undefined` for one that is never derived. */
export function liveHandler(track: string): string | undefined {
  return Object.hasOwn(handlers, track) ? handlers[track] : undefined
}

/**
 * Whether an interface is live under some grants. The rule is the boundary's, not a handler's: genesis holds the grants, so
 * a re-run knows without handlers which readings have to be in the record, and nobody can add some to a record of an actor
 * that was granted none.
 */
export function isLive(track: string, grants: Readonly<Record<string, Json>>): boolean {
  const handler = liveHandler(track)
  if (handler === undefined || !Object.hasOwn(grants, handler)) return false
  const grant = grants[handler]
  return typeof grant === 'object' && grant !== null && 'live' in grant && grant.live === true
}

/** The rule for a function of an interface that is live, by its name within its track; `undefined`: it is derived all the same. */
export function liveRule(name: string): LiveRule | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined
}
