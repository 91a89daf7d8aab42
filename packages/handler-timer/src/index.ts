/**
 * Timers of actors: `theater:timer`, once and every.
 *
 * @example
 * ```ts
 * import { timer } from '@theater/handler-timer'
 *
 * const handler = timer()
 *
 * console.log(handler.within({ timers: 1, shortestMs: 60_000 }, {}))
 * console.log(handler.within({ shortestMs: 10 }, {}))
 * ```
 *
 * @packageDocumentation
 */
export { timer } from './handler.ts'
export type { TimerImports } from './handler.ts'
export { timerGrant } from './grant.ts'
export type { TimerGrant } from './grant.ts'
