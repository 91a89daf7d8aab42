import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { laws, logLaws } from '../src/index.ts'

const run = promisify(execFile)

test('with node:test each law is a test, and one that does not hold fails', async () => {
  const file = new URL('node-test-subjects.ts', import.meta.url).pathname
  const args = ['--conditions=theater-source', '--test', '--test-reporter=tap', file]
  // What another runner has set is not for this one.
  const env = { PATH: process.env['PATH'] ?? '' }
  const ended = await run(process.execPath, args, { env, maxBuffer: 1 << 26 }).catch(
    (error: unknown) => error,
  )
  const { stdout, code } = ended as { readonly stdout: string; readonly code: number }
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1])
  expect(stdout).toMatch(/^# Subtest: laws of any handler: box$/m)
  expect(stdout).toMatch(/^# Subtest: laws of theater:actor\/log: deaf$/m)
  expect(stdout).toMatch(/^ +not ok \d+ - a line is written with its level/m)
  expect([count('tests'), count('fail'), code]).toEqual([laws.length + logLaws.length, 2, 1])
})
