// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:http/client@0.1.0 **/
/**
 * Starts a request and returns at once, so two can run together. An error here means that nothing was sent, but for
 * `outcome-unknown`.
 *
 * After a crash of the host a request MUST be made again where its method is idempotent (RFC 9110, 9.2.2), and where the grant
 * has the host send an `Idempotency-Key` with it, which MUST be the same one then. All others MUST NOT be made again.
 */
export declare function start(request: Request, bounds: Bounds): Exchange
/**
 * A header field. In a request names are taken in any case; in a response they are in lower case. A value is text of
 * characters up to U+00FF, one for each byte. Fields of one name MAY come more than once, and keep their order.
 */
export type Field = [string, string]
/**
 * What is asked for.
 */
export interface Request {
  /**
   * As it is sent, in capitals: `GET`, `POST`. `CONNECT` is none of these.
   */
  method: string
  /**
   * Absolute, `http:` or `https:`, in the ASCII form in which it is sent, without a user and without a fragment:
   * `https://api.example.com/v1/items?page=2`.
   */
  url: string
  /**
   * Without what the host sets: `host`, `content-length`, `expect`, `trailer`, and what belongs to a connection.
   */
  headers: Array<Field>
  /**
   * All of it. Empty: there is none.
   */
  body: Uint8Array
}
/**
 * What came back.
 */
export interface Response {
  /**
   * 200 to 999. The host keeps 1xx to itself.
   */
  status: number
  /**
   * Without what belongs to the connection.
   */
  headers: Array<Field>
  /**
   * All of it, as it was sent.
   */
  body: Uint8Array
}
/**
 * How much is waited for. 0 asks for the host's own limit; the host MAY lower what is asked for to that limit.
 */
export interface Bounds {
  /**
   * Milliseconds from `start` to the end of the response.
   */
  timeoutMs: number
  /**
   * Bytes of the response's body.
   */
  bodyBytes: number
}
/**
 * What about a request is none.
 * # Variants
 *
 * ## `"method"`
 *
 * Not a method in capitals, or `CONNECT`.
 * ## `"url"`
 *
 * Not an absolute URL of http or https in its ASCII form, or one with a user or a fragment.
 * ## `"header"`
 *
 * A name that no field has, or a value with a control character or with one above U+00FF.
 * ## `"host-header"`
 *
 * A header that is the host's to set.
 */
export type Fault = 'method' | 'url' | 'header' | 'host-header'
/**
 * Why there is no response.
 */
export type Error =
  | ErrorDenied
  | ErrorBadRequest
  | ErrorRequestTooLarge
  | ErrorTooMany
  | ErrorBudgetSpent
  | ErrorMisconfigured
  | ErrorDns
  | ErrorAddressDenied
  | ErrorConnect
  | ErrorTls
  | ErrorTimeout
  | ErrorResponseTooLarge
  | ErrorReset
  | ErrorProtocol
  | ErrorOutcomeUnknown
/**
 * The grant does not cover this method, origin and path. Nothing was sent. Trying again is useless; ask whoever
 * granted.
 */
export interface ErrorDenied {
  tag: 'denied'
}
/**
 * No request can be made of this. Nothing was sent. A bug of the caller.
 */
export interface ErrorBadRequest {
  tag: 'bad-request'
  val: Fault
}
/**
 * The URL, the headers or the body are larger than the grant says. The payload is the limit in bytes. Nothing was sent. Send
 * less, or in pieces.
 */
export interface ErrorRequestTooLarge {
  tag: 'request-too-large'
  val: bigint
}
/**
 * As many exchanges of this actor are under way as may. The payload is how many. Nothing was sent. Finish or drop
 * another.
 */
export interface ErrorTooMany {
  tag: 'too-many'
  val: number
}
/**
 * The actor has used up what it may request in all. Nothing was sent. Ask whoever granted.
 */
export interface ErrorBudgetSpent {
  tag: 'budget-spent'
}
/**
 * The host cannot make the request as its grant says: a secret is missing. Nothing was sent. Ask whoever runs the host.
 */
export interface ErrorMisconfigured {
  tag: 'misconfigured'
}
/**
 * There is no host of that name, or nobody could tell. Nothing was sent. Fix the name, or try again later.
 */
export interface ErrorDns {
  tag: 'dns'
}
/**
 * The name leads to an address that the grant does not cover. Nothing was sent. Ask whoever granted.
 */
export interface ErrorAddressDenied {
  tag: 'address-denied'
}
/**
 * Nobody takes connections there, or not in time. Nothing was sent. Try again later.
 */
export interface ErrorConnect {
  tag: 'connect'
}
/**
 * There is no secure connection, or the certificate is none that the host trusts. Nothing was sent. Ask whoever runs
 * the server.
 */
export interface ErrorTls {
  tag: 'tls'
}
/**
 * The time was up. The server MAY have done what was asked. Try again only what is safe to do twice.
 */
export interface ErrorTimeout {
  tag: 'timeout'
}
/**
 * The headers, or the body of the response, are larger than the bounds or the grant say. The payload is the limit in bytes.
 * The server MUST be expected to have done what was asked. Ask for less.
 */
export interface ErrorResponseTooLarge {
  tag: 'response-too-large'
  val: bigint
}
/**
 * The connection ended before the response did. The server MAY have done what was asked. Try again only what is safe
 * to do twice.
 */
export interface ErrorReset {
  tag: 'reset'
}
/**
 * What came is no response of HTTP. The server MAY have done what was asked. Ask whoever runs it.
 */
export interface ErrorProtocol {
  tag: 'protocol'
}
/**
 * The host stopped or crashed meanwhile, and does not repeat such a request. The server MAY have done what was asked. Look,
 * or try again what is safe to do twice.
 */
export interface ErrorOutcomeUnknown {
  tag: 'outcome-unknown'
}

export declare class Exchange {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  /**
   * Waits for the response and takes it.
   *
   * It MUST answer within the time given to `start`.
   */
  static finish(exchange: Exchange): Response
}
