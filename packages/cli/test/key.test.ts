import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copies, cutOff, ECHO, folder, objects, theater } from './support/theater.ts'

/** A folder with two records, the key of its host, and both in a.car. */
const withKey = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'log', '"hi"'], { cwd })
  writeFileSync(join(cwd, 'host.pub'), (await theater(['key'], { cwd })).stdout)
  await theater(['export', 'echo', '-o', 'a.car'], { cwd })
  return cwd
})

describe('theater key', () => {
  it('is made with the folder, for its owner alone, and is the one that signs', async () => {
    const cwd = await withKey()
    expect(statSync(join(cwd, '.theater/host.key')).mode & 0o777).toBe(0o600)
    const [{ key, name, id }] = objects(await theater(['key', '--json'], { cwd }))
    expect(key).toBe(readFileSync(join(cwd, 'host.pub'), 'utf8').trim())
    expect(key).toMatch(new RegExp(`^${name}\\+${id}\\+`))
    expect(readFileSync(join(cwd, '.theater/host.key'), 'utf8')).not.toContain(key.split('+')[2])
    const elsewhere = folder({ 'a.car': readFileSync(join(cwd, 'a.car')) })
    const ran = await theater(['verify', 'a.car', '--key', key, '--json'], { cwd: elsewhere })
    const [verdict] = objects(ran)
    expect(verdict).toMatchObject({
      verdict: 'verified',
      signed: verdict.events,
      levels: { structure: 'pass', signature: 'pass', execution: 'pass' },
    })
    expect(ran.code).toBe(0)
    const shown = await theater(['verify', 'a.car', 'echo', '--key', 'host.pub'], { cwd })
    expect(
      shown.stderr.match(/echo: signed to its end by theater\/[0-9a-f]{16}, key [0-9a-f]{8}/g),
    ).toHaveLength(2)
  })

  it('of another host, or none, is found out', async () => {
    const cwd = await withKey()
    const other = folder({ 'theater.toml': ECHO })
    await theater(['run', 'theater.toml'], { cwd: other })
    const { stdout } = await theater(['key'], { cwd: other })
    const ran = await theater(['verify', 'a.car', '--key', stdout.trim(), '--json'], { cwd })
    expect(objects(ran)).toMatchObject([
      { verdict: 'broken', code: 'signature', levels: { structure: 'pass', signature: 'fail' } },
    ])
    expect(ran.code).toBe(6)
    const nothing = await theater(['verify', 'a.car', '--key', 'nothing'], { cwd })
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('NAME+ID+KEY') })
    expect((await theater(['key', '--data', 'nowhere'], { cwd })).code).toBe(2)
  })

  it('is handed over from, and who trusts the one before can follow', async () => {
    const cwd = await withKey()
    const { stdout: next } = await theater(['key', '--rotate'], { cwd })
    expect(next).not.toBe(readFileSync(join(cwd, 'host.pub'), 'utf8'))
    expect(existsSync(join(cwd, '.theater/host.key.next'))).toBe(false)
    await theater(['call', 'echo', 'log', '"more"'], { cwd })
    await theater(['export', 'echo', '-o', 'b.car'], { cwd })
    for (const key of ['host.pub', next.trim()]) {
      const ran = await theater(['verify', 'b.car', '--key', key, '--json'], { cwd })
      expect(objects(ran)).toMatchObject([{ verdict: 'verified', levels: { signature: 'pass' } }])
    }
    // A host that ended between the two steps goes on with the new one.
    renameSync(join(cwd, '.theater/host.key'), join(cwd, '.theater/host.key.next'))
    writeFileSync(join(cwd, '.theater/host.key'), readFileSync(join(await withKey(), '.theater/host.key')))
    expect((await theater(['call', 'echo', 'log', '"on"'], { cwd })).code).toBe(0)
    expect((await theater(['key'], { cwd })).stdout).toBe(next)
  })

  it('is handed over from where an earlier process of this number ended in the middle of it', async () => {
    const cwd = await withKey()
    // As in a container, in which every process may have the same number.
    writeFileSync(join(cwd, `.theater/host.key.next.${process.pid}.part`), 'PRIVATE+KEY+x')
    const { code, stdout: next } = await theater(['key', '--rotate'], { cwd })
    expect(code).toBe(0)
    expect((await theater(['key'], { cwd })).stdout).toBe(next)
    expect((await theater(['call', 'echo', 'log', '"on"'], { cwd })).code).toBe(0)
    const left = readdirSync(join(cwd, '.theater')).filter((name) => name.startsWith('host.key'))
    expect(left).toEqual(['host.key'])
  })

  it('that is damaged, or gone, is said; a fresh start has another', async () => {
    const cwd = await withKey()
    const key = join(cwd, '.theater/host.key')
    chmodSync(key, 0o600)
    writeFileSync(key, 'PRIVATE+KEY+x')
    const ran = await theater(['call', 'echo', 'log', '"x"'], { cwd })
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining('host.key') })
    const fresh = await theater(['run', 'theater.toml', '--fresh'], { cwd })
    expect(fresh.code).toBe(0)
    expect((await theater(['key'], { cwd })).stdout).not.toBe(readFileSync(join(cwd, 'host.pub'), 'utf8'))
  })
})

