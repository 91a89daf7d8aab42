import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { conformance } from '@theater/handler-conformance/vitest'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { process } from '../src/index.ts'
import type { ProgramGrant } from '../src/index.ts'
import { atLarge } from './at-large.ts'

const RUN = 'theater:process/programs@0.1#run'
const none = new Uint8Array()
// A program that leaves a trace where it ran, without a shell.
const touch = ['/bin/touch', '/usr/bin/touch'].find((path) => existsSync(path)) ?? '/usr/bin/touch'
const folder = mkdtempSync(join(tmpdir(), 'theater-process-test-'))

const word = fc.constantFrom('a', 'b', 'ab')
const one = fc.oneof(word, fc.record({ prefix: fc.constantFrom('', 'a') }))
const program: fc.Arbitrary<ProgramGrant> = fc.record({
  path: fc.constant(touch),
  args: fc.array(
    fc.record({ begin: fc.array(one, { maxLength: 2 }), more: one }, { requiredKeys: ['begin'] }),
    { maxLength: 2 },
  ),
  cwd: fc.constant(folder),
})

conformance({
  name: 'process',
  make: () => {
    const cwd = mkdtempSync(join(folder, 'world-'))
    return {
      handler: inFolder(cwd),
      state: () => readdirSync(cwd),
      end: () => rmSync(cwd, { recursive: true, force: true }),
    }
  },
  bare: process,
  atLarge,
  deeds: {
    // Each run makes a program.
    runs: 40,
    grant: fc.record({ programs: fc.dictionary(fc.constantFrom('touch', 'other'), program, { maxKeys: 2 }) }),
    deed: fc
      .tuple(fc.constantFrom('touch', 'other', 'constructor'), fc.array(word, { minLength: 1, maxLength: 2 }))
      .map(([name, args]) => ({ fn: RUN, args: () => [name, args, none] })),
  },
  grants: [
    { programs: { touch: { path: touch, args: [{ more: { prefix: '' } }], cwd: folder } } },
    {
      programs: { touch: { path: touch, args: [{ begin: ['a'] }], cwd: folder } },
      timeoutMs: 5000,
      maxOutputBytes: 100,
    },
    { programs: {} },
  ],
  least: { programs: {}, timeoutMs: 1, maxOutputBytes: 0 },
  refusable: [RUN],
  guest: { component: relayGuest('process'), exportOf: relayed, trap: TRAP },
  calls: [
    { fn: RUN, args: () => ['touch', ['a'], none], refusedUnder: { programs: {} } },
    {
      fn: RUN,
      args: () => ['touch', ['b', 'c'], none],
      refusedUnder: {
        programs: { touch: { path: touch, args: [{ begin: ['a'] }, { begin: ['b'] }], cwd: folder } },
      },
    },
  ],
})

/** The handler, whose programs run in the world's own folder in place of the one that is granted. */
function inFolder(cwd: string): ReturnType<typeof process> {
  const handler = process()
  return {
    ...handler,
    bind(actor, grant) {
      const programs = Object.entries(grant.programs).map(([name, one]) => [name, { ...one, cwd }])
      return handler.bind(actor, { ...grant, programs: Object.fromEntries(programs) })
    },
  }
}
