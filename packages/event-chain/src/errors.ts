/**
 * What went wrong, as a closed set.
 *
 * - `stale`: another writer holds the lease; this one must stop.
 * - `conflict`: the chain's head is not the one that the writer expected.
 * - `exists`: a chain with this id or label is already in the store.
 * - `not-found`: the store has no such chain.
 * - `archived`: the event is in an archive file, and not in the store any more; `index` says which one.
 * - `broken`: the bytes are not a chain; `index` and `reason` say where and why.
 * - `bad-car`: the file is not a CAR v1 file of chains.
 * - `bad-key`: the text is not a key, or a name that no key can have.
 * - `bad-note`: the text is not a signed note, or not one of a checkpoint.
 * - `bad-proof`: the bytes are not a proof, or they do not prove it.
 * - `bad-signature`: a signature claims to be of a trusted key and is not.
 * - `too-large`: a block, an event or a file is above a limit.
 * - `invalid`: the caller passed something that cannot be written.
 * - `dead`: an append failed before, so this writer writes no more; `cause` is that failure.
 * - `closed`: the store was closed.
 * - `damaged`: the storage below reports corruption.
 * - `unsupported`: the storage is of another application or a newer schema.
 * - `busy`: the storage is locked by another process.
 * - `full`: no room left.
 * - `read-only`: the storage cannot be written.
 * - `io`: any other failure of the storage.
 */
export type ChainErrorCode =
  | 'stale'
  | 'conflict'
  | 'exists'
  | 'not-found'
  | 'archived'
  | 'broken'
  | 'bad-car'
  | 'bad-key'
  | 'bad-note'
  | 'bad-proof'
  | 'bad-signature'
  | 'too-large'
  | 'invalid'
  | 'dead'
  | 'closed'
  | 'damaged'
  | 'unsupported'
  | 'busy'
  | 'full'
  | 'read-only'
  | 'io'

/**
 * Why bytes are not a chain, as a closed set.
 *
 * - `header`: the bytes are not a canonical header.
 * - `version`, `kind`: the header names a format version or a kind that does not exist.
 * - `chain`: the event belongs to another chain.
 * - `seq`: the event stands at another place.
 * - `prev`: the event does not link to the one before it.
 * - `epoch`: the epoch changed other than by a `resume` that raises it.
 * - `digest`: a body or a linked block does not hash to what its link says.
 * - `body`: the bytes are not `[salt, content]`.
 * - `content`: the content does not have the shape of its kind.
 * - `grammar`: an event of this kind cannot stand here.
 * - `call`: the event names a call that is not there, or not open.
 * - `unfinished-turn`: the chain ends inside a turn.
 * - `empty`: there is no event at all.
 * - `missing`: an event is absent.
 * - `head`: the chain ends in another head than the one that was named.
 * - `stray`: a block that nothing links to.
 * - `framing`: the file's block lengths do not fit the file.
 * - `too-large`: an event or the chain is above the reader's limit.
 */
export type BrokenReason =
  | 'header'
  | 'version'
  | 'kind'
  | 'chain'
  | 'seq'
  | 'prev'
  | 'epoch'
  | 'digest'
  | 'body'
  | 'content'
  | 'grammar'
  | 'call'
  | 'unfinished-turn'
  | 'empty'
  | 'missing'
  | 'head'
  | 'stray'
  | 'framing'
  | 'too-large'

/** What a {@link ChainError} carries beside its code and message. */
export interface ChainErrorData {
  /** The event's sequence number, where one event is meant. */
  readonly index?: number | undefined
  /** Why the bytes are not a chain, with code `broken`. */
  readonly reason?: BrokenReason | undefined
  /** The failure underneath. */
  readonly cause?: unknown
}

const brand = '@theater/event-chain/ChainError'

/** The one error class of this package. */
export class ChainError extends Error {
  override readonly name = 'ChainError'
  /** Marks the class across copies of this package; use {@link ChainError.is}. */
  readonly brand: string = brand
  /** What went wrong. */
  readonly code: ChainErrorCode
  /** The event's sequence number, where one event is meant. */
  readonly index: number | undefined
  /** Why the bytes are not a chain, with code `broken`. */
  readonly reason: BrokenReason | undefined

  constructor(code: ChainErrorCode, message: string, data: ChainErrorData = {}) {
    super(message, data.cause === undefined ? undefined : { cause: data.cause })
    this.code = code
    this.index = data.index
    this.reason = data.reason
  }

  /** Tells whether a value is a ChainError, of this or another copy of the package. */
  static is(value: unknown): value is ChainError {
    return typeof value === 'object' && value !== null && 'brand' in value && value.brand === brand
  }
}

/** Makes the error for bytes that are not a chain. */
export function broken(reason: BrokenReason, message: string, index?: number, cause?: unknown): ChainError {
  return new ChainError('broken', index === undefined ? message : `event ${index}: ${message}`, {
    index,
    reason,
    cause,
  })
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
