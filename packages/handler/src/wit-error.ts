const BRAND = 'theater.WitError'

/**
 * A WIT error that a handler answers with: its payload MUST be a case of the error type that the function declares.
 * It is an answer, not a fault: it becomes `err` in the guest and in the chain. Anything else that a handler throws
 * is a fault of the handler and aborts the turn.
 *
 * @example
 * throw new WitError<'no-entry' | 'access'>('no-entry', 'data/a.txt does not exist')
 */
export class WitError<Payload = unknown> extends Error {
  readonly brand = BRAND
  /** The lifted value of the error case. */
  readonly payload: Payload

  /**
   * @param payload the case, as a lifted value
   * @param message for the host's own log; the guest never sees it and it is never hashed
   */
  constructor(payload: Payload, message?: string, options?: ErrorOptions) {
    super(message ?? (typeof payload === 'string' ? payload : 'WIT error'), options)
    this.name = 'WitError'
    this.payload = payload
  }

  /** Recognises a WitError, also one of another copy of this package. */
  static is(value: unknown): value is WitError {
    return value instanceof Error && 'brand' in value && value.brand === BRAND && 'payload' in value
  }
}
