// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:keyvalue/atomics@0.2.0-draft2 **/
export declare function increment(bucket: Bucket, key: string, delta: bigint): bigint
export declare function swap(cas: Cas, value: Uint8Array): void
import type { Bucket } from './wasi-keyvalue-store.ts'
export type { Bucket }
import type { Error } from './wasi-keyvalue-store.ts'
export type { Error }
export type CasError = CasErrorStoreError | CasErrorCasFailed
export interface CasErrorStoreError {
  tag: 'store-error'
  val: Error
}
export interface CasErrorCasFailed {
  tag: 'cas-failed'
  val: Cas
}

export declare class Cas {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  static new(bucket: Bucket, key: string): Cas
  current(): Uint8Array | undefined
}
