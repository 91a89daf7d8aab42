import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Host } from '../src/host.ts'
import { ECHO, folder, theater } from './support/theater.ts'

beforeEach(() => void vi.stubEnv('THEATER_CACHE', ''))
afterEach(() => void vi.unstubAllEnvs())

async function builds(data: string): Promise<string> {
  await using host = await Host.open({ data, log: () => {}, deadLetter: () => {} })
  return (await host.builds()) ?? ''
}

it('what was built is there again, and nothing of a folder that somebody sent is taken for built of its sources', async () => {
  const cwd = folder({ 'theater.toml': ECHO })
  expect((await theater(['run', 'theater.toml', '--data', 'own'], { cwd })).code).toBe(0)
  const own = await builds(join(cwd, 'own'))
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, 'counter.wasm'), 'built')
  expect(await builds(join(cwd, 'own'))).toBe(own)
  expect(existsSync(join(own, 'counter.wasm'))).toBe(true)
  cpSync(join(cwd, 'own'), join(cwd, 'sent'), { recursive: true })
  const sent = await builds(join(cwd, 'sent'))
  expect(basename(sent)).not.toBe(basename(own))
  expect(readdirSync(dirname(sent))).toEqual([])
})
