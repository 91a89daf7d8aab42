import { altered, clocksLaws, violated } from '@theater/handler-conformance'
import type { Alteration, ClocksSubject } from '@theater/handler-conformance'
import { clocksConformance } from '@theater/handler-conformance/vitest'
import { describe, expect, test } from 'vitest'
import { clocks } from '../src/index.ts'

const right: ClocksSubject = {
  name: 'clocks',
  make: (wall, monotonic) => clocks({ ...(wall && { wall }), ...(monotonic && { monotonic }) }),
  grant: { live: true },
}

clocksConformance(right)

interface Datetime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

/** One broken handler for each law. */
const broken: Readonly<Record<string, Alteration>> = {
  'the time of day is in seconds of 1970, and nanoseconds below a thousand million': {
    calls: {
      'wall-clock#now': (self) => {
        const { seconds, nanoseconds } = self() as Datetime
        return seconds === 1n ? { seconds: 0n, nanoseconds: 1_000_000_000 } : { seconds, nanoseconds }
      },
    },
  },
  'the time of day is the machine’s, where nobody gives another': {
    calls: {
      'wall-clock#now': (self) => {
        const { seconds, nanoseconds } = self() as Datetime
        return { seconds: seconds > 1_767_225_600n ? seconds - 3600n : seconds, nanoseconds }
      },
    },
  },
  'the monotonic clock never goes backwards, and is read each time': {
    calls: { 'monotonic-clock#now': (self) => -(self() as bigint) },
  },
}

describe('a broken handler of clocks', () => {
  test.each(clocksLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const make: ClocksSubject['make'] = (...args) => altered(right.make(...args), broken[name]!)
    expect(await violated(clocksLaws, { ...right, make })).toEqual([name])
  })
})
