import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '../actors/finding.ts'
import { cases, layOut } from './support/fixture.ts'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'license-audit-')))
const data = join(folder, 'data')
let packages: string
/** What a test that failed would leave behind. */
const running = new Set<ChildProcess>()

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
}

interface Running {
  readonly child: ChildProcess
  /** Where it serves the report, as soon as it does. */
  readonly url: Promise<string>
  readonly ended: Promise<Ended>
}

/** Starts a program with the options that every run here has. */
function start(
  command: string,
  first: readonly string[],
  args: readonly string[],
  more: object = {},
): Running {
  const all = [...first, '--packages', packages, '--data', data, ...args]
  const child = spawn(command, all, { ...more, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const { promise: url, resolve: serves, reject: never } = Promise.withResolvers<string>()
  url.catch(() => undefined)
  let out = ''
  const take = (bytes: Buffer): void => {
    out += bytes.toString()
    const [, at] = /(http:\S+)\/ {2}Ctrl-C/.exec(out) ?? []
    if (at !== undefined) serves(at)
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(child)
      never(new Error(out))
      resolve({ code, signal, out })
    })
  })
  return { child, url, ended }
}

const node = (args: readonly string[]): Running =>
  start(process.execPath, ['--conditions=theater-source', main], args)

/** Runs the example to its end. */
function run(...args: string[]): Promise<Ended> {
  return node(args).ended
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
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

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

  it('fetches it from the reporter over HTTP, and nobody gets what is not theirs', () => {
    expect(first.out).toMatch(
      new RegExp(
        `^ +GET / +200 +text/html; charset=utf-8 +[\\d,]+ +Licence audit: ${cases.size} packages$`,
        'm',
      ),
    )
    expect(first.out).toMatch(/^ +GET \/report\.json +200 +application\/json +[\d,]+ +as the auditor put it/m)
    expect(first.out).toMatch(/^ +GET \/\.\.\/\.\.\/etc\/passwd +404 /m)
    expect(first.out).toMatch(/^ +DELETE \/ +405 .*GET, HEAD$/m)
    expect(first.out).toMatch(/^ +GET \/ of evil\.example +421 /m)
  })

  it('signs both records with the key of the host, which is for its owner alone', () => {
    const [, name = ''] =
      /^ +public key {2}(theater\/[0-9a-f]{16}\+[0-9a-f]{8}\+)\S{44}$/m.exec(first.out) ?? []
    expect(name).not.toBe('')
    expect(first.out).toContain(`--key ${name}`)
    expect(first.out).toMatch(/^ +checkpoint {2}theater\/[0-9a-f]{16}\n +\d+\n/m)
    expect(statSync(join(data, 'host.key')).mode & 0o777).toBe(0o600)
  })

  it('has another process verify the file at three levels, and how the records hang together', () => {
    expect(first.out).toMatch(/^ +auditor +[\d,]+ +pass +pass +pass +verified$/m)
    expect(first.out).toMatch(/^ +reporter +[\d,]+ +pass +pass +pass +verified$/m)
    // The auditor tells the reporter of each package, and itself of the next one; and the reporter of the end.
    expect(first.out).toContain(`${2 * cases.size + 2} messages arrived as sent`)
    // Of six requests one was for a host that is not the reporter's.
    expect(first.out).toContain('5 HTTP requests answered by the reporter')
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

  describe('--serve after a finished audit', () => {
    it('serves that one, without reading anything again, until it is asked to end', async () => {
      const { child, url, ended } = node(['--serve'])
      const at = await url
      const page = await fetch(at)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
      expect(page.headers.get('x-content-type-options')).toBe('nosniff')
      const html = await page.text()
      expect(html).toBe(readFileSync(join(data, 'report.html'), 'utf8'))
      expect(await (await fetch(`${at}/report.json`)).json()).toEqual(report())
      const head = await fetch(at, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
        200,
        String(Buffer.byteLength(html)),
        '',
      ])
      expect((await fetch(`${at}/report.html`)).status).toBe(404)
      const posted = await fetch(at, { method: 'POST', body: 'x' })
      expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
      child.kill('SIGTERM')
      const end = await ended
      expect(end).toMatchObject({ code: 0, signal: null, out: expect.stringContaining('Ended.') })
      expect(end.out).not.toMatch(/packages? read/)
    })

    it('has it still after it was killed, at the port that it was told', async () => {
      const killed = node(['--serve'])
      const { port } = new URL(await killed.url)
      const page = await (await fetch(await killed.url)).text()
      killed.child.kill('SIGKILL')
      await killed.ended
      const { child, url, ended } = node(['--serve', '--port', port])
      expect(new URL(await url).port).toBe(port)
      expect(await (await fetch(await url)).text()).toBe(page)
      child.kill('SIGINT')
      expect(await ended).toMatchObject({ code: 0, out: expect.stringContaining('Ended.') })
    })

    it('ends as well under npm, whose shell dies of Ctrl-C at once', async () => {
      const cwd = join(import.meta.dirname, '..')
      const { child, url, ended } = start('npm', ['start', '--silent', '--'], ['--serve'], {
        cwd,
        detached: true,
      })
      expect((await fetch(await url)).status).toBe(200)
      // As a terminal does: to all of them.
      process.kill(-(child.pid ?? 0), 'SIGINT')
      expect(await ended).toMatchObject({ out: expect.stringContaining('Ended.') })
    })

    it('ends as well when npm alone is asked to', async () => {
      const cwd = join(import.meta.dirname, '..')
      const { child, url, ended } = start('npm', ['start', '--silent', '--'], ['--serve'], { cwd })
      await url
      child.kill('SIGTERM')
      expect(await ended).toMatchObject({ out: expect.stringContaining('Ended.') })
    })

    it('says at once that a port is not to be had', async () => {
      const holder = createServer()
      await new Promise<void>((listening) => holder.listen(0, '127.0.0.1', listening))
      const { port } = holder.address() as AddressInfo
      const refused = await run('--serve', '--port', String(port))
      holder.close()
      expect(refused).toMatchObject({ code: 1, out: expect.stringContaining(`port ${port} is in use`) })
      expect(refused.out).not.toMatch(/^ +at |built/m)
    })
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
    expect(third.out).toMatch(/^ +reporter +(\d+ turns re-run over|is there, after) \d+ events/m)
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
