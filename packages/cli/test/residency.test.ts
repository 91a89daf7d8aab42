import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { cGuest, guest } from '@theater/guests'
import { describe, expect, it } from 'vitest'
import { Going } from './support/going.ts'
import { folder, objects, start, theater } from './support/theater.ts'

const actors = `
[actor.web]
component = "web.wasm"

[[actor.web.grants.http.serve]]
path = "/"

[actor.echo]
component = "echo.wasm"

[actor.echo.grants.log]
`

const made = (host: string): string =>
  folder({
    'theater.toml': `[http]\nlisten = "127.0.0.1:0"\n${host}${actors}`,
    'web.wasm': cGuest('web'),
    'echo.wasm': guest('echo'),
  })

/** Where each actor is. */
async function places(cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const rows = objects(await theater(['ps', '--json'], { cwd })) as { actor: string; memory: unknown }[]
  return Object.fromEntries(rows.map(({ actor, memory }) => [actor, memory]))
}

describe('where actors are', () => {
  it.for([
    ['of a manifest', '[host]\nresident = 0\nsnapshots = false\n', []],
    ['of the command line', '', ['--resident', '0', '--idle', '600']],
    ['in a thread', '[host]\nidleMs = 1\nanswerMs = 60000\nsnapshots = { everyEvents = 10 }\n', []],
  ] as const)('is said of whoever runs them: %s', async ([, host, flags]) => {
    const cwd = made(host)
    const going = new Going(start(['run', 'theater.toml', ...flags], { cwd }))
    const url = await going.url
    // A handler that listens for an actor keeps it.
    await expect.poll(() => places(cwd), { timeout: 60_000 }).toEqual({ web: 'in-memory', echo: 'evicted' })
    expect((await theater(['ps'], { cwd })).stdout).toMatch(/^ACTOR +STATE +MEMORY[^]*echo +idle +evicted/)
    expect(await going.end('SIGTERM')).toBe(0)
    expect(await places(cwd)).toEqual({ web: 'not-opened', echo: 'not-opened' })
    const again = new Going(start(['run', 'theater.toml', ...flags], { cwd }))
    expect(await again.url).not.toBe(url)
    expect(await places(cwd)).toEqual({ web: 'not-opened', echo: 'not-opened' })
    expect(await again.end('SIGTERM')).toBe(0)
  })

  it('is not known where nobody says, and keeps nobody from running them', async () => {
    const cwd = made('')
    const deep = join(cwd, 'd'.repeat(60), 'd'.repeat(60))
    mkdirSync(deep, { recursive: true })
    for (const file of ['theater.toml', 'web.wasm', 'echo.wasm'])
      renameSync(join(cwd, file), join(deep, file))
    const manifest = join(deep, 'theater.toml')
    const going = new Going(start(['run', manifest, '--data', join(deep, 'data')], { cwd }))
    await going.url
    const ran = await theater(['ps', '--json', '--data', join(deep, 'data')], { cwd })
    expect(objects(ran)).toMatchObject([{ memory: null }, { memory: null }])
    expect(await going.end('SIGTERM')).toBe(0)
  })

  it('is for actors that there are many of', async () => {
    const cwd = made('')
    for (const flags of [
      ['--resident', '1'],
      ['--idle', '1'],
    ]) {
      const ran = await theater(['run', 'echo.wasm', ...flags], { cwd })
      expect(ran).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--resident and --idle') as string,
      })
    }
    for (const flags of [
      ['--resident', '-1'],
      ['--resident', '1.5'],
      ['--idle', '0'],
      ['--idle', '3000000'],
    ])
      expect((await theater(['serve', 'web.wasm', ...flags], { cwd })).code).toBe(2)
    for (const host of [
      'resident = -1',
      'idleMs = 0.5',
      'snapshots = true',
      'snapshots = { everyEvents = 0 }',
    ])
      expect((await theater(['run', 'theater.toml'], { cwd: made(`[host]\n${host}\n`) })).code).toBe(3)
  })
})
