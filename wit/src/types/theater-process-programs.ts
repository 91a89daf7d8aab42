// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:process/programs@0.1.0 **/
/**
 * Runs a program and waits until it has ended.
 *
 * `program` is a name of the grant, never a path. It MUST be started as it is, without a shell, in the folder and with the
 * environment of the grant and nothing else; it is given `args` as they are, and `stdin` as its standard input, which ends
 * then. A limit, and a stop of the actor, MUST end it together with what it started. What it started and what stayed in its process
 * group MUST NOT outlive it. It MUST be started at most once for each call, also where the host crashes.
 */
export declare function run(program: string, args: Array<string>, stdin: Uint8Array): Output
/**
 * What a program left when it had ended by itself.
 */
export interface Output {
  /**
   * What it ended with, 0 to 255. None: a signal of somebody else ended it.
   */
  exitCode?: number | undefined
  /**
   * All that it wrote to its standard output.
   */
  stdout: Uint8Array
  /**
   * All that it wrote to its standard error.
   */
  stderr: Uint8Array
}
/**
 * Why there is no output. Unless it says otherwise the program did not run.
 */
export type Error =
  | ErrorDenied
  | ErrorBadArgument
  | ErrorTooLarge
  | ErrorNotStartable
  | ErrorBusy
  | ErrorOutputTooLarge
  | ErrorTimeout
  | ErrorOutcomeUnknown
/**
 * The grant has no such program, or not with these arguments. Trying again is useless; ask whoever granted.
 */
export interface ErrorDenied {
  tag: 'denied'
}
/**
 * An argument has a NUL in it. A bug of the caller.
 */
export interface ErrorBadArgument {
  tag: 'bad-argument'
}
/**
 * The arguments, or the bytes for standard input, are more than the host gives a program. The payload is the limit in bytes.
 */
export interface ErrorTooLarge {
  tag: 'too-large'
  val: bigint
}
/**
 * The host cannot start it: it is not there, or is no program. Ask whoever runs the host.
 */
export interface ErrorNotStartable {
  tag: 'not-startable'
}
/**
 * As many run on this host as may. Try again later.
 */
export interface ErrorBusy {
  tag: 'busy'
}
/**
 * It wrote more than the limit, in bytes, and was ended in the midst of it. It ran until then.
 */
export interface ErrorOutputTooLarge {
  tag: 'output-too-large'
  val: bigint
}
/**
 * It took longer than the limit, in milliseconds, and was ended. It ran until then.
 */
export interface ErrorTimeout {
  tag: 'timeout'
  val: bigint
}
/**
 * The host ended while it ran. Nobody knows how far it came. Look, and decide.
 */
export interface ErrorOutcomeUnknown {
  tag: 'outcome-unknown'
}
