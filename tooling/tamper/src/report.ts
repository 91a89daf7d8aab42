import type { ClassSummary, Finding } from './run.ts'

/** One line of what `pnpm tamper --json` prints: a finding of one chain. */
export interface FindingLine extends Finding {
  /** The actor. */
  readonly actor: string | null
}

/** The last line. */
export interface Summary {
  /** Whether every chain is verified as it is, and everything that was tried was found where it has to be. */
  readonly ok: boolean
  readonly chains: readonly ChainLine[]
  readonly tried: number
  readonly held: number
  /** Cases there was no time for. */
  readonly left: number
  readonly classes: readonly ClassSummary[]
  readonly seconds: number
  /** Why it ended early; null where it did not. */
  readonly error: string | null
}

/** One chain of the file, as it is. */
export interface ChainLine {
  readonly actor: string | null
  readonly chain: string | null
  readonly events: number
  readonly verdict: string
}

/** What the worker tells the command. */
export type Told =
  | { readonly tag: 'finding'; readonly line: FindingLine }
  | { readonly tag: 'done'; readonly summary: Summary }

/** Adds up classes of several chains by name. */
export function addUp(summaries: readonly ClassSummary[]): ClassSummary[] {
  const byName = new Map<string, ClassSummary>()
  for (const one of summaries) {
    const sum = byName.get(one.class)
    byName.set(one.class, {
      class: one.class,
      cases: one.cases + (sum?.cases ?? 0),
      tried: one.tried + (sum?.tried ?? 0),
      held: one.held + (sum?.held ?? 0),
    })
  }
  return [...byName.values()]
}
