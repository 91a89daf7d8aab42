// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:clocks/monotonic-clock@0.2.12 **/
export declare function now(): Instant
export declare function resolution(): Duration
export declare function subscribeInstant(when: Instant): Pollable
export declare function subscribeDuration(when: Duration): Pollable
import type { Pollable } from './wasi-io-poll.ts'
export type { Pollable }
export type Instant = bigint
export type Duration = bigint
