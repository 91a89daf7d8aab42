import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { authorize, covers, matches, messagingGrant, within } from '../src/grant.ts'

const id = fc.stringMatching(/^@?[ab.]{1,4}$/)
const pattern = fc.stringMatching(/^@?[ab.]{0,3}\*?$/).filter((text) => text !== '')

describe('patterns', () => {
  test.each([
    ['reporter', 'reporter', true],
    ['reporter', 'reporter2', false],
    ['reporter', 'Reporter', false],
    ['worker-*', 'worker-7', true],
    ['worker-*', 'worker-', true],
    ['worker-*', 'worker', false],
    ['worker-*', 'my-worker-7', false],
    ['*', 'anybody', true],
    ['*', '@desk', false],
    ['@desk', '@desk', true],
    ['@*', '@desk', true],
    ['@*', 'desk', false],
  ])('%s names %s: %s', (text, actor, expected) => {
    expect(matches(text, actor)).toBe(expected)
  })

  test('a pattern covers another exactly when it names whatever the other names', () => {
    fc.assert(
      fc.property(pattern, pattern, id, (outer, inner, actor) => {
        expect(!covers(outer, inner) || !matches(inner, actor) || matches(outer, actor)).toBe(true)
        expect(inner.endsWith('*') || covers(outer, inner) === matches(outer, inner)).toBe(true)
      }),
    )
  })

  test('within narrows: what the child may, the parent may', () => {
    const grant = fc.record({ to: fc.array(pattern, { maxLength: 4 }) })
    fc.assert(
      fc.property(grant, grant, id, (child, parent, actor) => {
        expect(within(child, child)).toBe(true)
        const ask = { send: actor }
        const both = within(child, parent) === true && authorize(child, ask) === true
        expect(!both || authorize(parent, ask)).toBe(true)
      }),
    )
  })
})

test('a refusal says what was asked and what is granted', () => {
  expect(authorize({ to: ['reporter'] }, { send: 'auditor' })).toEqual({
    refused: 'messages to "auditor" are not granted; granted are "reporter"',
  })
  expect(within({ to: ['*'] }, { to: ['worker-*'] })).toEqual({
    refused: 'messages to "*" are not within "worker-*"',
  })
})

test('an ask without a receiver is refused, also by *', () => {
  expect(authorize({ to: ['*'] }, {})).toEqual({ refused: 'the call names no receiver' })
})

test('the schema takes every id that an actor can have, and a star only at the end', () => {
  const taken = new RegExp(String((messagingGrant as any).properties.to.items.pattern))
  for (const one of ['reporter', 'a:1', 'team:worker-*', '*', '@desk', '@*'])
    expect(taken.test(one)).toBe(true)
  for (const one of ['Reporter', '*a', 'a*b', 'a b', '**', 'a@b', '@@a']) expect(taken.test(one)).toBe(false)
})
