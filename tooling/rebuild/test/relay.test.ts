import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { relayGuest, relayGuests as relayNames } from '@theater/guests/relay'
import { modelOf } from '../src/model.ts'
import { relayGuests } from '../src/relay-guests.ts'

const main = join(import.meta.dirname, '../src/main.ts')

function rebuild(args: readonly string[], env = process.env): ReturnType<typeof spawnSync> {
  return spawnSync(process.execPath, ['--conditions=theater-source', main, ...args], {
    encoding: 'utf8',
    env,
  })
}

test('relays are what the generator makes of wit/', async () => {
  expect(await relayGuests(false)).toEqual(relayNames().map((name) => ({ name, state: 'same' })))
})

test('a relay exports each function of its imports, with numbers for handles', async () => {
  const { imports, exports } = await modelOf(relayGuest('messaging'))
  expect(imports.map(({ name }) => name)).toContain('theater:messaging/client@0.1.0')
  const client = exports.find(({ name }) => name === 'test:relay/client')
  const functions = new Map(client?.functions.map((fn) => [fn.name, fn]))
  expect([...functions.keys()].toSorted()).toEqual(['drop-pending', 'pending-finish', 'request', 'send'])
  expect(functions.get('request')?.result).toEqual({ kind: 'u32' })
  expect(functions.get('pending-finish')?.params).toEqual([{ name: 'p', type: { kind: 'u32' } }])
})

test('a kind that there is not is refused, with those that there are', () => {
  const { status, stderr } = rebuild(['rust'])
  expect(status).toBe(2)
  expect(stderr).toContain('wat, relay, c, kit')
})

test('without a compiler and without apt it says what to install', () => {
  const folder = mkdtempSync(join(tmpdir(), 'theater-no-compiler-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { status, stdout, stderr } = rebuild(['c'], { ...process.env, PATH: folder })
  expect(stderr).toContain('there is no compiler for WASI here, and no apt')
  expect(stderr).toContain('apt-get install clang lld wasi-libc')
  expect(stdout).toContain('0 the same, 0 different, 0 written')
  expect(status).toBe(3)
})
