import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { conformance } from '@theater/handler-conformance/vitest'
import fc from 'fast-check'
import { random } from '../src/index.ts'

const calls = [
  { fn: 'wasi:random/random@0.2#get-random-bytes', args: () => [32n] },
  { fn: 'wasi:random/random@0.2#get-random-u64', args: () => [] },
  { fn: 'wasi:random/insecure@0.2#get-insecure-random-bytes', args: () => [7n] },
  { fn: 'wasi:random/insecure@0.2#get-insecure-random-u64', args: () => [] },
  { fn: 'wasi:random/insecure-seed@0.2#insecure-seed', args: () => [] },
]

conformance({
  name: 'random',
  make: () => {
    let drawn = 0
    const bytes = (length: number) => new Uint8Array(length).fill(++drawn)
    return { handler: random({ bytes }), state: () => drawn }
  },
  bare: random,
  atLarge: { grant: fc.constant({ live: true }), reach: () => ['live'] },
  grants: [{ live: true }],
  least: { live: true },
  guest: { component: relayGuest('random'), exportOf: relayed, trap: TRAP },
  deeds: { deed: fc.constantFrom(...calls) },
  calls,
})
