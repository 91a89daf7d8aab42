import type { AtLarge } from '@theater/handler-conformance'
import fc from 'fast-check'
import { defaults } from '../src/grant.ts'
import type { TimerGrant } from '../src/index.ts'

/** Grants of few numbers, the defaults among them; what one gives is each timer, each interval and each time ahead of those. */
export const atLarge: AtLarge = {
  grant: fc.record(
    {
      timers: fc.constantFrom(0, 1, defaults.timers),
      shortestMs: fc.constantFrom(1, 2, defaults.shortestMs),
      longestMs: fc.constantFrom(1, 2, defaults.longestMs),
    },
    { requiredKeys: [] },
  ),
  reach(grant) {
    const { timers, shortestMs, longestMs } = { ...defaults, ...(grant as TimerGrant) }
    return [
      ...Array.from({ length: timers }, (_, n) => `timer ${n + 1}`),
      ...[1, 2, defaults.shortestMs].filter((ms) => ms >= shortestMs).map((ms) => `every ${ms}`),
      ...[1, 2, defaults.longestMs].filter((ms) => ms <= longestMs).map((ms) => `ahead ${ms}`),
    ]
  },
}
