// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/stdout@0.2.12 **/
export declare function getStdout(): OutputStream
import type { OutputStream } from './wasi-io-streams.ts'
export type { OutputStream }
