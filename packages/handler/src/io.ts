/** Something that becomes ready: `wasi:io/poll`. */
export interface Pollable {
  ready(): boolean
  /** Resolves when {@link ready} is true; rejects only when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>
}

/** Why a stream operation failed; `last-operation-failed` in `wasi:io/streams`. */
export interface IoError {
  /** For the guest to print. MUST NOT carry anything from the host that the grant does not show (paths, addresses). */
  toDebugString(): string
}

/** What a stream operation throws, inside a WitError, as `wasi:io/streams.stream-error`. */
export type StreamError =
  | { readonly tag: 'last-operation-failed'; readonly val: IoError }
  | { readonly tag: 'closed' }

/** The host side of `wasi:io/streams.input-stream`. Errors: `throw new WitError<StreamError>(…)`. */
export interface InputStream {
  /** At most `len` bytes that are there now; empty when there are none yet. Throws `closed` at the end. */
  read(len: number): Uint8Array
  /** Waits until at least one byte is there, or the end. */
  blockingRead(len: number, signal: AbortSignal): Promise<Uint8Array>
  readonly pollable: Pollable
  [Symbol.dispose]?(): void
}

/** The host side of `wasi:io/streams.output-stream`. Errors: `throw new WitError<StreamError>(…)`. */
export interface OutputStream {
  /** How many bytes {@link write} takes now. */
  checkWrite(): number
  /** Takes all of the bytes; the boundary has checked that they are no more than {@link checkWrite} said. */
  write(contents: Uint8Array): void
  /** Starts a flush; {@link checkWrite} is 0 until it is done. */
  flush(): void
  /** Waits until everything that was written is out. */
  blockingFlush(signal: AbortSignal): Promise<void>
  readonly pollable: Pollable
  [Symbol.dispose]?(): void
}
