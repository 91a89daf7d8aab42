/** What keeps `theater archive` from writing is said in a sentence, with what to do; nothing is lost, and the same command line is right later. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChainError, readHere } from '@theater/event-chain'
import type { StoredEvent } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { log } from '@theater/handler-log'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../src/errors.ts'
import { cannotWrite } from '../src/files.ts'
import { asOther, other, withoutRoom } from './support/other-user.ts'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

const noStack = /^ +at /m

/** A folder with a record of some hundred kilobytes. */
const long = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await using store = sqliteStore(join(cwd, '.theater/theater.db'))
  await using host = await Theater.open({ store, handlers: [log()], snapshots: { everyEvents: 20 } })
  for (let i = 0; i < 300; i++) await host.call('echo', 'divide', [i, 7])
  return cwd
})

/** What a folder has of the record. */
async function eventsOf(cwd: string): Promise<readonly StoredEvent[]> {
  await using store = sqliteStore(join(cwd, '.theater/theater.db'))
  const info = await store.find('echo')
  if (info === undefined) throw new Error('there is a record')
  return await Array.fromAsync(readHere(store, info))
}

const cars = (cwd: string): string[] => readdirSync(cwd).filter((name) => name.startsWith('a.car'))

describe('theater archive, where there is no room', () => {
  it('for the file: takes nothing out, leaves nothing, and does it when there is', async ({ skip }) => {
    if (process.platform !== 'linux') return skip('no limit on the size of files here')
    const cwd = await long()
    const before = await eventsOf(cwd)
    const ran = withoutRoom(120, ['archive', 'echo', '-o', 'a.car'], cwd)
    expect([ran.status, noStack.test(ran.stderr)]).toEqual([1, false])
    expect(ran.stderr).toMatch(
      /a\.car cannot be written: .*\. Name a file on another disk\. Nothing was taken out/,
    )
    expect(cars(cwd)).toEqual([])
    expect(await eventsOf(cwd)).toEqual(before)
    expect((await theater(['archive', 'echo', '-o', 'a.car'], { cwd })).code).toBe(0)
    expect((await theater(['verify', 'echo', 'a.car'], { cwd })).code).toBe(0)
  })

  it('for what is put back: puts nothing back, and does it when there is', async ({ skip }) => {
    if (process.platform !== 'linux') return skip('no limit on the size of files here')
    const cwd = await long()
    const before = await eventsOf(cwd)
    expect((await theater(['archive', 'echo', '-o', 'a.car'], { cwd })).code).toBe(0)
    const archived = await eventsOf(cwd)
    const ran = withoutRoom(120, ['archive', 'echo', '--restore', 'a.car', '--json'], cwd)
    expect([ran.status, ran.stdout]).toEqual([1, ''])
    expect(JSON.parse(ran.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { code: 'io', exit: 1, message: expect.stringContaining('Is there room') },
    })
    expect(noStack.test(ran.stderr)).toBe(false)
    expect(await failureOf(new ChainError('full', 'no room'))).toEqual({
      exit: 1,
      code: 'full',
      message: expect.stringContaining('Make room on the disk'),
    })
    expect(await eventsOf(cwd)).toEqual(archived)
    expect((await theater(['archive', 'echo', '--restore', 'a.car'], { cwd })).code).toBe(0)
    expect(await eventsOf(cwd)).toEqual(before)
  })

  it.each([
    [
      'ENOSPC',
      'a.car cannot be written: there is no room for it on its disk. Make some, or name a file on another disk. Kept.',
    ],
    [
      'EROFS',
      'a.car cannot be written: nobody may write there, or not this user. Name a file in another folder. Kept.',
    ],
    ['EIO', 'a.car cannot be written: what it was. Name another file. Kept.'],
  ])('what is said for %s', (code, message) => {
    const error = Object.assign(new Error('what it was'), { code, syscall: 'write' })
    expect(cannotWrite('a.car', error, 'Kept.')).toMatchObject({
      code: 'cannot-write',
      message,
      cause: error,
    })
    const bug = new Error('a bug')
    expect(cannotWrite('a.car', bug)).toBe(bug)
  })
})

