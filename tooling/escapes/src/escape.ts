/** What the classes of an escape are, in the order of the catalogue. */
export const CLASSES = [
  'loader',
  'boundary',
  'answers',
  'handles',
  'limits',
  'floods',
  'phases',
  'paths',
  'http',
  'serving',
  'sockets',
  'store',
  'actors',
  'names',
  'manifest',
  'record',
] as const

export type EscapeClass = (typeof CLASSES)[number]

/** How an attempt went: what stopped it, or what it got. */
export interface Outcome {
  readonly stopped: boolean
  /** The code of whatever stopped it; where nothing did, what the guest got, in a few words. */
  readonly code: string
}

/** One attempt of a hostile guest, or of whoever hands the host something made by one. Variants of one idea are one attempt. */
export interface Escape {
  /** `class/idea`. */
  readonly id: string
  readonly class: EscapeClass
  /** The guard that stops it: a key of `GUARDS`. */
  readonly guard: string
  /** The code it is stopped with. */
  readonly code: string
  /**
   * What its success looks like where nobody is left to tell: the host runs for ever, or ends.
   *
   * @default what `attempt` answers
   */
  readonly success?: 'hang' | 'crash'
  /** Does it. What it throws is a fault of the catalogue. */
  readonly attempt: () => Promise<Outcome>
}

/** It was stopped. */
export function stopped(code: string): Outcome {
  return { stopped: true, code }
}

/** It got through. */
export function through(what: string): Outcome {
  return { stopped: false, code: what }
}

/** Tries variants of one idea until one gets through; all have to be stopped with the same code. */
export async function variants<T>(
  all: readonly T[],
  attempt: (one: T) => Promise<Outcome>,
): Promise<Outcome> {
  const codes = new Set<string>()
  for (const one of all) {
    const outcome = await attempt(one)
    if (!outcome.stopped) return outcome
    codes.add(outcome.code)
  }
  return stopped([...codes].join(', '))
}

/** The code of an error of ours; anything else is thrown on. */
export function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error && 'brand' in error ? error.code : undefined
  if (typeof code === 'string') return code
  throw error
}
