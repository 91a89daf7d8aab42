import { readFileSync } from 'node:fs'
import { relayGuest } from '@theater/guests/relay'
import { expect, it } from 'vitest'
import { folder, objects, theater } from './support/theater.ts'

const MANIFEST = `[actor.alarm]
component = "alarm.wasm"

[actor.alarm.grants.timer]
shortestMs = 1
`

const TIMERS = 'test:relay/timers'
const message = JSON.stringify({ format: 'text/plain', body: { utf8: 'wake up' } })

it('timers stay when a run ends, ps lists them, and a run that waits has them fire', async () => {
  const cwd = folder({ 'alarm.wasm': relayGuest('timer'), 'theater.toml': MANIFEST })
  const run = (...args: string[]) => theater(args, { cwd })
  expect((await run('run', 'theater.toml')).stderr).not.toContain('timer')
  const call = (fn: string, ...args: readonly string[]) =>
    run('call', 'alarm', `${TIMERS}#${fn}`, ...args, '--json')
  const [{ ok: set }] = objects(await call('once', '{"after": 86400000}', message))
  expect(set).toMatchObject({ interval: null })
  const listed = objects(await run('ps', '--timers', '--json'))
  expect(listed).toEqual([{ actor: 'alarm', timer: set.id, due: set.due, interval: null }])
  const [, documented = ''] =
    /```json timers\n(.*)\n```/.exec(
      readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8'),
    ) ?? []
  expect(Object.keys(listed[0])).toEqual(Object.keys(JSON.parse(documented)))
  expect((await run('ps', '--timers')).stdout).toMatch(
    /ACTOR +TIMER +DUE +EVERY\nalarm +[0-9]+ +[0-9-]+ [0-9:.]+Z +–\n/,
  )
  const again = await run('run', 'theater.toml')
  expect([again.code, again.stderr]).toEqual([
    0,
    expect.stringMatching(/1 timer still to fire, the first of alarm at .*with --wait/),
  ])
  expect(objects(await call('cancel', String(set.id)))).toEqual([{ ok: null }])
  await call('once', '{"after": 1}', message)
  const waited = await run('run', 'theater.toml', '--wait')
  expect([waited.code, waited.stderr]).toEqual([0, expect.not.stringContaining('timer')])
  expect(objects(await run('ps', '--timers', '--json'))).toEqual([])
  const fired = objects(await run('chain', 'alarm', '--json')).filter(
    ({ kind, fn }) => kind === 'turn' && fn.endsWith('#fired'),
  )
  expect(fired).toHaveLength(1)
  expect((await run('verify', 'alarm')).code).toBe(0)
})
