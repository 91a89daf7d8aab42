import type { Verdict } from '@theater/replay'
import type { Case, Verify } from './case.ts'

/** What was found of one case. */
export interface Finding {
  readonly class: string
  readonly what: string
  /** The event that was changed. */
  readonly at: number
  readonly expected: string
  readonly verdict: Verdict['verdict']
  /** Where it was found; null where it was not. */
  readonly index: number | null
  /** The reason for broken, the code for inconclusive. */
  readonly why: string | null
  readonly ok: boolean
}

/** What was found of one class. */
export interface ClassSummary {
  readonly class: string
  readonly cases: number
  readonly tried: number
  readonly held: number
}

/** How cases are run. */
export interface RunOptions {
  readonly verify: Verify
  /** When to stop, by `performance.now()`; every class gets its share. @default never */
  readonly deadline?: number
}

/**
 * Runs cases class by class. Where the time is too short for all, each class is tried at events that are spread over
 * the chain.
 */
export async function* runCases(
  classes: readonly (readonly Case[])[],
  { verify, deadline = Infinity }: RunOptions,
): AsyncGenerator<Finding, ClassSummary[], undefined> {
  const summaries: ClassSummary[] = []
  for (const [i, cases] of classes.entries()) {
    const now = performance.now()
    const until = now + Math.max(0, deadline - now) / (classes.length - i)
    let tried = 0
    let held = 0
    for (const one of spread(cases)) {
      if (tried > 0 && performance.now() > until) break
      const finding = found(one, await one.check(verify))
      tried++
      if (finding.ok) held++
      yield finding
    }
    const [first] = cases
    if (first !== undefined) summaries.push({ class: first.class, cases: cases.length, tried, held })
  }
  return summaries
}

function found({ class: name, what, at, expect }: Case, verdict: Verdict): Finding {
  const ok = expect.holds(verdict)
  const common = { class: name, what, at, expected: expect.says, verdict: verdict.verdict, ok }
  switch (verdict.verdict) {
    case 'verified':
      return { ...common, index: null, why: null }
    case 'diverged':
      return { ...common, index: verdict.index, why: null }
    case 'broken':
      return { ...common, index: verdict.index, why: verdict.reason }
    case 'inconclusive':
      return { ...common, index: verdict.index, why: verdict.code }
  }
}

/** All items, in an order of which every beginning is spread over the whole: by the bits of the index, reversed. */
function* spread<T>(items: readonly T[]): Generator<T> {
  const bits = Math.ceil(Math.log2(Math.max(2, items.length)))
  for (let i = 0; i < 2 ** bits; i++) {
    let index = 0
    for (let bit = 0; bit < bits; bit++) if ((i >> bit) & 1) index |= 1 << (bits - 1 - bit)
    const item = items[index]
    if (item !== undefined) yield item
  }
}
