/**
 * The random numbers of the machine for actors that are granted them: `wasi:random`, each draw in the record.
 *
 * @example
 * ```ts
 * import { random } from '@theater/handler-random'
 *
 * const handler = random()
 *
 * console.log(handler.within({ live: true }, { live: true }))
 * console.log(Object.keys(handler.functions).join('\n'))
 * ```
 *
 * @packageDocumentation
 */
export { random } from './handler.ts'
export type { RandomImports, RandomOptions } from './handler.ts'
export { randomGrant } from './grant.ts'
export type { RandomGrant } from './grant.ts'
