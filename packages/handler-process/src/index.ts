/**
 * Programs of the host for actors: `theater:process`, from the list of a grant, without a shell, within limits.
 *
 * @example
 * ```ts
 * import { process } from '@theater/handler-process'
 * import type { ProcessGrant } from '@theater/handler-process'
 *
 * const handler = process({ timeoutMs: 2000 })
 * const grant: ProcessGrant = {
 *   programs: {
 *     log: { path: '/usr/bin/git', args: [{ begin: ['log', '-n', { prefix: '' }] }], cwd: '/srv/repository' },
 *     count: { path: '/usr/bin/wc', args: [{ begin: ['-l'] }, { begin: ['-w'] }] },
 *   },
 * }
 *
 * console.log(handler.authorize(grant, { program: 'log', args: ['log', '-n', '10'] }))
 * console.log(handler.authorize(grant, { program: 'log', args: ['log', '-n', '--output=/etc/passwd'] }))
 * console.log(
 *   handler.within({ programs: { count: { path: '/usr/bin/wc', args: [{ begin: ['-l'] }] } } }, grant),
 * )
 * ```
 *
 * @packageDocumentation
 */
export { process } from './handler.ts'
export type { ProcessImports, ProcessOptions } from './handler.ts'
export { processGrant } from './grant.ts'
export type { ArgumentPattern, ArgumentsPattern, ProcessAsk, ProcessGrant, ProgramGrant } from './grant.ts'
export type { ProcessError } from './errors.ts'
export type { Output } from './run.ts'
