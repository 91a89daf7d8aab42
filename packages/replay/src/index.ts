/**
 * Verify, compare, step through and fork recorded chains.
 *
 * @module
 */
export { verify } from './verify.ts'
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
