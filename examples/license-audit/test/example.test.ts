import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '../actors/finding.ts'
import { cases, layOut } from './support/fixture.ts'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'license-audit-')))
const data = join(folder, 'data')
let packages: string

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
}

/** Runs the example to its end. */
function run(...args: string[]): Promise<Ended> {
  const all = ['--conditions=theater-source', main, '--packages', packages, '--data', data, ...args]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (out += bytes.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out }))
  })
}

const report = (): {
  readonly packages: number
  readonly flagged: number
  readonly findings: readonly Finding[]
} => JSON.parse(readFileSync(join(data, 'report.json'), 'utf8'))

// One after the other: they share a data folder, as a user's runs do, and the components that the first one builds.
describe('npm start', () => {
  let first: Ended

  beforeAll(async () => {
    packages = layOut(folder)
    first = await run()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('ends well', () => {
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('All of it held') })
  })

  it.each([...cases])('finds %s', (name, { kind, licence }) => {
    expect(report().findings.find((finding) => finding.name === name)).toMatchObject({ name, kind, licence })
  })

  it('counts every package once, and reads nothing beside them', () => {
    const { findings, flagged } = report()
    expect(findings).toHaveLength(cases.size)
    expect(flagged).toBe([...cases.values()].filter(({ kind }) => kind !== 'permissive').length)
    expect(first.out).toContain(`${cases.size} packages`)
    expect(JSON.stringify(findings)).not.toContain('root:')
    expect(findings.find(({ name }) => name === 'escape')?.note).toContain('not-permitted')
  })

  it('prints the outcome, and nothing that a terminal would obey', () => {
    expect(first.out).toMatch(/^ +gpl 1\.0\.0 +GPL-3\.0-or-later +strong copyleft/m)
    expect(first.out).toMatch(/^ +liar 1\.0\.0 +MIT +strong copyleft +but COPYING reads as AGPL-3\.0-only/m)
    expect(first.out).toMatch(/^ +silent 1\.0\.0 +– +none/m)
    expect(first.out).toContain(
      `${cases.size} packages: 3 without a licence, 3 strong copyleft, 3 weak copyleft, 8 unclear, 4 permissive`,
    )
    expect(first.out).not.toContain('\u001b')
  })

  it('writes a page that holds no markup of a package', () => {
    const html = readFileSync(join(data, 'report.html'), 'utf8')
    expect(html).toContain('&#60;script&#62;alert(1)')
    expect(html).not.toContain('<script')
  })

  it('verifies both chains, and how they hang together', () => {
    expect(first.out).toMatch(/^ +auditor +[\d,]+ +[\d,]+ +verified$/m)
    expect(first.out).toMatch(/^ +reporter +[\d,]+ +[\d,]+ +verified$/m)
    // The auditor tells the reporter of each package, and itself of the next one; and the reporter of the end.
    expect(first.out).toContain(`${2 * cases.size + 2} messages between them`)
  })

  it('exports them, and refuses a copy with one changed byte, at the event that it is in', () => {
    expect(existsSync(join(data, 'audit.car'))).toBe(true)
    const index = /^ +event ([\d,]+), in which the auditor read a package\.json/m.exec(first.out)?.[1]
    expect(index).toBeDefined()
    expect(first.out).toContain(`broken  at event ${index}: `)
  })

  it('shows that the auditor cannot leave its directory', () => {
    expect(first.out).toMatch(/\.\.\/package\.json {2}not-permitted\n +event [\d,]+: open-at .*: denied/)
    expect(first.out).toMatch(/etc\/passwd {2}not-permitted\n +event [\d,]+: open-at .*: denied/)
    expect(first.out).toMatch(/ \/etc\/passwd {2}no-entry\n +event [\d,]+: get-directories gives \/packages/)
  })

  it('begins anew when it is started again after a finished audit, with the components that are there', async () => {
    const again = await run()
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('The last audit was finished') })
    expect(again.out.match(/already built from this source/g)).toHaveLength(2)
    expect(again.out).not.toContain('re-run')
  })

  it('goes on where it was after it was killed', async () => {
    expect(await run('--crash-after', '7')).toMatchObject({ code: null, signal: 'SIGKILL' })
    const second = await run('--crash-after', '6')
    expect(second.signal).toBe('SIGKILL')
    expect(second.out).toContain(`goes on where it was: 6 of ${cases.size} packages were read`)
    const third = await run()
    expect(third).toMatchObject({ code: 0 })
    expect(third.out).toContain(`goes on where it was: 11 of ${cases.size} packages were read`)
    expect(third.out).toMatch(/^ +auditor +\d+ turns re-run over \d+ events/m)
    expect(third.out).toMatch(/^ +reporter +\d+ turns re-run over \d+ events/m)
    expect(report().findings.map(({ name, kind }) => [name, kind])).toEqual(
      [...cases].map(([name, { kind }]) => [name, kind]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    )
  })

  it('says what to do about a damaged record, and does it when asked to', async () => {
    await run('--crash-after', '3')
    writeFileSync(join(data, 'theater.db'), 'no database')
    const refused = await run()
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('npm start -- --fresh') })
    expect(refused.out).not.toMatch(/^ +at /m)
    const fresh = await run('--fresh')
    expect(fresh).toMatchObject({ code: 0 })
    expect(fresh.out).not.toMatch(/re-run|interrupted/)
  })

  it('says what is wrong with its options', async () => {
    expect(await run('--frseh')).toMatchObject({ code: 2, out: expect.stringContaining("'--frseh'") })
  })
})
