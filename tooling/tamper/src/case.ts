import type { ChainSource, Verdict } from '@theater/replay'

/** What has to be found. */
export interface Expectation {
  /** In words. */
  readonly says: string
  readonly holds: (verdict: Verdict) => boolean
}

/** One way to change a chain, and what verification has to say of it. */
export interface Case {
  readonly class: string
  /** What exactly was changed. */
  readonly what: string
  /** The event that was changed. */
  readonly at: number
  readonly expect: Expectation
  readonly check: (verify: Verify) => Promise<Verdict>
}

/** How a chain is verified. */
export type Verify = (source: ChainSource) => Promise<Verdict>

/** Verifies what a case makes. */
export function verified(make: () => ChainSource): Case['check'] {
  return (verify) => verify(make())
}

/** Broken at that event. */
export function broken(at: number): Expectation {
  return { says: `broken at ${at}`, holds: (v) => v.verdict === 'broken' && v.index === at }
}

/** Diverged at that event. */
export function diverged(at: number): Expectation {
  return { says: `diverged at ${at}`, holds: (v) => v.verdict === 'diverged' && v.index === at }
}

/** One or the other. */
export function either(a: Expectation, b: Expectation): Expectation {
  return { says: `${a.says}, or ${b.says}`, holds: (v) => a.holds(v) || b.holds(v) }
}

/** A chain of that many events, and nothing wrong with it. */
export function cut(size: number): Expectation {
  return {
    says: `verified, ${size} events: only a checkpoint would see it`,
    holds: (v) => v.verdict === 'verified' && v.size === size,
  }
}

/** Nothing is wrong with it. */
export const unseen: Expectation = {
  says: 'verified: nothing shows it',
  holds: (v) => v.verdict === 'verified',
}

/** Not a chain of this component from there on. Where the same was done twice in a row, the second is what is missing. */
export function notFrom(at: number): Expectation {
  return {
    says: `diverged or broken at ${at}, or later where the same was done again`,
    holds: (v) => (v.verdict === 'diverged' || v.verdict === 'broken') && v.index >= at,
  }
}

/** An input is not proven: it shows where the component did something else because of it, and only there. */
export function usedFrom(at: number): Expectation {
  return {
    says: 'diverged at it or after it, where the component used it; else verified',
    holds: (v) => v.verdict === 'verified' || (v.verdict === 'diverged' && v.index >= at),
  }
}
