// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:keyvalue/batch@0.2.0-draft2 **/
export declare function getMany(bucket: Bucket, keys: Array<string>): Array<[string, Uint8Array] | undefined>
export declare function setMany(bucket: Bucket, keyValues: Array<[string, Uint8Array]>): void
export declare function deleteMany(bucket: Bucket, keys: Array<string>): void
import type { Bucket } from './wasi-keyvalue-store.ts'
export type { Bucket }
import type { Error } from './wasi-keyvalue-store.ts'
export type { Error }
