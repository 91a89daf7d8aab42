import { test } from 'node:test'
import { laws, type Subject } from '@theater/handler-conformance'
import { memory, notes } from '../src/index.ts'

const NOTES = 'my:notes/notes@0.1'

const subject: Subject = {
  name: 'notes in memory',
  make: () => {
    const kept = new Map<string, string>()
    return { handler: notes({ backend: memory(kept) }), state: () => [...kept] }
  },
  bare: () => notes(),
  grants: [
    { prefix: '', rights: 'rw' },
    { prefix: 'work/', rights: 'rw' },
    { prefix: 'work/', rights: 'r' },
  ],
  least: { prefix: 'work/', rights: 'r' },
  refusable: [`${NOTES}#read`, `${NOTES}#write`],
  calls: [
    {
      fn: `${NOTES}#write`,
      args: () => ['work/b', 'second'],
      refusedUnder: { prefix: 'work/', rights: 'r' },
    },
    {
      fn: `${NOTES}#write`,
      args: () => ['work/a', 'first'],
      refusedUnder: { prefix: 'home/', rights: 'rw' },
    },
    { fn: `${NOTES}#read`, args: () => ['work/a'], refusedUnder: { prefix: 'home/', rights: 'rw' } },
    { fn: `${NOTES}#names`, args: () => [], listing: (answer) => answer as string[] },
  ],
}

for (const law of laws) test(`${subject.name}: ${law.name}`, () => law.run(subject))
