/**
 * Log lines of actors: `theater:actor/log`, and {@link printable} for sinks that show them.
 *
 * @example
 * import { log, printable } from '@theater/handler-log'
 *
 * const handler = log()
 * handler.within({ level: 'warn' }, { level: 'info' }) // true
 * printable('\u001b[2Jgone') // '\\x1b[2Jgone'
 *
 * @packageDocumentation
 */
export { log } from './handler.ts'
export type { LogImports, LogOptions } from './handler.ts'
export { logGrant } from './grant.ts'
export type { Level, LogGrant } from './grant.ts'
export { printable } from './printable.ts'
