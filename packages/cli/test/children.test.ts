import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guest } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import { expect, it } from 'vitest'
import { folder, objects, theater } from './support/theater.ts'

const BOSS = `[actor.boss]
component = "boss.wasm"

[actor.boss.grants]
supervisor = { components = ["worker.wasm"] }
messaging = { to = [] }
`

const worker = guest('echo')
const digest = createHash('sha256').update(worker).digest()
const files = { 'boss.wasm': relayGuest('parent'), 'worker.wasm': worker, 'theater.toml': BOSS }

function spawn(cwd: string, limits: object = {}): ReturnType<typeof theater> {
  const args = [
    { base64: digest.toString('base64') },
    { format: 'text/plain', body: { utf8: '' } },
    '{}',
    { 'fuel-per-turn': null, 'memory-bytes': null, descendants: null, ...limits },
  ]
  return theater(
    ['call', 'boss', 'test:relay/children#spawn', ...args.map((arg) => JSON.stringify(arg)), '--json'],
    { cwd },
  )
}

it('a manifest names components by their files; ps says who made whom, and verify checks it', async () => {
  const cwd = folder(files)
  expect(await theater(['run', 'theater.toml'], { cwd })).toMatchObject({ code: 0 })
  const [{ ok: id }] = objects(await spawn(cwd))
  const [named] = objects(
    await theater(['call', 'boss', 'test:relay/children#components', '--json'], { cwd }),
  )
  expect(named).toEqual({ ok: [['worker', { base64: digest.toString('base64') }]] })
  const rows = objects(await theater(['ps', '--json'], { cwd }))
  expect(rows.map(({ actor, parent, state }) => [actor, parent, state])).toEqual([
    ['boss', null, 'idle'],
    [id, 'boss', 'idle'],
  ])
  expect((await theater(['ps'], { cwd })).stdout).toMatch(/ACTOR +PARENT +STATE/)
  const proof = await theater(['verify', 'boss', id, '--json'], { cwd })
  expect([proof.code, objects(proof).map(({ verdict }) => verdict)]).toEqual([0, ['verified', 'verified']])
  const [genesis] = objects(await theater(['chain', 'boss', '--to', '0', '--json'], { cwd }))
  expect(genesis.detail.grants.supervisor).toEqual({
    components: [`worker=sha256:${digest.toString('hex')}`],
  })
})

it('a limit of the manifest is one of the actor', async () => {
  const cwd = folder({ ...files, 'theater.toml': `${BOSS}\n[actor.boss.limits]\ndescendants = 0\n` })
  await theater(['run', 'theater.toml'], { cwd })
  const ran = await spawn(cwd)
  expect(ran.code).toBe(4)
  expect(objects(ran)[0].err.limit).toContain('descendants')
})

it('a component that is not there is told at its place', async () => {
  const cwd = folder(files)
  rmSync(join(cwd, 'worker.wasm'))
  const ran = await theater(['run', 'theater.toml', '--json'], { cwd })
  expect(ran.code).toBe(3)
  const { error } = JSON.parse(ran.stderr.trimEnd().split('\n').at(-1) ?? '')
  expect(error).toMatchObject({ code: 'no-component', line: 5 })
})

it('a component that was built anew is a warning, and the actor goes on with what it was granted', async () => {
  const cwd = folder(files)
  await theater(['run', 'theater.toml'], { cwd })
  writeFileSync(join(cwd, 'worker.wasm'), guest('hello'))
  const ran = await theater(['run', 'theater.toml'], { cwd })
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain('goes on with the components that it was granted')
  expect(objects(await spawn(cwd))).toMatchObject([{ ok: expect.stringContaining('boss.child-') }])
})
