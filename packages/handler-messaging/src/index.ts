/**
 * Messages and requests between actors: `theater:messaging/client`.
 *
 * @example
 * import { messaging } from '@theater/handler-messaging'
 *
 * const handler = messaging({ maxMessageBytes: 64 * 1024 })
 * handler.authorize({ to: ['reporter', 'worker-*'] }, { send: 'worker-7' }) // true
 * handler.authorize({ to: ['reporter', 'worker-*'] }, { send: 'auditor' }) // { refused: '…' }
 *
 * @packageDocumentation
 */
export { messaging } from './handler.ts'
export type { MessagingImports, MessagingOptions, Pending } from './handler.ts'
export { messagingGrant } from './grant.ts'
export type { MessagingAsk, MessagingGrant } from './grant.ts'
export type { Failure, Message, RequestError, Sender, SendError } from './types.ts'
