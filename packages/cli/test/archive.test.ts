import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChainError } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { log } from '@theater/handler-log'
import { planArchive, Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { archiveTo } from '../src/archive-file.ts'
import { dataPaths } from '../src/data-folder.ts'
import { openHostLog } from '../src/host-key.ts'
import { takeLock } from '../src/lock.ts'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'
import type { Ran } from './support/theater.ts'

/** Has an actor of a folder do much, without a process for each call. */
async function busy(cwd: string, calls: number): Promise<void> {
  await using store = sqliteStore(join(cwd, '.theater/theater.db'))
  await using host = await Theater.open({ store, handlers: [log()], snapshots: { everyEvents: 20 } })
  for (let i = 0; i < calls; i++) await host.call('echo', 'divide', [i, 7])
}

/** A folder with a record of some length, and the key of its host. */
const long = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await busy(cwd, 200)
  writeFileSync(join(cwd, 'host.pub'), (await theater(['key'], { cwd })).stdout)
  return cwd
})

const json = async (cwd: string, ...args: string[]): Promise<{ ran: Ran; all: any[] }> => {
  const ran = await theater([...args, '--json'], { cwd })
  return { ran, all: objects(ran) }
}

const bytesOf = (cwd: string): number => statSync(join(cwd, '.theater/theater.db')).size

