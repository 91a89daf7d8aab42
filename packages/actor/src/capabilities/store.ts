/** Where to read within a blob. */
export interface Range {
  /**
   * The first byte.
   * @default 0
   */
  readonly offset?: number
  /**
   * How many bytes; fewer come only at the end.
   * @default all that follow
   */
  readonly length?: number
}

/** What a blob can be made of, piece by piece. */
export type Pieces =
  | Iterable<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | ReadableStream<Uint8Array | string>

/**
 * A blob in the making. It may be kept from one message to the next, in a variable or in `state` of the instance: what was written is
 * there after a trap, a crash and a restart. One that is dropped before it is finished is given up. All throw {@link StoreError}.
 */
export interface BlobUpload extends Disposable {
  /** How many bytes were written. */
  readonly size: number
  /** Writes bytes, or a text as UTF-8, behind what is there. */
  write(data: Uint8Array | string): void
  /** Makes a blob of what was written and gives its hash. A second time it gives the same. */
  finish(): string
}

/** `ctx.store`: content under its hash, and labels for hashes. Hashes are hexadecimal text. All throw {@link StoreError}. */
export interface Store {
  /** Keeps bytes, or a text as UTF-8, and gives their hash. */
  put(data: Uint8Array | string): string
  /** Reads a blob, or part of it. */
  get(hash: string, range?: Range): Uint8Array
  /** Reads a blob as UTF-8 text. Throws a `TypeError` where it is none. */
  getText(hash: string): string
  /** How many bytes a blob has. */
  size(hash: string): number
  /**
   * Keeps what comes piece by piece, however much it is, and gives its hash. Where a piece fails to come, nothing is kept.
   *
   * ```ts
   * const hash = await ctx.store.putStream((await fetch(url)).body ?? [])
   * ```
   */
  putStream(pieces: Pieces): Promise<string>
  /** A blob, or part of it, piece by piece: each is read when it is asked for, and checked. */
  getStream(hash: string, range?: Range): ReadableStream<Uint8Array>
  /** Starts a blob that is made in several steps. */
  upload(): BlobUpload
  /** The hash that a label names, or null where there is no such label. */
  getLabel(name: string): string | null
  /**
   * Makes a label name `hash`, or removes it with null.
   *
   * With `expected` it fails with `conflict` unless the label is that (null: unless there is none). Without, the
   * label is read first, and a `conflict` means that somebody changed it between the two calls.
   */
  setLabel(name: string, hash: string | null, expected?: string | null): void
  /** The names of labels that begin with `prefix`, in order; all of them unless `limit` is given. */
  list(prefix?: string, options?: { readonly after?: string; readonly limit?: number }): string[]
}
