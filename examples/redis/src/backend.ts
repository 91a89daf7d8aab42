/** What keeps a cache. It knows nothing of grants: what it is asked was authorized. A method that fails rejects. */
export interface CacheBackend {
  /** The value of a key; `undefined` where there is none. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Sets a key. @param ttlMs milliseconds until it is gone; `undefined`: it stays */
  set(key: string, value: Uint8Array, ttlMs: number | undefined): Promise<void>
  /** Removes a key, if it is there. */
  delete(key: string): Promise<void>
  /** Adds to a number of its own, 0 where there is none; gives what it is then. */
  add(key: string, by: number): Promise<bigint>
  /** Every key with a value that begins with a prefix, in any order. */
  keys(prefix: string): Promise<readonly string[]>
  /** Lets go of the server. */
  [Symbol.asyncDispose](): Promise<void>
}
