import { httpLaws } from '@theater/handler-conformance'
import { describe, expect, test } from 'vitest'
import { breaks } from './http-breaks.ts'
import { broken } from './http-broken.ts'
import { subject } from './http-subject.ts'

describe('a handler that breaks a law', () => {
  test('there is one for each law', () => {
    expect(Object.keys(breaks).toSorted()).toEqual(httpLaws.map(({ name }) => name).toSorted())
  })

  test.each(httpLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const one = {
      ...subject,
      runs: 10,
      make: (secret: string) => broken(subject.make(secret), breaks[name] ?? {}),
    }
    // All at once: each has a world of its own, and most of their time is the network's.
    const held = await Promise.all(
      httpLaws.map((law) =>
        law.run(one).then(
          () => true,
          () => false,
        ),
      ),
    )
    expect(httpLaws.filter((_, n) => held[n] === false).map((law) => law.name)).toEqual([name])
  })
})
