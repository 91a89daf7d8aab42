/**
 * Why a host cannot serve an actor as its grant says.
 *
 * - `cannot-listen`: the address is in use, or not this user's to have
 * - `route-taken`: another actor answers those requests
 * - `no-export`: the component exports neither `theater:http/request-handler` nor `wasi:http/incoming-handler`, or not `theater:http/websocket-handler`
 * - `no-secret`: the grant names a secret that the host does not have; `http({ secrets })` gives it one
 * - `closed`: the handler was disposed of
 */
export type HttpHostErrorCode = 'cannot-listen' | 'route-taken' | 'no-export' | 'no-secret' | 'closed'

const BRAND = 'theater.HttpHostError'

/** Stops the making of an actor whose grant this host cannot serve. */
export class HttpHostError extends Error {
  readonly brand = BRAND
  readonly code: HttpHostErrorCode

  constructor(code: HttpHostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HttpHostError'
    this.code = code
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(error: unknown): error is HttpHostError {
    return error instanceof Error && 'brand' in error && error.brand === BRAND
  }
}
