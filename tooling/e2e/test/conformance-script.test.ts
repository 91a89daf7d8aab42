import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { runtimeLaws, laws, messagingLaws } from '@theater/handler-conformance'
import { expect, test } from 'vitest'

const script = join(import.meta.dirname, '../../scripts/conformance.mjs')

async function conformance(...args: string[]) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

const lines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('says of each law of a handler whether it held', async () => {
  const { code, stdout } = await conformance('--handler', 'timer', '--json')
  const found = lines(stdout)
  expect(found.slice(0, -1)).toEqual(
    [...laws, ...runtimeLaws].map(({ name }) => ({
      handler: 'timer',
      law: name,
      backend: 'timer',
      held: true,
    })),
  )
  expect(found.at(-1)).toEqual({ summary: { ok: true, held: found.length - 1, failed: 0 } })
  expect(code).toBe(0)
})

test('has a broken handler for each law', async () => {
  const { code, stdout } = await conformance('--handler', 'messaging', '--broken', '--json')
  const found = lines(stdout)
  const broken = found.slice(0, -1)
  expect(broken).toHaveLength(messagingLaws.length)
  expect(broken.every(({ held }) => held === true)).toBe(true)
  expect(new Set(broken.map(({ law }) => law))).toEqual(new Set(messagingLaws.map(({ name }) => name)))
  expect(code).toBe(0)
})

test('says what it takes', async () => {
  expect(await conformance('--help')).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('--broken'),
  })
  for (const args of [
    ['--handler', 'kafka'],
    ['--seconds', 'x'],
    ['--nonsense'],
    // It has no laws of an interface, so there is nothing to break.
    ['--handler', 'timer', '--broken'],
  ])
    expect(await conformance(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage:'),
    })
})
