// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:io/streams@0.2.12 **/
import type { Error } from './wasi-io-error.ts'
export type { Error }
import type { Pollable } from './wasi-io-poll.ts'
export type { Pollable }
export type StreamError = StreamErrorLastOperationFailed | StreamErrorClosed
export interface StreamErrorLastOperationFailed {
  tag: 'last-operation-failed'
  val: Error
}
export interface StreamErrorClosed {
  tag: 'closed'
}

export declare class InputStream {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  read(len: bigint): Uint8Array
  blockingRead(len: bigint): Uint8Array
  skip(len: bigint): bigint
  blockingSkip(len: bigint): bigint
  subscribe(): Pollable
}

export declare class OutputStream {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  checkWrite(): bigint
  write(contents: Uint8Array): void
  blockingWriteAndFlush(contents: Uint8Array): void
  flush(): void
  blockingFlush(): void
  subscribe(): Pollable
  writeZeroes(len: bigint): void
  blockingWriteZeroesAndFlush(len: bigint): void
  splice(src: InputStream, len: bigint): bigint
  blockingSplice(src: InputStream, len: bigint): bigint
}
