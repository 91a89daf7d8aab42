// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:store/transfers@0.1.0 **/
/**
 * Starts an upload. After a crash of the host it MAY be started twice: the one that nobody has holds nothing and expires.
 */
export declare function start(): Upload
/**
 * Opens a blob to be read.
 */
export declare function open(hash: Hash): Reader
import type { Hash } from './theater-store-blobs.ts'
export type { Hash }
/**
 * Why a call did nothing.
 */
export type Error =
  | ErrorDenied
  | ErrorNotFound
  | ErrorDamaged
  | ErrorTooLarge
  | ErrorQuota
  | ErrorBadHash
  | ErrorBadOffset
  | ErrorClosed
  | ErrorTooMany
/**
 * The grant does not cover the call. Trying again is useless.
 */
export interface ErrorDenied {
  tag: 'denied'
}
/**
 * There is no such blob here, or none any more. It MAY have been collected: keep a label on what must stay.
 */
export interface ErrorNotFound {
  tag: 'not-found'
}
/**
 * The bytes kept are not those that were put. None of them is handed out. Put the content again, if the
 * caller has it; of an upload, start another one.
 */
export interface ErrorDamaged {
  tag: 'damaged'
}
/**
 * More than the host moves in one call. The payload is the limit in bytes. Use smaller pieces.
 */
export interface ErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * The store is full for this actor. The payload is what is left, in bytes. Free something, or drop the upload.
 */
export interface ErrorQuota {
  tag: 'quota'
  val: bigint
}
/**
 * Not a hash: not 32 bytes. A bug of the caller.
 */
export interface ErrorBadHash {
  tag: 'bad-hash'
}
/**
 * The bytes neither begin where the upload ends nor are there already. The payload is where it ends. Go on
 * from there.
 */
export interface ErrorBadOffset {
  tag: 'bad-offset'
  val: bigint
}
/**
 * The upload is no more: it expired, was given up, or, for `write`, is finished. Start another one. A blob that
 * came of it stays.
 */
export interface ErrorClosed {
  tag: 'closed'
}
/**
 * Too many uploads are open. The payload is how many are allowed. Finish or drop one.
 */
export interface ErrorTooMany {
  tag: 'too-many'
  val: bigint
}

export declare class Reader {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  /**
   * How many bytes the blob has.
   */
  size(): bigint
  /**
   * Reads part of the blob.
   *
   * The answer MUST be exactly the bytes from `offset` up to `offset + length` or the end of the blob,
   * whichever is first. Bytes that are not those that were put MUST NOT be in it; damage elsewhere in the
   * blob MAY go unseen.
   */
  read(offset: bigint, length: bigint): Uint8Array
}

export declare class Upload {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  /**
   * Writes behind what is there: `offset` MUST be where the upload ends.
   *
   * Bytes that are there already, at the same offset, are taken as written: writing them again MUST change
   * nothing. So a caller that does not know whether it wrote something writes it again.
   */
  write(offset: bigint, data: Uint8Array): void
  /**
   * How many bytes were written; where to go on.
   */
  size(): bigint
  /**
   * Makes a blob of what was written and gives its hash: the one that `put` of the same bytes gives.
   *
   * Bytes that the store has already MUST NOT take more room. Finishing again MUST give the same hash.
   */
  finish(): Hash
}
