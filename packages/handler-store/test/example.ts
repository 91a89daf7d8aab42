import { store } from '@theater/handler-store'
import type { StoreGrant } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'

const handler = store({ backend: sqlite(':memory:'), maxCallBytes: 1024 * 1024 })
const grant: StoreGrant = { namespace: 'audit', rights: ['read', 'label'], labels: 'reports/' }

console.log(handler.authorize(grant, { label: 'reports/today', right: 'label' }))
console.log(handler.authorize(grant, { label: 'totals', right: 'read' }))
console.log(handler.within({ ...grant, rights: ['write'] }, grant))

await handler[Symbol.asyncDispose]?.()
