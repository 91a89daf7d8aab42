import { altered, logLaws, violated } from '@theater/handler-conformance'
import type { Alteration, LogSubject } from '@theater/handler-conformance'
import { logConformance } from '@theater/handler-conformance/vitest'
import { describe, expect, test } from 'vitest'
import { log } from '../src/index.ts'

const right: LogSubject = { name: 'log', make: () => log(), grant: (level) => ({ level }) }

logConformance(right)
logConformance({ ...right, name: 'log, with small limits', make: () => log({ maxLength: 20, maxFields: 3 }) })

/** One broken handler for each law. */
const broken: Readonly<Record<string, Alteration>> = {
  'a line is written with its level, its message and its fields, in the order given': {
    calls: {
      'log#log': (self, [level, said, fields]) =>
        self(level, said, Object.entries(Object.fromEntries(fields as [string, string][]))),
    },
  },
  'a line below the level of the grant is not written, and one at it is': {
    handler: (good) => ({
      ...good,
      bind: (actor, grant) =>
        good.bind(
          actor,
          ((grant as { level: string }).level === 'debug' ? { level: 'trace' } : grant) as never,
        ),
    }),
  },
  'whatever becomes of a line, the actor is told nothing': {
    calls: {
      'log#log': (self, args) => {
        self(...args)
        return (args[1] as string).length > 1000 ? 'cut' : undefined
      },
    },
  },
}

describe('a broken handler of the log', () => {
  test.each(logLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const make = () => altered(log(), broken[name]!)
    expect(await violated(logLaws, { ...right, make })).toEqual([name])
  })
})
