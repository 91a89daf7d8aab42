/**
 * The actor runtime: turns, mailboxes, grants, lifecycle, rebuild. It knows no handler.
 *
 * @packageDocumentation
 */
export { planArchive } from './archive.ts'
export type { ArchiveOptions, ArchivePlan } from './archive.ts'
export { deadLetters, dropLetter } from './dead.ts'
export type { OpenOptions } from './desk.ts'
export type { DeadLettersOptions, LetterName, RecordedLetter } from './dead.ts'
export { TheaterError } from './errors.ts'
export type { TheaterErrorCode } from './errors.ts'
export type { Grants } from './grants.ts'
export type { LogLine } from './host.ts'
export type { SnapshotOptions } from './snapshots.ts'
export { defaultLimits, maxLimits } from './limits.ts'
export type { Limits } from './limits.ts'
export type {
  ActorInfo,
  ActorState,
  CallOptions,
  Entropy,
  Failure,
  IdleOptions,
  Message,
  PublishOutcome,
  Recovery,
  SpawnOptions,
  TheaterOptions,
  TimerInfo,
} from './options.ts'
export type { ChannelClosed } from './outside.ts'
export type { CheckpointOptions } from './notary.ts'
export type { DeadLetter } from './post.ts'
export type { AskedChannel, Channel, ChannelListener } from './program-end.ts'
export type { Published, TopicListener } from './topics.ts'
export type { EventsOptions } from './record-events.ts'
export { Theater } from './theater.ts'
export { recordedTimers } from './recovery.ts'
export type { WitnessInfo, WitnessOptions } from './witnesses.ts'
