/** Why the runtime refused something, as a closed set. */
export type TheaterErrorCode =
  /** The component cannot be loaded; `cause` is the ComponentError. */
  | 'bad-component'
  /** An import that no handler serves, or that was not granted. */
  | 'unmet-import'
  /** A grant for a handler that is not there (`detail.handler` is its name), or not of its schema, or above the ceiling. */
  | 'bad-grant'
  /** Not an actor's id. */
  | 'bad-id'
  /** A limit that is not known or not a positive integer. */
  | 'bad-limit'
  /** An actor of that id is there already. */
  | 'exists'
  /** No actor of that id. */
  | 'unknown-actor'
  /** No dead letter of that name. */
  | 'unknown-letter'
  /** The component exports nothing of that name. */
  | 'not-served'
  /** The arguments are not of the export's types. */
  | 'bad-arguments'
  /** The actor's mailbox is full. */
  | 'mailbox-full'
  /** A message, what a call is given, or a state has more bytes than the actor takes; `detail` is how many it takes. */
  | 'too-large'
  /** The host has as many actors as it may. */
  | 'too-many-actors'
  /** The actor has as many channels as it may; `detail` is how many. */
  | 'too-many-channels'
  /** The channel, or the connection, was closed, or is not accepted yet. */
  | 'not-open'
  /** A call was taken back before its turn began. */
  | 'withdrawn'
  /** The actor was stopped, or has failed. */
  | 'stopped'
  /** The deadline of a call passed. The turn itself is not undone. */
  | 'timeout'
  /** The request would close a cycle of actors that wait for one another. */
  | 'deadlock'
  /** The guest trapped; what its turn did to its memory is undone. */
  | 'trapped'
  /** The host ended the turn. */
  | 'aborted'
  /** The actor answered a message with a failure of its own; `detail` is the failure. */
  | 'refused'
  /** The actor could not be made: its instantiation, or its `init`, failed. */
  | 'failed-to-start'
  /** The record of an actor cannot be re-run to where it goes on. */
  | 'cannot-resume'
  /** Nothing of the record can be archived now; the message says why. */
  | 'cannot-archive'
  /** The record cannot be written; the actor stands still. */
  | 'store-failed'
  /** The thread of the actors does not answer, again and again; or an actor kept it from that too often and is not brought back. */
  | 'unresponsive'
  /** The theater was closed. */
  | 'closed'

const BRAND = 'theater.TheaterError'

/** The one error class of this package. */
export class TheaterError extends Error {
  readonly brand = BRAND
  readonly code: TheaterErrorCode
  /** The actor it is about, where there is one. */
  readonly actor: string | undefined
  /** Machine-readable details: an abort's or trap's code, the failure that `init` answered. */
  readonly detail: unknown

  constructor(
    code: TheaterErrorCode,
    message: string,
    data: { readonly actor?: string; readonly detail?: unknown; readonly cause?: unknown } = {},
  ) {
    super(message, data.cause === undefined ? undefined : { cause: data.cause })
    this.name = 'TheaterError'
    this.code = code
    this.actor = data.actor
    this.detail = data.detail
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(value: unknown): value is TheaterError {
    return value instanceof Error && 'brand' in value && value.brand === BRAND
  }
}
