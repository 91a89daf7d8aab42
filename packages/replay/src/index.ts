/**
 * Proof by re-execution: runs the component of a recorded chain again over its inputs and compares every output.
 * Chains can also be read, and compared with each other.
 *
 * Nothing here runs a handler, opens the network, or writes to what is checked. In Node import `@theater/replay/node`,
 * which has the same exports with defaults for what differs by platform.
 *
 * @example
 * ```ts
 * import { openCar } from '@theater/event-chain/car'
 * import { fileSource } from '@theater/event-chain/node'
 * import { steps, verifyCar } from '@theater/replay/node'
 *
 * await using file = await fileSource(new URL('spine.car', import.meta.url).pathname)
 * const car = await openCar(file)
 * for (const { chain } of car.chains) {
 *   if (chain === null) continue
 *   for await (const { seq, kind, fn, args } of steps({ store: car, chain }, { from: 2, to: 5 })) {
 *     console.log(seq, kind, fn, args)
 *   }
 * }
 * const { verdicts } = await verifyCar(car)
 * for (const { actor, verdict, size } of verdicts) console.log(`${actor}: ${verdict}, ${size} events`)
 * ```
 *
 * @module
 */
export { verify } from './verify.ts'
export {
  joinVerdicts,
  verifyCar,
  verifyGraph,
  type GraphOptions,
  type GraphReport,
  type JoinOptions,
} from './verify-graph.ts'
export type { Scratch } from './scratch.ts'
export type { Unchecked, UncheckedCounts } from './graph.ts'
export type { OutsideChannel } from './outside.ts'
export { checkSeal, withSignature, type SealCheck, type Signed } from './signature.ts'
export { replay, type Replayed, type ReplayOptions } from './replay.ts'
export type { Reached } from './execution.ts'
export { steps, type Step, type StepOptions } from './steps.ts'
export { diff, type Difference, type DiffOptions } from './diff.ts'
export { defaultLimits } from './limits.ts'
export { Describer } from './describe.ts'
export type {
  BrokenChain,
  ChainSource,
  Diverged,
  Doing,
  Inconclusive,
  InconclusiveCode,
  SnapshotInfo,
  SnapshotSource,
  Subject,
  Verdict,
  Verified,
  VerifyLimits,
  VerifyOptions,
} from './types.ts'
