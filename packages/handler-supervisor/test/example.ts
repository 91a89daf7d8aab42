import { supervisor } from '@theater/handler-supervisor'
import type { SupervisorGrant } from '@theater/handler-supervisor'

const handler = supervisor()
const digest = `sha256:${'5'.repeat(64)}`
const grant: SupervisorGrant = { components: [`worker=${digest}`] }

console.log(handler.authorize(grant, { spawn: digest }))
console.log(handler.authorize({ components: [] }, { spawn: 'sha256:0' }))
console.log(handler.within({ components: [digest] }, grant))
