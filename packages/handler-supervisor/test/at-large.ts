import type { AtLarge } from '@theater/handler-conformance'
import fc from 'fast-check'

const digest = fc.constantFrom('a', 'b', 'c').map((letter) => `sha256:${letter.repeat(64)}`)
const entry = fc.tuple(fc.constantFrom('', 'worker=', 'x.y='), digest).map((parts) => parts.join(''))

/** Grants of three components, with names and without. */
export const atLarge: AtLarge = {
  grant: fc.record({ components: fc.uniqueArray(entry, { maxLength: 4 }) }),
  ask: fc.oneof(
    fc.record({ spawn: fc.oneof(digest, entry, fc.constantFrom('', 'worker', 'sha256:')) }),
    fc.record({ stop: fc.constantFrom('a', 'a.child-1') }),
  ),
}
