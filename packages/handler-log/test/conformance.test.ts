import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { fakeActor } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import fc from 'fast-check'
import { log } from '../src/index.ts'
import { atLarge } from './at-large.ts'

const fields = [['a', 'b']]

conformance({
  name: 'log',
  make: () => {
    const actors: ReturnType<typeof fakeActor>[] = []
    return {
      handler: log(),
      actor: (id) => (actors.push(fakeActor({ id })), actors.at(-1)!),
      state: () => actors.flatMap((actor) => actor.lines),
    }
  },
  bare: log,
  atLarge,
  deeds: {
    deed: fc.constantFrom('trace', 'debug', 'info', 'warn', 'error').map((level) => ({
      fn: 'theater:actor/log@0.1#log',
      args: () => [level, 'said', fields],
      needs: (grant) => atLarge.reach?.(grant).includes(level) === true,
    })),
  },
  grants: [{}, { level: 'trace' }, { level: 'info' }, { level: 'error' }],
  least: { level: 'error' },
  guest: { component: relayGuest('log'), exportOf: relayed, trap: TRAP },
  calls: [{ fn: 'theater:actor/log@0.1#log', args: () => ['error', 'hello', fields] }],
})
