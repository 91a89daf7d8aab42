/**
 * What a command line program expects of its host: `wasi:cli`, with nothing of the host's own process in it.
 *
 * @example
 * ```ts
 * import { cli, writableOutput } from '@theater/handler-cli'
 * import type { CliGrant } from '@theater/handler-cli'
 *
 * const stdout = writableOutput(process.stdout)
 * const handler = cli({ connect: (actor) => (actor === 'main' ? { stdout } : undefined) })
 * const grant: CliGrant = { args: ['greet', 'world'], stdout: 'inherit' }
 *
 * console.log(handler.within(grant, { stdout: 'inherit' }))
 * console.log(handler.within(grant, { args: ['greet', 'world'] }))
 * ```
 *
 * @packageDocumentation
 */
export { cli } from './handler.ts'
export type { CliImports, CliOptions, Connection } from './handler.ts'
export { cliGrant } from './grant.ts'
export type { CliGrant, Input, Output } from './grant.ts'
export { readableInput, writableOutput } from './node-streams.ts'
