// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:http/request-handler@0.1.0 **/
/**
 * Answers one request.
 *
 * Where what it answers is none, or is larger than the grant says, the client is told 502. The turn has committed all the
 * same: look at the sizes before.
 */
export declare function handle(request: Request): Response
/**
 * A header field. A value is text of characters up to U+00FF, one for each byte. Fields of one name MAY come more than
 * once, and keep their order.
 */
export type Field = [string, string]
/**
 * What a client asks for. All of it is the client's word, but for what the grant binds.
 */
export interface Request {
  /**
   * As it was sent: `GET`, `POST`.
   */
  method: string
  /**
   * Absolute: `http:`, the host that was asked with the port where it was said, and the path and query as they were sent.
   */
  url: string
  /**
   * As they were sent, without what belongs to the connection.
   */
  headers: Array<Field>
  /**
   * All of it, with nothing unpacked. Empty: there is none, or it is empty. Trailers do not come.
   */
  body: Uint8Array
}
/**
 * What the client is told.
 */
export interface Response {
  /**
   * 200 to 599.
   */
  status: number
  /**
   * Without what belongs to a connection. `content-length` is the host's to say: one that is not the length of the body
   * makes this no answer, but to a `HEAD`, and with the status 304.
   */
  headers: Array<Field>
  /**
   * All of it. With the status 204 or 304, and to a `HEAD`, it is not sent.
   */
  body: Uint8Array
}
