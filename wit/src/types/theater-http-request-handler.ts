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
 * Header fields, as HTTP/1.1 writes them (RFC 9112, 5): of each its name, a colon, its value, and CR LF. Nothing else is in between, and
 * no empty line follows: `etag: a` and `x-b: 1` are 17 bytes. So they cross at once, and only who wants one takes them apart.
 *
 * A name is a token (RFC 9110, 5.6.2), which has no colon. A value is bytes without CR, LF and other control characters but for the tab;
 * spaces and tabs around it are none of it. Fields of one name MAY come more than once, and keep their order. No field: no bytes.
 */
export type Fields = Uint8Array
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
   * As they were sent, without what belongs to the connection, and without `host`. Names come in any case. The host MUST write each as
   * `name: value`, with one space, and without spaces or tabs around the value.
   */
  headers: Fields
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
   * Without what belongs to a connection. The host MUST take any number of spaces and tabs around a value, and MUST NOT take another end of
   * a line than CR LF, a line that goes on in the next, or a space before the colon. `content-length` is the host's to say: one that
   * is not the length of the body makes this no answer, but to a `HEAD`, and with the status 304.
   */
  headers: Fields
  /**
   * All of it. With the status 204 or 304, and to a `HEAD`, it is not sent.
   */
  body: Uint8Array
}
