// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:http/websocket@0.1.0 **/
/**
 * Takes a message for the client.
 *
 * A result of ok says that it was taken, never that it arrived.
 */
export declare function send(connection: Connection, message: Message): void
/**
 * Closes a connection, behind all that was sent on it. It leaves as a message does, also where the grant says `stream`.
 *
 * What the client has said and this actor has not got MUST NOT come any more, and no `handle-close` comes.
 */
export declare function close(connection: Connection, code: number, reason: string): void
/**
 * The connections of this actor that are open, ascending.
 */
export declare function list(): Array<Connection>
/**
 * The name of a connection. It MUST be another for each connection that there ever is. A name is never an authority:
 * only the actor that the connection was opened to can use it.
 */
export type Connection = string
/**
 * One message. How it was cut into frames is nobody's business.
 */
export type Message = MessageText | MessageBinary
/**
 * Text, whole.
 */
export interface MessageText {
  tag: 'text'
  val: string
}
/**
 * Bytes.
 */
export interface MessageBinary {
  tag: 'binary'
  val: Uint8Array
}
/**
 * Why a message was not taken. Nothing was sent.
 */
export type SendError = SendErrorNotOpen | SendErrorTooLarge | SendErrorFull
/**
 * It is not open: it was refused, it was closed from either side, or it never was one of this actor. Forget it; where
 * `handle-close` is still to come, it is under way.
 */
export interface SendErrorNotOpen {
  tag: 'not-open'
}
/**
 * The message is larger than the grant takes. The payload is the limit in bytes. Send it in pieces.
 */
export interface SendErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * With this message, more would wait for the client to take it than may. The payload is how many bytes may wait. Go
 * on in a later turn, leave the message out, or close the connection: its client is slow.
 */
export interface SendErrorFull {
  tag: 'full'
  val: bigint
}
/**
 * Why a connection was not closed.
 * # Variants
 *
 * ## `"not-open"`
 *
 * It is not open. Nothing is to be done.
 * ## `"bad-code"`
 *
 * Not a code that an end may send: 1000 to 1003, 1007 to 1014, and 3000 to 4999. A bug of the caller.
 * ## `"too-long"`
 *
 * The reason has more than 123 bytes. Shorten it.
 */
export type CloseError = 'not-open' | 'bad-code' | 'too-long'
