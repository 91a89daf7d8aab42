/**
 * The laws that every capability handler passes, as data, and a fake actor to test handlers with.
 *
 * @packageDocumentation
 */
export { fakeActor } from './fake-actor.ts'
export type { FakeActor, FakeActorOptions, LogLine, Sent } from './fake-actor.ts'
