import assert from 'node:assert/strict'
import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import { withPart } from './part.ts'
import type { InterfaceLaw } from './part.ts'

const LOG = 'theater:actor/log@0.1'
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** A handler of `theater:actor/log` in one configuration. */
export interface LogSubject {
  /** For titles. */
  readonly name: string
  readonly make: () => AnyHandler
  /** The grant that lets lines from a level on be written. */
  readonly grant: (level: (typeof LEVELS)[number]) => Json
}

/** What `theater:actor/log` says must be so. */
export const logLaws: readonly InterfaceLaw<LogSubject>[] = [
  {
    name: 'a line is written with its level, its message and its fields, in the order given',
    async run({ make, grant }) {
      await withPart(make(), grant('trace'), ({ actor, fn }) => {
        const fields = [
          ['b', '1'],
          ['a', ''],
          ['b', '2'],
        ] as const
        for (const level of LEVELS) fn(LOG, 'log')(level, `a ${level} line`, fields)
        assert.deepEqual(
          actor.lines,
          LEVELS.map((level) => ({ level, message: `a ${level} line`, fields })),
        )
      })
    },
  },
  {
    name: 'a line below the level of the grant is not written, and one at it is',
    async run({ make, grant }) {
      for (const [at, level] of LEVELS.entries())
        await withPart(make(), grant(level), ({ actor, fn }) => {
          for (const one of LEVELS) fn(LOG, 'log')(one, 'said', [])
          assert.deepEqual(
            actor.lines.map((line) => line.level),
            LEVELS.slice(at),
          )
        })
    },
  },
  {
    name: 'whatever becomes of a line, the actor is told nothing',
    async run({ make, grant }) {
      await withPart(make(), grant('warn'), ({ fn }) => {
        for (const level of LEVELS)
          for (const message of ['', 'x'.repeat(1_000_000), '\u0000\u001b[2J\u202e\ud800'])
            assert.equal(
              fn(LOG, 'log')(
                level,
                message,
                Array.from({ length: 500 }, () => ['k', message.slice(0, 9)]),
              ),
              undefined,
            )
      })
    },
  },
]
