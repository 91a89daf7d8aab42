// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:store/blobs@0.1.0 **/
/**
 * Keeps the bytes and gives their hash.
 *
 * Putting the same bytes again MUST give the same hash and MUST NOT take more room.
 */
export declare function put(data: Uint8Array): Hash
/**
 * Reads part of a blob.
 *
 * The answer MUST be exactly the bytes from `offset` up to `offset + length` or the end of the blob,
 * whichever is first: shorter only at the end, and empty when `offset` is at or behind it. `length` MAY
 * reach behind the end.
 */
export declare function get(hash: Hash, offset: bigint, length: bigint): Uint8Array
/**
 * How many bytes the blob has. The host MAY answer although they are damaged: that shows where they are read.
 */
export declare function size(hash: Hash): bigint
/**
 * The name of a blob: the SHA-256 of its bytes, 32 bytes.
 */
export type Hash = Uint8Array
/**
 * Why a call did nothing.
 */
export type Error = ErrorDenied | ErrorNotFound | ErrorDamaged | ErrorTooLarge | ErrorQuota | ErrorBadHash
/**
 * The grant does not cover the call. Trying again is useless.
 */
export interface ErrorDenied {
  tag: 'denied'
}
/**
 * There is no such blob here. It MAY have been collected: keep a label on what must stay.
 */
export interface ErrorNotFound {
  tag: 'not-found'
}
/**
 * The bytes kept no longer have that hash. None of them is handed out. Put the content again, if the
 * caller has it.
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
 * The store is full for this actor. The payload is what is left, in bytes. Free something, or do without.
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
