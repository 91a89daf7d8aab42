/**
 * The laws that every capability handler passes, as data for any test runner, and a fake actor to test handlers with.
 *
 * @example
 * ```ts
 * import { defineHandler, WitError } from '@theater/handler'
 * import { laws } from '@theater/handler-conformance'
 * import type { Subject } from '@theater/handler-conformance'
 *
 * // A handler of one function: a shout that a grant must allow.
 * const shout = (heard: string[] = []) =>
 *   defineHandler<{ readonly loud: boolean }, object>({
 *     name: 'shout',
 *     interfaces: ['my:voice/shout@0.1'],
 *     grant: {
 *       $schema: 'https://json-schema.org/draft/2020-12/schema',
 *       type: 'object',
 *       additionalProperties: false,
 *       required: ['loud'],
 *       properties: { loud: { type: 'boolean' } },
 *     },
 *     functions: {
 *       'my:voice/shout@0.1#shout': {
 *         mode: 'sync',
 *         effect: 'none',
 *         ask: () => ({ loud: true }),
 *         deny: () => new WitError('denied'),
 *       },
 *     },
 *     within: (child, parent) => (!child.loud || parent.loud ? true : { refused: 'loud is not within quiet' }),
 *     authorize: (grant) => (grant.loud ? true : { refused: 'shouting is not granted' }),
 *     bind: () => ({ imports: { 'my:voice/shout@0.1': { shout: (text: string) => void heard.push(text) } } }),
 *   })
 *
 * const subject: Subject = {
 *   name: 'shout',
 *   make: () => {
 *     const heard: string[] = []
 *     return { handler: shout(heard), state: () => [...heard] }
 *   },
 *   bare: shout,
 *   grants: [{ loud: true }, { loud: false }],
 *   least: { loud: false },
 *   calls: [{ fn: 'my:voice/shout@0.1#shout', args: () => ['hello'], refusedUnder: { loud: false } }],
 * }
 *
 * for (const law of laws) await law.run(subject)
 * console.log(`${subject.name} keeps the laws`)
 * ```
 *
 * @packageDocumentation
 */
export { altered, violated } from './altered.ts'
export type { Alteration } from './altered.ts'
export { fakeActor } from './fake-actor.ts'
export type { FakeActor, FakeActorOptions, LogLine, Sent } from './fake-actor.ts'
export { fsLaws } from './fs/laws.ts'
export type { FsDescriptor, FsLaw, FsListing, FsStat, FsStream, FsSubject, FsWorld } from './fs/subject.ts'
export { httpLaws } from './http/laws.ts'
export type { HttpLaw, HttpMay, HttpSubject } from './http/subject.ts'
export { keyvalueLaws } from './keyvalue/laws.ts'
export type { KeyvalueLaw, KeyvalueSubject, KeyvalueWorld } from './keyvalue/subject.ts'
export { messagingLaws } from './messaging/laws.ts'
export type { MessagingLaw, MessagingMay, MessagingSubject } from './messaging/subject.ts'
export { laws, runtimeLaws } from './laws.ts'
export { storeLaws } from './store/laws.ts'
export type { StoreLaw, StoreSubject, StoreWorld } from './store/subject.ts'
export { clocksLaws } from './small/clocks.ts'
export type { ClocksSubject } from './small/clocks.ts'
export { cliLaws } from './small/cli.ts'
export type { CliMay, CliSubject } from './small/cli.ts'
export { logLaws } from './small/log.ts'
export type { LogSubject } from './small/log.ts'
export type { InterfaceLaw } from './small/part.ts'
export { processLaws } from './small/process.ts'
export type { ProcessMay, ProcessSubject } from './small/process.ts'
export { randomLaws } from './small/random.ts'
export type { RandomSubject } from './small/random.ts'
export { supervisorLaws } from './small/supervisor.ts'
export type { SupervisorSubject } from './small/supervisor.ts'
export type {
  AtLarge,
  Deed,
  Deeds,
  Guest,
  GuestCall,
  Law,
  Made,
  OtherActor,
  SampleCall,
  Subject,
  World,
  WorldActor,
} from './subject.ts'
