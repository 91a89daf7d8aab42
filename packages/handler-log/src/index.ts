/**
 * Log lines of actors: `theater:actor/log`, and {@link printable} for sinks that show them.
 *
 * @example
 * ```ts
 * import { log, printable } from '@theater/handler-log'
 *
 * const handler = log({ maxLength: 1000 })
 *
 * console.log(handler.within({ level: 'warn' }, { level: 'info' }))
 * console.log(handler.within({ level: 'trace' }, { level: 'info' }))
 * console.log(printable('\u001b[2Jall is \u202elleb\nfor good'))
 * ```
 *
 * @packageDocumentation
 */
export { log } from './handler.ts'
export type { LogImports, LogOptions } from './handler.ts'
export { logGrant } from './grant.ts'
export type { Level, LogGrant } from './grant.ts'
export { printable } from './printable.ts'
