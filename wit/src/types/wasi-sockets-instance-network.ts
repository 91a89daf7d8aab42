// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/instance-network@0.2.12 **/
export declare function instanceNetwork(): Network
import type { Network } from './wasi-sockets-network.ts'
export type { Network }
