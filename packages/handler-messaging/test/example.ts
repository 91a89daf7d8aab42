import { messaging } from '@theater/handler-messaging'
import type { MessagingGrant } from '@theater/handler-messaging'

const handler = messaging({ maxMessageBytes: 64 * 1024 })
const grant: MessagingGrant = { to: ['reporter', 'worker-*'] }

console.log(handler.authorize(grant, { send: 'worker-7' }))
console.log(handler.authorize(grant, { send: 'auditor' }))
console.log(handler.within({ to: ['worker-7'] }, grant))
