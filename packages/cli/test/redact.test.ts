import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { takeLock } from '../src/lock.ts'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

const SECRET = 'correct-horse-battery-staple'

/** A folder with a record that has the secret in it, and the key of its host. */
const withSecret = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'divide', '7', '2'], { cwd })
  await theater(['call', 'echo', 'log', JSON.stringify(SECRET)], { cwd })
  await theater(['call', 'echo', 'divide', '9', '3'], { cwd })
  writeFileSync(join(cwd, 'host.pub'), (await theater(['key'], { cwd })).stdout)
  return cwd
})

/** Files of the data folder that have the secret in them. */
const found = (cwd: string): string[] =>
  readdirSync(join(cwd, '.theater'))
    .filter((name) => name.startsWith('theater.db'))
    .filter((name) => readFileSync(join(cwd, '.theater', name)).includes(SECRET))

describe('theater redact', () => {
  it('erases what events say, and a verifier says so', async () => {
    const cwd = await withSecret()
    const events = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    const seqs: number[] = events
      .filter((event) => JSON.stringify(event).includes(SECRET))
      .map(({ seq }) => seq)
    expect(seqs.length).toBeGreaterThan(1)
    expect(found(cwd)).not.toEqual([])
    const why = ['--reason', 'a password was typed here']
    const refused = await theater(['redact', 'echo', ...seqs.map(String), ...why, '--json'], { cwd })
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('"code":"not-ended"')
    expect(found(cwd)).not.toEqual([])

    const ran = await theater(['redact', 'echo', ...seqs.map(String), ...why, '--stop', '--json'], { cwd })
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining(`as far as event ${seqs[0]}`)])
    expect(objects(ran)).toMatchObject([{ actor: 'echo', erased: seqs, reason: why[1], stopped: true }])
    expect(found(cwd)).toEqual([])

    const after = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    expect(after.slice(0, events.length).map(({ hash }) => hash)).toEqual(events.map(({ hash }) => hash))
    expect(after.slice(events.length).map(({ kind }) => kind)).toEqual(['resume', 'stop'])
    for (const seq of seqs)
      expect(after[seq].detail).toEqual({ redacted: { time: expect.any(Number), reason: why[1] } })

    await theater(['export', 'echo', '-o', 'a.car'], { cwd })
    expect(readFileSync(join(cwd, 'a.car')).includes(SECRET)).toBe(false)
    for (const name of ['a.car', 'echo']) {
      const ran = await theater(['verify', name, '--key', 'host.pub', '--json'], { cwd })
      expect(ran.code).toBe(7)
      expect(objects(ran)).toMatchObject([
        {
          verdict: 'inconclusive',
          code: 'redacted',
          at: seqs[0],
          redacted: seqs,
          signed: after.length,
          levels: { structure: 'pass', signature: 'pass', execution: 'none' },
        },
      ])
    }
    const [last] = objects(await theater(['replay', 'a.car', '--json'], { cwd })).slice(-1)
    expect(last).toMatchObject({ verdict: 'inconclusive', code: 'redacted', at: seqs[0] })

    // It has ended, and is erased once.
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([
      { actor: 'echo', state: 'stopped' },
    ])
    expect((await theater(['call', 'echo', 'divide', '1', '1'], { cwd })).code).toBe(4)
    const again = await theater(['redact', 'echo', `${seqs[0]}`, `${events.length - 1}`, ...why, '--json'], {
      cwd,
    })
    expect(objects(again)).toMatchObject([{ erased: [events.length - 1], stopped: false }])
    expect((await theater(['gc'], { cwd })).code).toBe(0)
  })

  it('refuses the first event, one that is not there, and a folder whose actors run', async () => {
    const cwd = await withSecret()
    const why = ['--reason', 'x']
    for (const seqs of [['0'], ['5', '999'], ['-1'], ['x']]) {
      const ran = await theater(['redact', 'echo', ...why, '--', ...seqs], { cwd })
      expect([seqs, ran.code]).toEqual([seqs, 2])
    }
    expect((await theater(['redact', 'nobody', '5', ...why], { cwd })).code).toBe(2)
    expect((await theater(['redact', 'echo', '5', ...why, '--data', 'none'], { cwd })).code).toBe(2)
    expect(existsSync(join(cwd, 'none'))).toBe(false)
    expect((await theater(['redact', 'echo', '5'], { cwd })).code).toBe(2)
    const book = await theater(['redact', 'echo', '5', '--stop', '--reason', 'x'.repeat(1025)], { cwd })
    expect([book.code, book.stderr]).toEqual([2, expect.stringContaining('1024 bytes')])
    using _lock = takeLock(join(cwd, '.theater/lock'), cwd)
    const busy = await theater(['redact', 'echo', '5', '--stop', ...why], { cwd })
    expect([busy.code, busy.stderr]).toEqual([3, expect.stringContaining(String(process.pid))])
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([{ state: 'idle' }])
  })
})
