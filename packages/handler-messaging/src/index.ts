/**
 * Messages and requests between actors: `theater:messaging/client`.
 *
 * @example
 * ```ts
 * import { messaging } from '@theater/handler-messaging'
 * import type { MessagingGrant } from '@theater/handler-messaging'
 *
 * const handler = messaging({ maxMessageBytes: 64 * 1024 })
 * const grant: MessagingGrant = { to: ['reporter', 'worker-*'] }
 *
 * console.log(handler.authorize(grant, { send: 'worker-7' }))
 * console.log(handler.authorize(grant, { send: 'auditor' }))
 * console.log(handler.within({ to: ['worker-7'] }, grant))
 * ```
 *
 * @packageDocumentation
 */
export { messaging } from './handler.ts'
export type { MessagingImports, MessagingOptions, Pending } from './handler.ts'
export { messagingGrant } from './grant.ts'
export type { MessagingAsk, MessagingGrant } from './grant.ts'
export type {
  ChannelError,
  Failure,
  Message,
  OpenError,
  PublishError,
  RequestError,
  Sender,
  SendError,
  SubscribeError,
} from './types.ts'
