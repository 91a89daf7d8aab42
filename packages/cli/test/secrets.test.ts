import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { relayGuest } from '@theater/guests/relay'
import { describe, expect, it } from 'vitest'
import { secretsOf } from '../src/secrets.ts'
import { folder, theater } from './support/theater.ts'

const MANIFEST = `[secrets]
KEY = { env = "EXAMPLE_KEY" }

[actor.client]
component = "client.wasm"

[[actor.client.grants.http.out]]
origin = "https://api.example.com"
methods = ["GET"]
paths = ["/v1"]
headers = { authorization = { secret = "KEY", prefix = "Bearer " } }
`

const site = (): string => folder({ 'theater.toml': MANIFEST, 'client.wasm': relayGuest('http') })

describe('secrets', () => {
  it('are variables of the environment, under their own name or one that the manifest gives', () => {
    const environment = { THEATER_SECRET_A: 'a', THEATER_SECRET_: 'none', B: 'b', C: '', OTHER: 'o' }
    const secrets = secretsOf(environment, { B: { env: 'B' }, C: { env: 'C' }, D: { env: 'D' } })
    expect(Object.entries(secrets).map(([name, value]) => [name, value()])).toEqual([
      ['A', 'a'],
      ['B', 'b'],
    ])
    expect(secretsOf({ THEATER_SECRET_A: 'a', X: 'x' }, { A: { env: 'X' } })['A']?.()).toBe('x')
  })

  it('that are not there stop the actor that needs one, at its grant, with what to do', async () => {
    const ran = await theater(['run', 'theater.toml'], { cwd: site(), env: { EXAMPLE_KEY: '' } })
    expect(ran.code).not.toBe(0)
    expect(ran.stderr).toContain('the grant of http names the secret KEY, which this host does not have.')
    expect(ran.stderr).toContain(
      'Set THEATER_SECRET_NAME in the environment, or name a variable under [secrets]',
    )
  })

  it('that a later command lacks are what it asks for: nothing is wrong with the record', async () => {
    const cwd = site()
    expect((await theater(['run', 'theater.toml'], { cwd, env: { EXAMPLE_KEY: 'a key' } })).code).toBe(0)
    const lacking = await theater(['call', 'client', 'test:relay/control#trap'], {
      cwd,
      env: { THEATER_SECRET_KEY: '' },
    })
    expect(lacking.code).toBe(3)
    expect(lacking.stderr).toContain('client cannot be brought back: the grant of http names the secret KEY')
    expect(lacking.stderr).toContain('Set THEATER_SECRET_NAME in the environment')
    expect(lacking.stderr).not.toContain('--fresh')
    const there = await theater(['call', 'client', 'test:relay/control#trap'], {
      cwd,
      env: { THEATER_SECRET_KEY: 'a key' },
    })
    expect(there.stderr).not.toContain('cannot be brought back')
  })

  it('that are there are in no file and in nothing that is said', async () => {
    const cwd = site()
    const env = { EXAMPLE_KEY: 'sk-not-to-be-seen' }
    const ran = await theater(['run', 'theater.toml'], { cwd, env })
    expect(ran.code).toBe(0)
    const chain = await theater(['chain', 'client', '--json'], { cwd, env })
    expect(chain.stdout).toContain('KEY')
    expect(ran.stdout + ran.stderr + chain.stdout + chain.stderr).not.toContain('sk-not-to-be-seen')
    for (const entry of readdirSync(cwd, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      expect(readFileSync(join(entry.parentPath, entry.name)).includes('sk-not-to-be-seen')).toBe(false)
    }
  })
})
