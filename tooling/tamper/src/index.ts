/**
 * Changes a recorded chain in every way there is, and says what verification finds.
 *
 * @module
 */
export type { Case, Expectation, Verify } from './case.ts'
export { casesOf } from './cases.ts'
export { copyChain, relink, sourceOf, type Change, type Copy, type Draft } from './copy.ts'
export { edited } from './contents.ts'
export { partCases } from './parts.ts'
export { runCases, type ClassSummary, type Finding, type RunOptions } from './run.ts'
export { signedCases } from './signed.ts'
export { tamper } from './tamper.ts'
export type { ChainLine, FindingLine, Summary } from './report.ts'
