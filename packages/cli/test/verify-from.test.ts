import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { log } from '@theater/handler-log'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

/** A folder with a record of echo, a snapshot in the middle of it, and how many events that stands for. */
const withSnapshot = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  {
    await using store = sqliteStore(join(cwd, '.theater/theater.db'))
    await using host = await Theater.open({ store, handlers: [log()], snapshots: { everyEvents: 1 } })
    await host.call('echo', 'divide', [9, 2])
  }
  await theater(['call', 'echo', 'divide', '7', '2'], { cwd })
  await theater(['call', 'echo', 'log', '"after"'], { cwd })
  return cwd
})

async function keptIn(cwd: string): Promise<{ readonly size: number; readonly chain: Uint8Array }> {
  await using store = sqliteStore(join(cwd, '.theater/theater.db'), { readOnly: true })
  const { chain } = (await store.find('echo')) ?? { chain: new Uint8Array() }
  return { chain, size: (await store.caches.kept(chain, 'snapshot'))?.size ?? 0 }
}

describe('verify --from', () => {
  it('runs what comes after a snapshot, and says what it did not run', async () => {
    const cwd = await withSnapshot()
    const { size } = await keptIn(cwd)
    const ran = await theater(['verify', 'echo', '--from', `${size + 1}`, '--json'], { cwd })
    expect(objects(ran)).toMatchObject([
      {
        verdict: 'verified',
        from: size,
        at: null,
        levels: { structure: 'pass', signature: 'none', execution: 'tail' },
      },
    ])
    expect(ran.code).toBe(0)
    const shown = await theater(['verify', 'echo', '--from', `${size}`], { cwd })
    expect(shown.stdout).toContain(`verified from ${size} on`)
    expect(shown.stdout).toContain(
      `echo: verified from event ${size} on; the state before event ${size} was taken from a snapshot that nobody proved`,
    )
    const whole = objects(await theater(['verify', 'echo', '--json'], { cwd }))
    expect(whole).toMatchObject([{ verdict: 'verified', from: null, levels: { execution: 'pass' } }])
  })

  it('checks signatures to the end of the record all the same', async () => {
    const cwd = await withSnapshot()
    const { size } = await keptIn(cwd)
    const key = (await theater(['key'], { cwd })).stdout.trim()
    const args = ['verify', 'echo', '--from', `${size}`, '--key', key, '--json']
    const [signed] = objects(await theater(args, { cwd }))
    expect(signed).toMatchObject({ levels: { signature: 'pass', execution: 'tail' }, from: size })
    expect(signed.signed).toBe(signed.events)
  })

  it('is 7 where there is no snapshot at that event or before it, and says which there is', async () => {
    const cwd = await withSnapshot()
    const { size } = await keptIn(cwd)
    const early = await theater(['verify', 'echo', '--from', '1'], { cwd })
    expect(early.code).toBe(7)
    expect(early.stdout).toContain(`no snapshot at event 1 or before it: there is one at ${size}`)
    await theater(['export', 'echo', '-o', 'a.car'], { cwd })
    const [file] = objects(await theater(['verify', 'a.car', '--from', `${size}`, '--json'], { cwd }))
    expect(file).toMatchObject({ verdict: 'inconclusive', code: 'no-snapshot', from: null })
  })

  it('needs no snapshot where each turn has an instance of its own, also of what is left of an archived record', async () => {
    const cwd = folder(
      { 'theater.toml': `${ECHO}`.replace('[actor.echo.grants', 'instance = "turn"\n\n[actor.echo.grants') },
      'file',
    )
    await theater(['run', 'theater.toml'], { cwd })
    for (const n of ['7', '8', '9']) await theater(['call', 'echo', 'divide', n, '2'], { cwd })
    const archived = objects(
      await theater(['archive', 'echo', '-o', 'old.car', '--keep', '6', '--json'], { cwd }),
    )
    const [{ to, size }] = archived
    const from = async (at: number) =>
      objects(await theater(['verify', 'echo', '--from', `${at}`, '--json'], { cwd }))
    for (const at of [to, size - 2])
      expect(await from(at)).toMatchObject([{ verdict: 'verified', levels: { execution: 'tail' } }])
    expect(await from(to - 1)).toMatchObject([{ verdict: 'inconclusive', code: 'no-snapshot' }])
    const shown = await theater(['verify', 'echo', '--from', `${to}`], { cwd })
    expect(shown.stdout).toContain(`verified from event ${to} on; what is before was not run`)
  })

  it('takes snapshots out of a file, for a record that is in one', async () => {
    const cwd = await withSnapshot()
    const { size } = await keptIn(cwd)
    const args = ['export', 'echo', '-o', 'a.car', '--snapshot', 'a.snapshot', '--json']
    expect(objects(await theater(args, { cwd }))).toMatchObject([
      { chains: [{ actor: 'echo', snapshot: size }] },
    ])
    expect(statSync(join(cwd, 'a.snapshot')).mode & 0o777).toBe(0o600)
    const elsewhere = folder({
      'a.car': readFileSync(join(cwd, 'a.car')),
      'a.snapshot': readFileSync(join(cwd, 'a.snapshot')),
    })
    const from = (...more: string[]) =>
      theater(['verify', 'a.car', '--from', `${size}`, '--json', ...more], { cwd: elsewhere })
    const ran = await from('--snapshot', 'a.snapshot')
    expect([ran.code, objects(ran)]).toMatchObject([0, [{ verdict: 'verified', from: size }]])
    expect(objects(await from())).toMatchObject([{ code: 'no-snapshot' }])
    for (const bad of ['a.car', 'nothing.snapshot']) expect((await from('--snapshot', bad)).code).toBe(2)
    expect((await theater(['verify', 'a.car', '--snapshot', 'a.snapshot'], { cwd: elsewhere })).code).toBe(2)
    expect((await theater(['export', 'echo', '-o', 'a.car', '--snapshot', 'a.car'], { cwd })).code).toBe(2)
  })

  it('is 7 for a snapshot that is damaged, and accuses nobody', async () => {
    const cwd = await withSnapshot()
    const { size, chain } = await keptIn(cwd)
    {
      await using store = sqliteStore(join(cwd, '.theater/theater.db'))
      const kept = await store.caches.kept(chain, 'snapshot')
      if (kept === undefined) throw new Error('there is none')
      await store.caches.keep([{ chain, kind: 'snapshot', ...kept, bytes: kept.bytes.slice(0, -1) }])
    }
    const ran = await theater(['verify', 'echo', '--from', `${size}`, '--json'], { cwd })
    expect(objects(ran)).toMatchObject([{ verdict: 'inconclusive', code: 'no-snapshot', at: 0 }])
    expect(ran.code).toBe(7)
  })
})

