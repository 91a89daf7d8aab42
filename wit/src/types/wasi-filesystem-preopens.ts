// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:filesystem/preopens@0.2.12 **/
export declare function getDirectories(): Array<[Descriptor, string]>
import type { Descriptor } from './wasi-filesystem-types.ts'
export type { Descriptor }
