import type { AtLarge } from '@theater/handler-conformance'
import fc from 'fast-check'
import type { StoreGrant } from '../src/index.ts'

const name = fc.stringMatching(/^[ab/]{0,3}$/)

/** Grants and asks of few letters; what a grant gives beside are a shared namespace, and room. */
export const atLarge: AtLarge = {
  grant: fc.record(
    {
      namespace: fc.constantFrom('n', 'm'),
      rights: fc.uniqueArray(fc.constantFrom('read', 'write', 'label')),
      maxBytes: fc.nat(3),
      labels: name,
    },
    { requiredKeys: ['rights'] },
  ),
  ask: fc.oneof(
    fc.record({ blobs: fc.constantFrom('read', 'write') }),
    fc.record({ label: name, right: fc.constantFrom('read', 'label') }),
    fc.record({ labels: name }),
    fc.record({ bucket: name }),
    fc.record({
      keys: fc.array(name, { maxLength: 2 }),
      rights: fc.uniqueArray(fc.constantFrom('read', 'write', 'label')),
    }),
  ),
  reach(grant) {
    const { namespace, maxBytes = 4 } = grant as StoreGrant
    const room = Array.from({ length: maxBytes }, (_, n) => `byte ${n + 1}`)
    return namespace === undefined ? room : [...room, `namespace ${namespace}`]
  },
}
