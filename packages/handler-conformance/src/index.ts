/**
 * The laws that every capability handler passes, as data for any test runner, and a fake actor to test handlers with.
 *
 * @example
 * import { laws } from '@theater/handler-conformance'
 * import type { Subject } from '@theater/handler-conformance'
 *
 * async function check(subject: Subject): Promise<void> {
 *   for (const law of laws) await law.run(subject)
 * }
 *
 * @packageDocumentation
 */
export { fakeActor } from './fake-actor.ts'
export type { FakeActor, FakeActorOptions, LogLine, Sent } from './fake-actor.ts'
export { laws } from './laws.ts'
export type { Guest, Law, Made, SampleCall, Subject, World, WorldActor } from './subject.ts'
