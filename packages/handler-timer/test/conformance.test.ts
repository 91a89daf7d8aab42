import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { fakeActor } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import fc from 'fast-check'
import { defaults } from '../src/grant.ts'
import { timer } from '../src/index.ts'
import type { TimerGrant } from '../src/index.ts'
import { atLarge } from './at-large.ts'

const message = { format: 'text/plain', body: new Uint8Array([1]) }
const TIMERS = 'theater:timer/timers@0.1'

/** Whether a grant gives one more timer that is due so far ahead. */
const gives = (grant: TimerGrant, ms: number): boolean => {
  const { timers, longestMs } = { ...defaults, ...grant }
  return timers > 0 && ms <= longestMs
}
const times = [1, 2, defaults.shortestMs, defaults.longestMs, defaults.longestMs + 1]

conformance({
  name: 'timer',
  make: () => {
    const actors: ReturnType<typeof fakeActor>[] = []
    return {
      handler: timer(),
      actor: (id) => (actors.push(fakeActor({ id })), actors.at(-1)!),
      state: () => actors.flatMap(({ timers }) => timers.list()),
    }
  },
  bare: timer,
  atLarge,
  deeds: {
    deed: fc.oneof(
      fc.constantFrom(...times).map((ms) => ({
        fn: `${TIMERS}#every`,
        args: () => [BigInt(ms), message],
        needs: (grant: unknown) =>
          gives(grant as TimerGrant, ms) && ms >= ((grant as TimerGrant).shortestMs ?? defaults.shortestMs),
      })),
      fc.constantFrom(0, ...times).map((ms) => ({
        fn: `${TIMERS}#once`,
        args: () => [{ tag: 'after', val: BigInt(ms) }, message],
        needs: (grant: unknown) =>
          gives(grant as TimerGrant, Math.max(ms, (grant as TimerGrant).shortestMs ?? defaults.shortestMs)),
      })),
    ),
  },
  grants: [{}, { timers: 1, shortestMs: 1, longestMs: 1 }, { timers: 0 }, { shortestMs: 60_000 }],
  least: { timers: 0, shortestMs: 3_155_760_000_000, longestMs: 1 },
  guest: { component: relayGuest('timer'), exportOf: relayed, trap: TRAP },
  calls: [
    { fn: `${TIMERS}#once`, args: () => [{ tag: 'after', val: 0n }, message] },
    { fn: `${TIMERS}#every`, args: () => [1_000_000_000n, message] },
    // Ids are places in the chain, which are not the same after an interruption.
    { fn: `${TIMERS}#cancel`, args: () => [999_999n] },
    { fn: `${TIMERS}#list`, args: () => [] },
  ],
})
