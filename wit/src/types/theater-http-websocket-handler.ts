// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:http/websocket-handler@0.1.0 **/
/**
 * A client asks for a connection: accept it, with one of the subprotocols that were offered or none, or refuse it. What
 * is sent on it in this turn is the first that the client gets.
 *
 * Where it traps or is aborted the client is refused.
 */
export declare function handleOpen(connection: Connection, request: Request): string | undefined
/**
 * Handles one message. The next one is not read from the network before this turn has ended.
 *
 * A failure is recorded and MAY be shown to an operator; the connection stays open.
 */
export declare function handleMessage(connection: Connection, message: Message): void
/**
 * The connection is closed. It comes once for each that was accepted and that this actor has not closed itself, behind
 * all that the client had said and that was read.
 */
export declare function handleClose(connection: Connection, how: Closed): void
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
import type { Connection } from './theater-http-websocket.ts'
export type { Connection }
import type { Message } from './theater-http-websocket.ts'
export type { Message }
/**
 * What a client asks for. All of it is the client's word, but for what the grant binds.
 */
export interface Request {
  /**
   * As it was sent: `/chat?room=7`.
   */
  pathWithQuery: string
  /**
   * The host that was asked, with the port where it was said.
   */
  authority: string
  /**
   * As `client` has them in a response: names in lower case, values of characters up to U+00FF. Without the fields of the
   * handshake and of the connection.
   */
  headers: Array<[string, string]>
  /**
   * The page that asks, where a browser does: one that the grant names. None where the client said none, and so is no
   * browser.
   */
  origin?: string | undefined
  /**
   * Those that the client offers and the grant has, the one it likes best first.
   */
  subprotocols: Array<string>
}
/**
 * Why there is no connection.
 */
export interface Refusal {
  /**
   * 400 to 599; another is sent as 403.
   */
  status: number
  /**
   * For the client, as plain text.
   */
  reason: string
}
/**
 * The close frame of a client.
 */
export interface ClientClose {
  code: number
  reason: string
}
/**
 * How a connection ended.
 */
export type Closed = ClosedClient | ClosedLost | ClosedViolated | ClosedSlow | ClosedTrapped | ClosedRestarted
/**
 * The client closed it. The code is 1005 where it gave none; code and reason are its word.
 */
export interface ClosedClient {
  tag: 'client'
  val: ClientClose
}
/**
 * It broke off, or the client stopped answering.
 */
export interface ClosedLost {
  tag: 'lost'
}
/**
 * The client broke the protocol, or a limit. The payload is the code that it was told: 1002, 1007, 1008, 1009 or 1013.
 */
export interface ClosedViolated {
  tag: 'violated'
  val: number
}
/**
 * The client did not take what was sent to it in time.
 */
export interface ClosedSlow {
  tag: 'slow'
}
/**
 * A turn of this actor trapped, or was aborted, which ends all of its connections: what it had sent in that turn
 * cannot be told from what it had not.
 */
export interface ClosedTrapped {
  tag: 'trapped'
}
/**
 * The host ended: no connection outlives it.
 */
export interface ClosedRestarted {
  tag: 'restarted'
}
