import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { conformance } from '@theater/handler-conformance/vitest'
import fc from 'fast-check'
import { clocks } from '../src/index.ts'

conformance({
  name: 'clocks',
  make: () => {
    let read = 0
    const tick = () => BigInt(++read)
    return { handler: clocks({ wall: tick, monotonic: tick }), state: () => read }
  },
  bare: clocks,
  atLarge: { grant: fc.constant({ live: true }), reach: () => ['live'] },
  deeds: {
    deed: fc
      .constantFrom('wall', 'monotonic')
      .map((name) => ({ fn: `wasi:clocks/${name}-clock@0.2#now`, args: () => [] })),
  },
  grants: [{ live: true }],
  least: { live: true },
  guest: { component: relayGuest('clocks'), exportOf: relayed, trap: TRAP },
  calls: [
    { fn: 'wasi:clocks/wall-clock@0.2#now', args: () => [] },
    { fn: 'wasi:clocks/monotonic-clock@0.2#now', args: () => [] },
  ],
})
