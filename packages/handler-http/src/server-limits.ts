/** What a listener takes from all clients together, and how long. Times are in milliseconds, sizes in bytes. */
export interface ServerLimits {
  /** Connections at once; one more is closed. @default 1024 */
  readonly connections: number
  /** Requests under way at once; one more is answered with 503. @default 256 */
  readonly requests: number
  /** Requests of one connection that wait for their answers; one more is answered with 503. @default 16 */
  readonly pipelined: number
  /** Bytes of a request's first line and header, and of its trailers. @default 16384 */
  readonly headerBytes: number
  /** Bytes of bodies that were read and wait for their turns; a request with more is answered with 503. @default 67108864 */
  readonly heldBytes: number
  /** For the header to arrive. @default 10000 */
  readonly headerMs: number
  /** For all of a request to arrive. @default 60000 */
  readonly requestMs: number
  /** Between one request and the next of a connection. @default 5000 */
  readonly idleMs: number
  /** For a client to take an answer; one that streams: what was written so far. @default 60000 */
  readonly sendMs: number
  /** Between one look for connections that are too slow and the next. @default 2000 */
  readonly checkMs: number
  /** For requests under way to end, when the listener closes. @default 5000 */
  readonly stopMs: number
}

/** The limits of a listener whose options do not say. */
export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  connections: 1024,
  requests: 256,
  pipelined: 16,
  headerBytes: 16 * 1024,
  heldBytes: 64 * 1024 * 1024,
  headerMs: 10_000,
  requestMs: 60_000,
  idleMs: 5000,
  sendMs: 60_000,
  checkMs: 2000,
  stopMs: 5000,
}