describe('replay --from', () => {
  it('shows what comes after a snapshot, and says what it did not run', async () => {
    const cwd = await withSnapshot()
    const { size } = await keptIn(cwd)
    const replayed = async (...args: string[]) => {
      const ran = await theater(['replay', ...args, '--json'], { cwd })
      return { code: ran.code, all: objects(ran) }
    }
    const late = await replayed('echo', '--from', `${size}`)
    const whole = await replayed('echo')
    const { next: _n, ...verdict } = late.all.at(-1)
    expect([late.code, verdict]).toMatchObject([
      0,
      { verdict: 'verified', from: size, levels: { execution: 'tail' }, head: whole.all.at(-1).head },
    ])
    // The same turns, but for those before.
    const turns = late.all.slice(0, -1)
    expect(turns.length).toBeGreaterThan(1)
    expect(turns).toEqual(whole.all.slice(0, -1).filter(({ turn }) => turn >= size))
    const part = await replayed('echo', '--from', `${size}`, '--until', `${turns[0].turn}`)
    expect([part.code, part.all.at(-1)]).toMatchObject([0, { from: size, events: turns[0].turn + 1 }])
    expect(part.all.at(-1).next).not.toBeNull()
    const none = await replayed('echo', '--from', '1')
    expect([none.code, none.all]).toMatchObject([7, [{ verdict: 'inconclusive', code: 'no-snapshot' }]])
    const text = await theater(['replay', 'echo', '--from', `${size}`], { cwd })
    expect(text.stdout).toContain(`verified from event ${size} on`)
    for (const args of [
      ['--from', '9', '--until', '8'],
      ['--snapshot', 'x'],
    ])
      expect((await theater(['replay', 'echo', ...args], { cwd })).code).toBe(2)
  })

  it('begins with snapshots out of a file', async () => {
    const cwd = await withSnapshot()
    const { size } = await keptIn(cwd)
    await theater(['export', 'echo', '-o', 'a.car', '--snapshot', 'a.snapshot'], { cwd })
    const args = ['replay', 'a.car', '--from', `${size}`, '--snapshot', 'a.snapshot', '--json']
    const [...all] = objects(await theater(args, { cwd }))
    expect(all.at(-1)).toMatchObject({ verdict: 'verified' })
  })
})
