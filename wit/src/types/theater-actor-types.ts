// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:actor/types@0.1.0 **/
/**
 * The name of an actor: 1 to 128 characters of `a-z 0-9 . _ -`.
 *
 * A name is never an authority. Holding one lets nobody send; only a grant does.
 */
export type ActorId = string
/**
 * A message, a reply, parameters or a saved state.
 */
export interface Message {
  /**
   * A media type (RFC 6838), parameters included: `application/json`. It MUST NOT be empty.
   */
  format: string
  /**
   * The content. It MUST be readable by `format` alone: no agreement outside the message.
   */
  body: Uint8Array
}
/**
 * An actor's own "no": an answer, not an accident. The turn that gives it commits.
 */
export interface Failure {
  /**
   * What went wrong, for programs: 1 to 64 characters of `a-z 0-9 -`. Part of the actor's contract.
   */
  code: string
  /**
   * What went wrong, for people. Programs MUST NOT read it.
   */
  message: string
  /**
   * More about it, for programs that know `code`.
   */
  detail?: Message | undefined
}
/**
 * Who caused a turn. The host vouches for it; a sender cannot choose it.
 */
export type Sender = SenderHost | SenderActor
/**
 * The program that embeds the runtime, or its command line.
 */
export interface SenderHost {
  tag: 'host'
}
/**
 * Another actor on this host, or a remote one that the host has authenticated.
 */
export interface SenderActor {
  tag: 'actor'
  val: ActorId
}
