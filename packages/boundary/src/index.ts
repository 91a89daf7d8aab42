/**
 * The typed boundary of a component: live it authorises, performs and records every crossing; on a re-run it answers
 * from the record and compares.
 *
 * @packageDocumentation
 */
export { Boundary } from './boundary.ts'
export type { BoundaryOptions, InstantiateOptions } from './boundary.ts'
export { BoundaryError } from './errors.ts'
export type { BoundaryErrorCode } from './errors.ts'
export { DERIVE_VERSION } from './clock.ts'
export { resolveImports } from './resolve.ts'
export type { Resolution, Served, Unmet } from './resolve.ts'
export { queueRule } from './rules.ts'
export type { QueueRule } from './rules.ts'
export { trackName, trackOf } from './track.ts'
export type {
  Actual,
  Delivery,
  Divergence,
  EventRef,
  GuestHandle,
  HostHandle,
  Link,
  Live,
  Recorder,
  TheaterEvent,
  TurnEnd,
  TurnRequest,
} from './types.ts'
export { segments } from './segments.ts'
export type { Segment } from './segments.ts'
