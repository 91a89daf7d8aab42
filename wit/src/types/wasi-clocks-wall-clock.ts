// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:clocks/wall-clock@0.2.12 **/
export declare function now(): Datetime
export declare function resolution(): Datetime
export interface Datetime {
  seconds: bigint
  nanoseconds: number
}
