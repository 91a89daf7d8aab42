/**
 * Actors of an actor: `theater:supervisor/children`.
 *
 * @example
 * ```ts
 * import { supervisor } from '@theater/handler-supervisor'
 * import type { SupervisorGrant } from '@theater/handler-supervisor'
 *
 * const handler = supervisor()
 * const digest = `sha256:${'5'.repeat(64)}`
 * const grant: SupervisorGrant = { components: [`worker=${digest}`] }
 *
 * console.log(handler.authorize(grant, { spawn: digest }))
 * console.log(handler.authorize({ components: [] }, { spawn: 'sha256:0' }))
 * console.log(handler.within({ components: [digest] }, grant))
 * ```
 *
 * @packageDocumentation
 */
export { supervisor } from './handler.ts'
export type { SupervisorImports, SupervisorOptions } from './handler.ts'
export { supervisorGrant } from './grant.ts'
export type { SupervisorAsk, SupervisorGrant } from './grant.ts'
export type { Limits, Message, SpawnError } from './types.ts'
