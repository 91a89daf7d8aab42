import type { Random } from './random.ts'

/** What is fuzzed. */
export const TARGETS = ['component', 'manifest', 'value', 'chain', 'log', 'meter'] as const

export type TargetName = (typeof TARGETS)[number]

/** What came of one input. */
export interface Tried {
  /** Whether it was taken for what it claims to be. */
  readonly accepted: boolean
  /** What did not hold; `undefined`: all of it did. */
  readonly find?: string
  /** What else it came to, to be counted. */
  readonly marks?: readonly string[]
}

/** Something that takes bytes from strangers. */
export interface Target {
  /** Makes an input. */
  input(random: Random): Uint8Array | Promise<Uint8Array>
  /** Gives it to whoever takes it, and looks at what has to hold. What this throws is a find. */
  run(input: Uint8Array): Promise<Tried>
}
