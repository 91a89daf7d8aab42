import { altered, randomLaws, violated } from '@theater/handler-conformance'
import type { Alteration, RandomSubject } from '@theater/handler-conformance'
import { randomConformance } from '@theater/handler-conformance/vitest'
import { describe, expect, test } from 'vitest'
import { random } from '../src/index.ts'

const right: RandomSubject = { name: 'random', make: () => random(), grant: { live: true } }

randomConformance(right)

const bytes = (change: (drawn: Uint8Array) => Uint8Array): Alteration => ({
  calls: { 'random#getRandomBytes': (self, args) => change(self(...args) as Uint8Array) },
})
const stale = new Uint8Array(16)

/** One broken handler for each law. */
const broken: Readonly<Record<string, Alteration>> = {
  'there are as many bytes as were asked for': bytes((drawn) =>
    drawn.length === 7 ? new Uint8Array(8) : drawn,
  ),
  'bytes are fresh each time': bytes((drawn) => (drawn.length === 16 ? stale : drawn)),
  'every byte that there is comes, at every place': bytes((drawn) =>
    drawn.length === 65_536 ? drawn.map((byte) => byte & 0xfe) : drawn,
  ),
  'numbers are fresh each time, and of 64 bits': {
    calls: { 'insecure#getInsecureRandomU64': (self) => (self() as bigint) | 1n },
  },
}

describe('a broken handler of chance', () => {
  test.each(randomLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const make = () => altered(random(), broken[name]!)
    expect(await violated(randomLaws, { ...right, make })).toEqual([name])
  })
})
