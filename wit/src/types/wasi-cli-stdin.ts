// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/stdin@0.2.12 **/
export declare function getStdin(): InputStream
import type { InputStream } from './wasi-io-streams.ts'
export type { InputStream }
