import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { relayed, relayGuest } from '@theater/guests/relay'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { copies, folder, objects, theater } from './support/theater.ts'

const grants = { messaging: { to: ['*'] } }

/** A folder with three dead letters: one that its receiver's successor takes, and two that `c` traps over and refuses. */
const withLetters = copies(async () => {
  const cwd = folder({}, 'file')
  mkdirSync(join(cwd, '.theater'), { mode: 0o700 })
  await using store = sqliteStore(join(cwd, '.theater', 'theater.db'))
  await using host = await Theater.open({
    store,
    handlers: [messaging(), log()],
    deadLetter: () => undefined,
  })
  await host.spawn({ id: 'a', component: relayGuest('messaging'), grants })
  for (const id of ['b', 'c']) await host.spawn({ id, component: guest('echo') })
  for (const [to, type] of [
    ['b', 'trap'],
    ['c', 'trap'],
    ['c', 'fail'],
    ['c', 'other'],
  ]) {
    const body = new TextEncoder().encode(`{"type":"${type}"}`)
    await host.call('a', relayed('theater:messaging/client@0.1#send'), [to, { format: 'text/plain', body }])
  }
  await host.idle()
  await host.stop('b')
  await host.release('b')
  await host.spawn({ id: 'b', component: relayGuest('messaging'), grants })
  return cwd
})

async function listed(cwd: string): Promise<unknown[]> {
  const ran = await theater(['dead', 'ls', '--json'], { cwd })
  expect(ran.code).toBe(0)
  return objects(ran)
}

it('dead letters are listed, tried again, and dropped', async () => {
  const cwd = await withLetters()
  const fn = 'theater:messaging/receiver@0.1#handle-send'
  const all = [
    { id: 'a@4@b', from: 'a', to: 'b', seq: 4, fn, reason: 'trapped', turn: 4, archived: null },
    { id: 'a@8@c', from: 'a', to: 'c', seq: 8, fn, reason: 'trapped', turn: 4, archived: null },
    { id: 'a@12@c', from: 'a', to: 'c', seq: 12, fn, reason: 'failed', turn: 6, archived: null },
  ]
  expect(await listed(cwd)).toEqual(all)
  expect((await theater(['dead', 'ls'], { cwd })).stdout).toMatch(/ID +FROM +TO +WHY\na@4@b +a +b +trapped\n/)

  const tried = await theater(['dead', 'retry', 'a@4@b', 'a@8@c', 'a@12@c', '--json'], { cwd })
  expect(tried.code).toBe(4)
  expect(objects(tried)).toEqual([
    { id: 'a@4@b', taken: true, error: null },
    { id: 'a@8@c', taken: false, error: { code: 'trapped', message: expect.any(String) } },
    { id: 'a@12@c', taken: false, error: { code: 'refused', message: expect.any(String) } },
  ])
  const rest = (await listed(cwd)) as { id: string }[]
  expect(rest.map(({ id }) => id)).toEqual(['a@8@c', 'a@12@c'])

  const dropped = await theater(['dead', 'drop', 'a@8@c', 'a@12@c', '--json'], { cwd })
  expect([dropped.code, objects(dropped)]).toEqual([
    0,
    [
      { id: 'a@8@c', dropped: true },
      { id: 'a@12@c', dropped: true },
    ],
  ])
  expect(await listed(cwd)).toEqual([])
  expect(await theater(['dead', 'ls'], { cwd })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'no dead letters\n',
  })
  const proof = await theater(['verify', 'a', 'b', 'b~1', 'c', '--json'], { cwd })
  expect([proof.code, objects(proof).map(({ verdict }) => verdict)]).toEqual([
    0,
    ['verified', 'verified', 'verified', 'verified'],
  ])
})

it('a letter that is none, and a command that makes no sense, are usage errors, and nothing is done', async () => {
  const cwd = await withLetters()
  for (const [args, why] of [
    [['dead', 'retry', 'a@4@b', 'a@5@b'], 'there is no dead letter "a@5@b"'],
    [['dead', 'drop', 'a@16@c'], 'there is no dead letter "a@16@c"'],
    [['dead', 'ls', 'a@4@b'], 'there is no file a@4@b'],
    [['dead', 'retry'], 'needs ids'],
    [['dead', 'bury', 'a@4@b'], 'Allowed choices are ls, retry, drop'],
  ] as const) {
    const { code, stdout, stderr } = await theater(args, { cwd })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(why)
  }
  expect(await listed(cwd)).toHaveLength(3)
})

it('dead letters of archived parts are read from their files; where one is not there that is said', async () => {
  const cwd = await withLetters()
  const all = (await listed(cwd)) as { id: string }[]
  {
    await using store = sqliteStore(join(cwd, '.theater', 'theater.db'))
    await using host = await Theater.open({ store, handlers: [messaging(), log()] })
    for (const id of ['a', 'c']) await host.stop(id)
  }
  for (const id of ['a', 'c'])
    expect((await theater(['archive', id, '-o', `${id}.car`], { cwd })).code).toBe(0)
  const parted = all.map((letter) => ({ ...letter, archived: 'a' }))
  expect(await listed(cwd)).toEqual(parted)
  renameSync(join(cwd, 'a.car'), join(cwd, 'elsewhere.car'))
  const without = await theater(['dead', 'ls'], { cwd })
  expect([without.code, without.stdout]).toEqual([0, ''])
  expect(without.stderr).toMatch(/event 2 of a is in an archive.*a\.car.*dead ls FILE\.car.*no other dead/s)
  const given = await theater(['dead', 'ls', 'elsewhere.car', '--json'], { cwd })
  expect([objects(given), given.stderr]).toEqual([parted, ''])
  for (const action of ['retry', 'drop']) {
    const ran = await theater(['dead', action, 'a@4@b'], { cwd })
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('What is archived was not read')])
  }
  renameSync(join(cwd, 'elsewhere.car'), join(cwd, 'a.car'))
  const early = await theater(['dead', 'retry', 'a@4@b'], { cwd })
  expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('theater archive a --restore')])
  // That nobody wants it needs nothing of the record.
  expect((await theater(['dead', 'drop', 'a@8@c'], { cwd })).code).toBe(0)
  expect((await theater(['archive', 'a', '--restore', 'a.car'], { cwd })).code).toBe(0)
  expect((await theater(['dead', 'retry', 'a@4@b'], { cwd })).code).toBe(0)
  // What its receiver did is in the part of that one.
  expect(await listed(cwd)).toEqual([{ ...all[2], archived: 'c' }])
})