describe('what is not signed', () => {
  it('is inconclusive where a key is asked for', async () => {
    const cwd = await withKey()
    const bytes = await theater(['verify', 'a.car', '--json'], { cwd })
    expect(objects(bytes)).toMatchObject([
      { verdict: 'verified', signed: null, levels: { signature: 'none' } },
    ])
    // As by a host that was killed before it could sign.
    cutOff(join(cwd, '.theater/theater.db'), 'turn')
    const ran = await theater(['verify', 'echo', '--key', 'host.pub', '--json'], { cwd })
    expect(objects(ran)).toMatchObject([
      { verdict: 'broken', code: 'checkpoint', levels: { signature: 'fail' } },
    ])
    expect(ran.code).toBe(6)
  })
})

describe('theater proof', () => {
  it('proves one event, elsewhere', async () => {
    const cwd = await withKey()
    const events = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    const turn = events.find(({ kind }) => kind === 'turn')
    const made = await theater(['proof', 'echo', String(turn.seq), '-o', 'e.tlog-proof', '--json'], { cwd })
    expect(objects(made)).toMatchObject([{ file: 'e.tlog-proof', actor: 'echo', seq: turn.seq }])
    const text = readFileSync(join(cwd, 'e.tlog-proof'), 'utf8')
    const elsewhere = folder({
      'e.tlog-proof': text,
      'f.tlog-proof': text.replace(/^index \d+/m, 'index 77'),
      'host.pub': readFileSync(join(cwd, 'host.pub')),
    })
    const ran = await theater(['verify', 'e.tlog-proof', '--key', 'host.pub', '--json'], { cwd: elsewhere })
    expect(objects(ran)).toMatchObject([
      {
        proof: 'e.tlog-proof',
        events: events.length,
        event: { seq: turn.seq, kind: 'turn', hash: turn.hash, fn: turn.fn },
      },
    ])
    expect(ran.code).toBe(0)
    const shown = await theater(['verify', 'e.tlog-proof', '--key', 'host.pub'], { cwd: elsewhere })
    expect(shown.stdout).toContain('proven')
    const bad = await theater(['verify', 'f.tlog-proof', '--key', 'host.pub'], { cwd: elsewhere })
    expect(bad).toMatchObject({ code: 6, stderr: expect.stringContaining('proves nothing') })
    expect((await theater(['verify', 'e.tlog-proof'], { cwd: elsewhere })).code).toBe(2)
  })

  it('never shows a seed, and no event where it is told so', async () => {
    const cwd = await withKey()
    const seen = async (...args: string[]): Promise<any> => {
      await theater(['proof', 'echo', ...args, '-o', 'e.tlog-proof'], { cwd })
      return objects(await theater(['verify', 'e.tlog-proof', '--key', 'host.pub', '--json'], { cwd }))[0]
        .event
    }
    expect(await seen('1')).toMatchObject({ kind: 'seed', detail: { withheld: true } })
    expect(await seen('0', '--without-body')).toMatchObject({ kind: 'genesis', detail: { withheld: true } })
    expect((await theater(['proof', 'echo', '999', '-o', 'x.tlog-proof'], { cwd })).code).toBe(2)
  })
})