describe('theater archive, where nobody may write', () => {
  it('the file: takes nothing out', async ({ skip }) => {
    const cwd = await long()
    mkdirSync(join(cwd, 'theirs'))
    chmodSync(join(cwd, 'theirs'), 0o555)
    const data = join(cwd, '.theater')
    if (process.getuid?.() === 0) {
      const all = readdirSync(data, { recursive: true, encoding: 'utf8' }).map((name) => join(data, name))
      for (const path of [cwd, data, ...all]) chownSync(path, other, other)
    }
    const before = await eventsOf(cwd)
    const ran = asOther(['archive', 'echo', '-o', 'theirs/a.car'], cwd)
    if (ran === undefined) return skip('another user cannot read the sources here')
    expect([ran.status, noStack.test(ran.stderr)]).toEqual([1, false])
    expect(ran.stderr).toMatch(
      /theirs\/a\.car cannot be written: .*Name a file in another folder\. Nothing was taken out/,
    )
    expect(await eventsOf(cwd)).toEqual(before)
  })

  it('the data folder: says so, of both directions', async ({ skip }) => {
    const cwd = await long()
    expect((await theater(['archive', 'echo', '-o', 'a.car', '--before', '200'], { cwd })).code).toBe(0)
    const data = join(cwd, '.theater')
    const before = readFileSync(join(data, 'theater.db'))
    for (const path of [cwd, data]) chmodSync(path, 0o555)
    for (const file of ['theater.db', 'lock']) chmodSync(join(data, file), 0o444)
    chmodSync(join(cwd, 'a.car'), 0o444)
    try {
      for (const args of [
        ['-o', '/tmp/never.car'],
        ['--restore', 'a.car'],
      ]) {
        const ran = asOther(['archive', 'echo', ...args], cwd)
        if (ran === undefined) return skip('another user cannot read the sources here')
        expect(ran.stderr).toMatch(
          /\.theater cannot be written, so nothing can be taken out .*Do it as a user who may/,
        )
        expect([ran.status, noStack.test(ran.stderr)]).toEqual([1, false])
      }
      expect(Buffer.compare(readFileSync(join(data, 'theater.db')), before)).toBe(0)
    } finally {
      for (const path of [cwd, data]) chmodSync(path, 0o755)
    }
  })
})

describe('theater archive, of names that are no files', () => {
  it('says what they are', async () => {
    const cwd = await long()
    writeFileSync(join(cwd, 'x.car'), 'x')
    mkdirSync(join(cwd, 'y.car'))
    execFileSync('mkfifo', [join(cwd, 'pipe.car')])
    const cases: readonly (readonly [string, ...string[]])[] = [
      ['x.car is there already', '-o', 'x.car'],
      ['a folder: name a file', '-o', 'y.car'],
      ['a folder: name a file', '-o', ''],
      ['pipe.car is there already, and no file', '-o', 'pipe.car'],
      ['there is no folder x.car', '-o', 'x.car/a.car'],
      ['y.car is not a file', '--restore', 'y.car'],
      ['pipe.car is not a file', '--restore', 'pipe.car'],
      ['there is no file none.car', '--restore', 'none.car'],
    ]
    for (const [message, ...args] of cases) {
      const ran = await theater(['archive', 'echo', ...args], { cwd })
      expect([args, ran.code, ran.stderr]).toEqual([args, 2, expect.stringContaining(message)])
    }
  })

  it('names the file that has no parts, of several', async () => {
    const cwd = await long()
    await theater(['archive', 'echo', '-o', 'a.car'], { cwd })
    const bytes = readFileSync(join(cwd, 'a.car'))
    writeFileSync(join(cwd, 'junk.car'), 'junk')
    writeFileSync(join(cwd, 'cut.car'), bytes.subarray(0, bytes.length / 2))
    for (const [file, message] of [
      ['junk.car', /^theater: junk\.car: .*Nothing of it was put back$/m],
      ['cut.car', /^theater: cut\.car: event (\d+): (?!event).*Nothing of it was put back$/m],
    ] as const) {
      const ran = await theater(['archive', 'echo', '--restore', file, 'a.car'], { cwd })
      expect([file, ran.code, ran.stderr]).toEqual([file, 6, expect.stringMatching(message)])
    }
    const back = await theater(['archive', 'echo', '--restore', 'a.car', '--json'], { cwd })
    expect([back.code, objects(back)]).toMatchObject([0, [{ file: 'a.car' }]])
  })
})
