// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:actor/log@0.1.0 **/
/**
 * Writes one line.
 *
 * `fields` are names and values in the order given; a name MAY come twice. The host MAY shorten, drop
 * or hide lines; the actor is not told, so nothing can be learned from calling it. Where the host drops lines
 * because there are too many, it MUST say how many to whoever reads the others. The call is part of
 * the chain either way. An actor MUST NOT log secrets: whoever holds the chain reads them.
 */
export declare function log(level: Level, message: string, fields: Array<[string, string]>): void
/**
 * How urgent a line is, least first.
 * # Variants
 *
 * ## `"trace"`
 *
 * Each step, for whoever debugs this actor.
 * ## `"debug"`
 *
 * Something a developer wants to see.
 * ## `"info"`
 *
 * Something an operator wants to see.
 * ## `"warn"`
 *
 * Something is wrong and the actor goes on.
 * ## `"error"`
 *
 * Something failed.
 */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error'