describe('theater archive', () => {
  it('takes the older part out of a folder, and the actor goes on', async () => {
    const cwd = await long()
    await theater(['export', 'echo', '-o', 'before.car'], { cwd })
    const before = bytesOf(cwd)
    const first = await json(cwd, 'archive', 'echo', '-o', '1.car', '--before', '200')
    expect([first.ran.code, first.ran.stderr]).toEqual([
      0,
      expect.stringContaining('keep it. `theater verify echo 1.car` verifies both'),
    ])
    const [one] = first.all
    expect(one).toMatchObject({
      actor: 'echo',
      file: '1.car',
      events: one.to - one.from,
      size: expect.any(Number),
    })
    expect([one.to <= 200, one.to > 190, bytesOf(cwd) < before]).toEqual([true, true, true])

    expect((await json(cwd, 'call', 'echo', 'divide', '7', '2')).ran.code).toBe(0)
    await busy(cwd, 100)
    const second = await json(cwd, 'archive', 'echo', '-o', '2.car', '--keep', '60')
    const [two] = second.all
    expect([second.ran.code, two.from]).toEqual([0, one.to])
    // By itself with what is left it is not all.
    expect(second.ran.stderr).toContain(
      '`theater verify echo 2.car FILE…`, with the files of the parts before',
    )
    expect(two.size - two.to).toBeGreaterThanOrEqual(60)
    expect((await json(cwd, 'call', 'echo', 'divide', '9', '3')).ran.code).toBe(0)

    const parts = [one, two].map(({ from, to }, i) => ({
      from,
      to,
      file: expect.stringMatching(`${i + 1}\\.car$`),
    }))
    expect((await json(cwd, 'inspect', 'echo')).all).toMatchObject([{ archived: parts }])
    expect((await theater(['inspect', 'echo'], { cwd })).stdout).toMatch(/archived +2 to \d+, in .*1\.car\n/)

    // What is left is intact and signed, and says what it cannot say.
    expect((await theater(['export', 'echo', '-o', 'tail.car'], { cwd })).code).toBe(0)
    for (const name of ['echo', 'tail.car']) {
      const { ran, all } = await json(cwd, 'verify', name, '--key', 'host.pub')
      expect([name, ran.code]).toEqual([name, 7])
      const levels = { structure: 'pass', signature: 'pass', execution: 'none' }
      expect(all).toMatchObject([{ verdict: 'inconclusive', code: 'withheld', at: one.from, levels }])
      const whole = await json(cwd, 'verify', '2.car', name, '1.car', '--key', 'host.pub')
      const { events } = whole.all[0]
      expect(whole.all).toMatchObject([
        { verdict: 'verified', signed: events, levels: { ...levels, execution: 'pass' } },
      ])
      expect(events).toBeGreaterThan(two.size)
    }
    // With one part missing, and from a snapshot.
    const gap = await json(cwd, 'verify', 'echo', '1.car')
    expect(gap.all).toMatchObject([{ code: 'withheld', at: one.to }])
    renameSync(join(cwd, '1.car'), join(cwd, 'away.car'))
    const shown = await json(cwd, 'replay', 'echo', '--from', `${two.size}`)
    expect(shown.all.at(-1)).toMatchObject({ verdict: 'verified', from: expect.any(Number) })
    renameSync(join(cwd, 'away.car'), join(cwd, '1.car'))
    const late = await json(cwd, 'verify', 'echo', '--from', `${two.size}`)
    expect([late.ran.code, late.all]).toMatchObject([0, [{ verdict: 'verified', from: expect.any(Number) }]])
    // What is asked for is read from the files, as long as they are there.
    const seen = await json(cwd, 'chain', 'echo', '--from', `${one.from}`, '--to', `${one.from + 2}`)
    expect(seen.all.map(({ seq }) => seq)).toEqual([one.from, one.from + 1, one.from + 2])
    expect((await json(cwd, 'proof', 'echo', '150', '-o', 'old.tlog-proof')).ran.code).toBe(0)
    expect((await json(cwd, 'verify', 'old.tlog-proof', '--key', 'host.pub')).all).toMatchObject([
      { event: { seq: 150 } },
    ])
    // A part by itself: the first can be run.
    const alone = await json(cwd, 'verify', '1.car', '--key', 'host.pub')
    expect(alone.all).toMatchObject([{ verdict: 'verified', events: one.to, signed: one.to }])
    expect(alone.ran.stderr).toContain('an archived part')
    const middle = await json(cwd, 'verify', '2.car', '--key', 'host.pub')
    expect(middle.all).toMatchObject([
      { verdict: 'inconclusive', code: 'withheld', levels: { signature: 'pass' } },
    ])
  })

  it('says of what is gone where it is, when the file is not there any more', async () => {
    const cwd = await long()
    const { all } = await json(cwd, 'archive', 'echo', '-o', '1.car', '--before', '200')
    await theater(['export', 'echo', '-o', 'tail.car'], { cwd })
    renameSync(join(cwd, '1.car'), join(cwd, 'elsewhere.car'))
    for (const args of [
      ['chain', 'echo', '--from', '150'],
      ['proof', 'echo', '150', '-o', 'none.tlog-proof'],
      ['replay', 'echo'],
      ['redact', 'echo', '150', '--stop', '--reason', 'x'],
    ]) {
      const ran = await theater(args, { cwd })
      expect([args, ran.code, ran.stderr]).toEqual([args, 2, expect.stringContaining('1.car')])
    }
    for (const command of ['chain', 'logs']) {
      const ran = await theater([command, 'echo'], { cwd })
      expect([command, ran.code, ran.stderr]).toEqual([command, 0, expect.stringContaining('left out')])
    }
    for (const args of [['ps'], ['dead', 'ls'], ['inspect', 'theater.toml']])
      expect([args, (await theater(args, { cwd })).code]).toEqual([args, 0])
    const behind = await json(cwd, 'chain', 'echo', '--from', `${all[0].to}`)
    expect(behind.all.map(({ seq }) => seq)).toHaveLength(all[0].size - all[0].to)
    // What ends is followed to its end.
    const [last] = behind.all.slice(-1)
    await theater(['redact', 'echo', `${last.seq}`, '--stop', '--reason', 'x'], { cwd })
    const followed = await json(cwd, 'chain', 'echo', '--follow')
    expect([followed.all[0].seq, followed.all.at(-1).kind]).toEqual([all[0].to, 'stop'])
    expect(followed.ran.stderr).toContain('what comes behind them is shown')
    expect((await theater(['logs', 'echo', '--follow'], { cwd })).code).toBe(0)
    const apart = { 'tail.car': 'the events 2 to', 'elsewhere.car': 'what comes behind event' }
    for (const [file, missing] of Object.entries(apart)) {
      const { code, stderr } = await theater(['import', file, '--data', 'other'], { cwd })
      expect([file, code, stderr]).toEqual([file, 2, expect.stringContaining(missing)])
      expect(existsSync(join(cwd, 'other'))).toBe(false)
    }
    writeFileSync(join(cwd, '1.car'), readFileSync(join(cwd, 'tail.car')))
    expect((await theater(['replay', 'echo'], { cwd })).stderr).toContain('not what was archived')
  })

  it('puts the parts back, and the record is what it was, byte for byte', async () => {
    const cwd = await long()
    expect((await theater(['archive', 'echo', '-o', 'all.car', '--before', '120'], { cwd })).code).toBe(0)
    expect((await theater(['archive', 'echo', '-o', 'rest.car'], { cwd })).code).toBe(0)
    expect((await json(cwd, 'archive', 'echo', '--restore', 'all.car')).ran).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('rest.car'),
    })
    const back = await json(cwd, 'archive', 'echo', '--restore', 'all.car', 'rest.car')
    expect([back.ran.code, back.all.map(({ file }) => file)]).toEqual([0, ['rest.car', 'all.car']])
    await theater(['export', 'echo', '-o', 'before.car'], { cwd })
    const whole = readFileSync(join(cwd, 'before.car'))
    expect((await theater(['archive', 'echo', '-o', 'again.car'], { cwd })).code).toBe(0)
    expect((await theater(['archive', 'echo', '--restore', 'again.car'], { cwd })).code).toBe(0)
    await theater(['export', 'echo', '-o', 'after.car'], { cwd })
    expect(Buffer.compare(readFileSync(join(cwd, 'after.car')), whole)).toBe(0)
    expect((await json(cwd, 'verify', 'echo', '--key', 'host.pub')).all).toMatchObject([
      { verdict: 'verified' },
    ])
    // Another time it is here already.
    const once = await json(cwd, 'archive', 'echo', '--restore', 'again.car', 'all.car')
    expect([once.ran.code, once.all.map(({ events }) => events)]).toEqual([0, [0, 0]])
    expect((await json(cwd, 'archive', 'echo', '--restore', 'after.car')).ran.code).toBe(2)
  })

  it('goes on with the file of an earlier try, which it never writes over', async () => {
    const cwd = await long()
    const args = ['archive', 'echo', '-o', '1.car']
    const [first] = (await json(cwd, ...args)).all
    const bytes = readFileSync(join(cwd, '1.car'))
    const same = (): number => Buffer.compare(readFileSync(join(cwd, '1.car')), bytes)
    // It was ended before it could say so.
    const again = await json(cwd, ...args)
    expect([again.ran.code, again.all, same()]).toEqual([0, [first], 0])
    // It was ended before the events were taken out; and the actor went on.
    await theater(['archive', 'echo', '--restore', '1.car'], { cwd })
    await busy(cwd, 60)
    const later = await json(cwd, ...args)
    expect([later.ran.code, later.all[0]?.to, same()]).toEqual([0, first.to, 0])
    expect(later.ran.stderr).toContain('an earlier try')
    expect((await json(cwd, 'verify', 'echo', '1.car', '--key', 'host.pub')).all).toMatchObject([
      { verdict: 'verified' },
    ])
    const more = await json(cwd, ...args)
    expect([more.ran.code, more.ran.stderr, same()]).toEqual([
      2,
      expect.stringContaining('archived to it before'),
      0,
    ])
    await theater(['archive', 'echo', '--restore', '1.car'], { cwd })
    // What is no such file stays as it is, and nothing is taken out.
    const size = bytesOf(cwd)
    const others = [
      bytes.subarray(0, bytes.length - 40),
      Buffer.concat([bytes, Buffer.from([1, 2])]),
      bytes.with(bytes.length - 40, bytes[bytes.length - 40]! ^ 1),
    ]
    for (const other of others) {
      writeFileSync(join(cwd, '1.car'), other)
      const ran = await theater(args, { cwd })
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('is there already')])
      expect([readFileSync(join(cwd, '1.car')).equals(other), bytesOf(cwd)]).toEqual([true, size])
    }
    writeFileSync(join(cwd, '1.car'), bytes)
    const less = await theater([...args, '--before', '100'], { cwd })
    expect([less.code, less.stderr, same()]).toEqual([2, expect.stringContaining('other events'), 0])
  })

  it('is done by the same command line again, wherever it was killed', async () => {
    const cwd = await long()
    const killer = new URL('support/killer.mjs', import.meta.url).href
    const killed = async (at: string, ...args: string[]): Promise<void> => {
      const ran = await theater(args, { cwd, env: { NODE_OPTIONS: `--import ${killer}`, KILLED_AT: at } })
      expect([at, ran.code, ran.stdout]).toEqual([at, null, ''])
      expect([at, await theater([...args, '--json'], { cwd })]).toMatchObject([at, { code: 0 }])
    }
    for (const [i, at] of ['write', 'linked', 'INSERT INTO archives', 'COMMIT', 'VACUUM'].entries()) {
      await killed(at, 'archive', 'echo', '-o', `${i}.car`)
      expect(readdirSync(cwd).filter((name) => name.endsWith('.part'))).toEqual([])
      await killed(
        i % 2 === 0 ? 'DELETE FROM archives' : 'COMMIT',
        'archive',
        'echo',
        '--restore',
        `${i}.car`,
      )
    }
    expect((await json(cwd, 'verify', 'echo', '--key', 'host.pub')).all).toMatchObject([
      { verdict: 'verified' },
    ])
  })

  it('moves to another host with all of its parts, as history or to go on', async () => {
    const cwd = await long()
    await theater(['archive', 'echo', '-o', '1.car', '--before', '200'], { cwd })
    // The key changes between the parts.
    await theater(['key', '--rotate'], { cwd })
    await busy(cwd, 40)
    await theater(['archive', 'echo', '-o', '2.car'], { cwd })
    const exported = await theater(['export', 'echo', '-o', 'tail.car'], { cwd })
    expect(exported.stderr).toMatch(/the events 2 to \d+ of echo are not in it.*1\.car.*2\.car/s)
    const parts = ['2.car', 'tail.car', '1.car']
    for (const [data, ...more] of [['history'], ['new', '--adopt']] as const) {
      const { ran, all } = await json(cwd, 'import', ...parts, '--key', 'host.pub', '--data', data, ...more)
      expect([ran.code, all]).toMatchObject([0, [{ actor: 'echo', added: true, signed: all[0].events }]])
      const again = await json(cwd, 'import', ...parts, '--data', data)
      expect(again.all).toMatchObject([{ added: false }])
    }
    expect((await json(cwd, 'verify', 'echo', '--key', 'host.pub', '--data', 'history')).all).toMatchObject([
      { verdict: 'verified', levels: { structure: 'pass', signature: 'pass', execution: 'pass' } },
    ])
    expect((await json(cwd, 'call', 'echo', 'divide', '7', '2', '--data', 'new')).all).toEqual([{ ok: 3 }])
    expect((await json(cwd, 'verify', 'echo', '--data', 'new')).all).toMatchObject([{ verdict: 'verified' }])
    const some = await theater(['import', 'tail.car', '2.car', '--data', 'third'], { cwd })
    expect([some.code, some.stderr]).toEqual([2, expect.stringMatching(/the events 2 to \d+ of echo/)])
  })

  it("takes nobody's word for what was erased but that of whoever signed all of it", async () => {
    const cwd = await long()
    await theater(['archive', 'echo', '-o', '1.car', '--before', '200'], { cwd })
    await theater(['export', 'echo', '-o', 'tail.car'], { cwd })
    const there = ['--data', 'other']
    await theater(['import', 'tail.car', '1.car', '--adopt', ...there], { cwd })
    await theater(['redact', 'echo', '7', '--stop', '--reason', 'so I say', ...there], { cwd })
    const forged = await theater(['archive', 'echo', '-o', 'forged.car', '--before', '200', ...there], {
      cwd,
    })
    expect(forged.code).toBe(0)
    const { all } = await json(cwd, 'verify', 'tail.car', 'forged.car', '--key', 'host.pub')
    expect(all).toMatchObject([{ verdict: 'inconclusive', code: 'withheld', at: 7 }])
    expect((await json(cwd, 'verify', 'tail.car', '1.car', '--key', 'host.pub')).all).toMatchObject([
      { verdict: 'verified' },
    ])
  })

  it('refuses what would lose something, and says what to do', async () => {
    const cwd = await long()
    writeFileSync(join(cwd, 'there.car'), 'x')
    const cases: readonly (readonly [number, string, ...string[]])[] = [
      [2, 'is there already', 'echo', '-o', 'there.car'],
      [2, 'no folder', 'echo', '-o', 'none/a.car'],
      [2, '--restore', 'echo'],
      [2, 'give one of them', 'echo', '-o', 'a.car', '--keep', '1', '--before', '9'],
      [2, 'no actor', 'nobody', '-o', 'a.car'],
      [2, 'no file', 'echo', '--restore', 'none.car'],
      [3, 'nothing to archive', 'echo', '-o', 'a.car', '--before', '3'],
      [3, 'nothing to archive', 'echo', '-o', 'a.car', '--keep', '100000'],
    ]
    for (const [code, message, ...args] of cases) {
      const ran = await theater(['archive', ...args], { cwd })
      expect([args, ran.code, ran.stderr]).toEqual([args, code, expect.stringContaining(message)])
    }
    expect(existsSync(join(cwd, 'a.car'))).toBe(false)
    using _lock = takeLock(join(cwd, '.theater/lock'), cwd)
    expect((await theater(['archive', 'echo', '-o', 'a.car'], { cwd })).code).toBe(3)
  })

  it('takes nothing out where the file is not what was to be in it, or the database refuses', async () => {
    const cwd = await long()
    await using store = sqliteStore(join(cwd, '.theater/theater.db'))
    const host = await openHostLog(dataPaths(join(cwd, '.theater')), store)
    await host.checkpoint()
    const plan = await planArchive(store, 'echo')
    const { chain } = plan.info
    const out = join(cwd, 'a.car')
    const before = await Array.fromAsync(store.read(chain))
    const full = new ChainError('full', 'no room')
    const stores: [string, Partial<LoggedStore>][] = [
      ['full', { archives: { ...parts(store), takeOut: () => Promise.reject(full) } }],
      [
        'damaged',
        {
          async *read(id, from, to) {
            for await (const { header, body } of store.read(id, from, to))
              yield { header, body: from === plan.from ? (body?.with(20, 1) ?? null) : body }
          },
        },
      ],
    ]
    for (const [code, changes] of stores) {
      const bad = new Proxy(store, {
        get: (target, name) => {
          const value: unknown = Reflect.get(name in changes ? changes : target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      const archiving = archiveTo({ store: bad, plan, out, key: host.key, progress: () => undefined })
      await expect(archiving).rejects.toMatchObject({ code })
      expect(readdirSync(cwd).filter((name) => name.startsWith('a.car'))).toEqual([])
      expect(await Array.fromAsync(store.read(chain))).toEqual(before)
    }
    expect(await archiveTo({ store, plan, out, key: host.key, progress: () => undefined })).toBe(
      statSync(out).size,
    )
  })
})

function parts({ archives }: LoggedStore): LoggedStore['archives'] {
  return {
    takeOut: (...args) => archives.takeOut(...args),
    putBack: (...args) => archives.putBack(...args),
    notes: (...args) => archives.notes(...args),
  }
}
