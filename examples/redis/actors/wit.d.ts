// Interfaces of a WIT, as actors import them. Written by `theater types`.
declare module 'example:cache/cache@0.1.0' {
  /**
   * The value of a key; none where there is none, or where its time is over. What is there MUST never be told as absent.
   */
  export function get(key: string): Uint8Array | undefined;
  /**
   * Sets a key, over what it had. It is gone after `ttl-ms` milliseconds, at least 1; without them it stays. Setting the same twice MUST
   * leave what setting it once leaves.
   */
  export function set(key: string, value: Uint8Array, ttlMs: number | undefined): void;
  /**
   * Removes a key. It MUST succeed where there is none.
   */
  export { _delete as delete };
  function _delete(key: string): void;
  /**
   * Adds to a number that is kept apart from all values, 0 where there is none, and gives what it is then. It MUST happen at most once for each
   * call.
   */
  export function add(key: string, by: number): bigint;
  /**
   * The keys with a value that the grant covers and that begin so, in the order of their bytes: at most `limit`, behind `after`.
   */
  export function keys(prefix: string, after: string | undefined, limit: number): Array<string>;
  export type Error = ErrorDenied | ErrorBadKey | ErrorTooLarge | ErrorUnavailable | ErrorOutcomeUnknown;
  /**
   * The grant does not cover it. Use another key, or do without.
   */
  export interface ErrorDenied {
    tag: 'denied',
  }
  /**
   * A key is 1 to 256 bytes of UTF-8.
   */
  export interface ErrorBadKey {
    tag: 'bad-key',
  }
  /**
   * The value is longer than the host takes: at most so many bytes.
   */
  export interface ErrorTooLarge {
    tag: 'too-large',
    val: number,
  }
  /**
   * The server cannot be reached, or failed. Nothing is known of the key; a change MAY have happened. Try again later.
   */
  export interface ErrorUnavailable {
    tag: 'unavailable',
  }
  /**
   * The host ended before it had the answer, and cannot tell whether it happened. Read, and decide.
   */
  export interface ErrorOutcomeUnknown {
    tag: 'outcome-unknown',
  }
}
