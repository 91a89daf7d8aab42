/**
 * Verify, compare, step through and fork recorded chains.
 *
 * @module
 */
export { verify } from './verify.ts'
export { verifyCar, verifyGraph, type GraphReport } from './verify-graph.ts'
export type { Unchecked } from './graph.ts'
export { steps, type Step, type StepOptions } from './steps.ts'
export { diff, type Difference, type DiffOptions } from './diff.ts'
export { defaultLimits } from './limits.ts'
export { Describer } from './describe.ts'
export type {
  BrokenChain,
  ChainSource,
  Diverged,
  Inconclusive,
  InconclusiveCode,
  Subject,
  Verdict,
  Verified,
  VerifyLimits,
  VerifyOptions,
} from './types.ts'
