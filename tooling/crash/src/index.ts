/**
 * Kills hosts, and says what is wrong with what they leave.
 *
 * @module
 */
export { crash, type CrashOptions, type CrashReport } from './crash.ts'
export { cast, drive, jobs, type Job, type Outcome } from './jobs.ts'
export {
  lostOrDoubled,
  missing,
  recordedOutcome,
  records,
  undone,
  unknown,
  type Finding,
  type Records,
} from './records.ts'
