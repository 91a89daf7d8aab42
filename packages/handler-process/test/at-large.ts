import type { AtLarge } from '@theater/handler-conformance'
import fc from 'fast-check'
import type { ProcessGrant } from '../src/index.ts'

const name = fc.constantFrom('a', 'b', 'constructor')
const text = fc.constantFrom('', 'x', 'xy', '-', '-x')
const argument = fc.oneof(text, fc.record({ prefix: text }))
const list = fc.array(argument, { maxLength: 2 })
const program = fc.record(
  {
    path: fc.constantFrom('/bin/a', '/bin/b'),
    args: fc.array(fc.record({ begin: list, more: argument }, { requiredKeys: [] }), { maxLength: 2 }),
    env: fc.constantFrom({}, { A: '1' }),
    cwd: fc.constantFrom('/', '/srv'),
  },
  { requiredKeys: ['path', 'args'] },
)

/** Grants and asks of few names; what a grant gives beside are time and room, and where and how a program runs. */
export const atLarge: AtLarge = {
  grant: fc.record(
    {
      programs: fc.dictionary(name, program, { maxKeys: 2 }),
      timeoutMs: fc.integer({ min: 1, max: 3 }),
      maxOutputBytes: fc.nat(2),
    },
    { requiredKeys: ['programs'] },
  ),
  ask: fc.record({ program: name, args: fc.array(text, { maxLength: 3 }) }),
  wholes: ['begin', 'env'],
  reach(grant) {
    const { programs, timeoutMs = 4, maxOutputBytes = 3 } = grant as ProcessGrant
    return [
      ...Array.from({ length: timeoutMs }, (_, n) => `ms ${n + 1}`),
      ...Array.from({ length: maxOutputBytes }, (_, n) => `byte ${n + 1}`),
      ...Object.entries(programs).map(
        ([key, { path, env = {}, cwd }]) => `${key} ${JSON.stringify([path, env, cwd])}`,
      ),
    ]
  },
}
