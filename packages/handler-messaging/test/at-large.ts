import type { AtLarge } from '@theater/handler-conformance'
import fc from 'fast-check'

const id = fc.stringMatching(/^@?[ab.]{1,4}$/)
const pattern = fc.stringMatching(/^@?[ab.]{0,3}\*?$/).filter((text) => text !== '')
const patterns = fc.uniqueArray(pattern, { maxLength: 4 })
const topics = fc.uniqueArray(
  pattern.filter((text) => !text.startsWith('@')),
  { maxLength: 4 },
)

/** Grants and asks of few letters. */
export const atLarge: AtLarge = {
  grant: fc.record({ to: patterns, publish: topics, subscribe: topics }, { requiredKeys: [] }),
  ask: fc.oneof(
    fc.record({ send: id }),
    fc.record({ request: id, started: fc.boolean() }),
    fc.record({ publish: id }),
    fc.record({ subscribe: id }),
  ),
}
