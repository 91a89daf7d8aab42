// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:store/labels@0.1.0 **/
/**
 * What the label names; none when there is no such label.
 */
export declare function get(name: string): Hash | undefined
/**
 * Changes the label to `value`, or removes it where `value` is none, if it is `expected` now.
 *
 * `expected` none means: there is no such label. The step is atomic against every other caller. The host
 * MUST NOT check that the blob is there.
 */
export declare function set(name: string, expected: Hash | undefined, value: Hash | undefined): void
/**
 * Names that begin with `prefix`, by bytes ascending, at most `limit` of them, after `after` if given.
 *
 * Fewer than `limit` MAY come although there are more; an empty list means that there are none left.
 * The host MUST give at least one where there is one and `limit` is not 0.
 */
export declare function list(prefix: string, after: string | undefined, limit: number): Array<string>
import type { Hash } from './theater-store-blobs.ts'
export type { Hash }
/**
 * Why a call did nothing.
 */
export type Error = ErrorDenied | ErrorConflict | ErrorBadName | ErrorQuota
/**
 * The grant does not cover the call. Trying again is useless.
 */
export interface ErrorDenied {
  tag: 'denied'
}
/**
 * The label is not what `expected` says. The payload is what it is now. Decide again from that.
 */
export interface ErrorConflict {
  tag: 'conflict'
  val: Hash | undefined
}
/**
 * Not a name: not 1 to 256 bytes of `a-z A-Z 0-9 . _ - /`, or an empty segment, or a segment `.` or
 * `..`; or `value` is not a hash. A bug of the caller.
 */
export interface ErrorBadName {
  tag: 'bad-name'
}
/**
 * Too many labels for this actor. The payload is how many are allowed. Remove some.
 */
export interface ErrorQuota {
  tag: 'quota'
  val: bigint
}
