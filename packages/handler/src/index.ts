/**
 * What a capability handler is: the contract between a handler and the boundary.
 *
 * @packageDocumentation
 */
export { defineHandler } from './handler.ts'
export type {
  AnyHandler,
  Ask,
  Binding,
  Call,
  Denial,
  Effect,
  Handler,
  HandlerFunction,
  Intent,
  JsonSchema,
  Reconciled,
  Refusal,
} from './handler.ts'
export type { ChildLimits, ChildRequest, Children, Spawned } from './children.ts'
export type { ChannelFailure, Channels } from './channels.ts'
export type { Timer, TimerFailure, Timers } from './timers.ts'
export type { TopicFailure, Topics } from './topics.ts'
export { WitError } from './wit-error.ts'
export type {
  ActorContext,
  Cause,
  DeliveryFailure,
  InvokeFailure,
  InvokeOptions,
  PendingRequest,
  RecordedCall,
  Reply,
} from './context.ts'
export type { InputStream, IoError, OutputStream, Pollable, StreamError } from './io.ts'
