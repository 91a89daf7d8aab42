import { conformance } from '@theater/handler-conformance/vitest'
import { describe } from 'vitest'
import { memory, redis } from '../src/index.ts'
import { absent, sharedServer } from './server.ts'
import { subject } from './subject.ts'

conformance(subject('in memory', async () => ({ backend: memory() })))

// Without a server there is nothing to hold the laws against; npm test says so at its end.
describe.skipIf(absent !== undefined)('on a server', () => {
  const space = sharedServer()
  conformance(subject('in Redis', async () => ({ backend: await redis(await space()) })))
})
