// Run by node:test: a subject that keeps the laws, and one that does not.
import { defineHandler } from '@theater/handler'
import { conformance, logConformance } from '../src/node-test.ts'
import { boxSubject } from './box.ts'

const { guest: _, ...box } = boxSubject()
conformance(box)

const LOG = 'theater:actor/log@0.1'
logConformance({
  name: 'deaf',
  make: () =>
    defineHandler({
      name: 'log',
      interfaces: [LOG],
      grant: { type: 'object' },
      functions: { [`${LOG}#log`]: { mode: 'sync', effect: 'none' } },
      within: () => true,
      authorize: () => true,
      bind: () => ({ imports: { [LOG]: { log: () => {} } } }),
    }),
  grant: () => ({}),
})
