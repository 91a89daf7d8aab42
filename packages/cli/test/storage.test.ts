/** What is wrong with a data folder is said in a sentence, and nothing in it is lost. */
import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cGuest } from '@theater/guests'
import { describe, expect, it } from 'vitest'
import { Going } from './support/going.ts'
import { asOther, withoutRoom } from './support/other-user.ts'
import { ECHO, folder, start, theater } from './support/theater.ts'

const SERVING = `[http]
listen = "127.0.0.1:0"

[actor.web]
component = "web.wasm"

[[actor.web.grants.http.serve]]
path = "/"
`

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const noStack = /^ +at /m

async function count(url: string): Promise<string> {
  const response = await fetch(`${url}/count`, { headers: { connection: 'close' } })
  return response.ok ? response.text() : `status ${response.status}`
}

describe('a second host on the same data folder', () => {
  it.each([[[]], [['--answer', '60']]])(
    'takes it over, where nobody guards it, and the first one ends: %j',
    async (more) => {
      const cwd = folder({ 'theater.toml': SERVING, 'web.wasm': cGuest('web') })
      const args = ['run', 'theater.toml', ...more]
      const first = new Going(start(args, { cwd }))
      expect(await count(await first.url)).toBe('1')
      // As on a file system that has no locks.
      rmSync(join(cwd, '.theater', 'lock'))
      const second = new Going(start(args, { cwd }))
      expect(await count(await second.url)).toBe('2')
      const ended = new Promise((resolve) => first.child.once('close', resolve))
      await count(await first.url).catch(() => undefined)
      expect(await ended).toBe(3)
      expect(first.stderr).toContain(
        'Another theater process has taken the data folder over; this one stopped.',
      )
      expect(first.stderr).not.toMatch(noStack)
      expect(await count(await second.url)).toBe('3')
      expect(await second.end('SIGTERM')).toBe(0)
      expect((await theater(['verify', 'web'], { cwd })).code).toBe(0)
    },
  )
})

describe('a folder that cannot be written', () => {
  it('is not run, and nothing in it changes', async ({ skip }) => {
    const cwd = folder({ 'theater.toml': ECHO })
    expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
    const data = join(cwd, '.theater')
    const before = readFileSync(join(data, 'theater.db'))
    for (const path of [cwd, data]) chmodSync(path, 0o555)
    for (const file of ['theater.db', 'lock']) chmodSync(join(data, file), 0o444)
    try {
      const ran = asOther(['run', 'theater.toml'], cwd)
      if (ran === undefined) return skip('another user cannot read the sources here')
      expect(ran.stderr).toContain('.theater cannot be written, so none of its actors can be run here.')
      expect([ran.status, noStack.test(ran.stderr)]).toEqual([1, false])
      const fresh = asOther(['run', 'theater.toml', '--data', 'new'], cwd)
      expect(fresh?.stderr).toContain('new cannot be written')
      expect(fresh?.status).toBe(1)
      expect(asOther(['ps'], cwd)?.stderr).toContain('can only be read where its folder can be written')
      expect(readFileSync(join(data, 'theater.db'))).toEqual(before)
    } finally {
      for (const path of [cwd, data]) chmodSync(path, 0o755)
    }
  })
})

describe('a disk without room', () => {
  it('ends the command with a sentence, and what was recorded is there when there is room', async ({
    skip,
  }) => {
    if (process.platform !== 'linux') return skip('no limit on the size of files here')
    const cwd = folder({ 'theater.toml': ECHO })
    expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
    const message = JSON.stringify({ format: 'text/plain', body: { utf8: 'x'.repeat(90_000) } })
    const args = ['call', 'echo', 'theater:messaging/responder#handle-request', '"host"', message]
    // Enough for the log that is begun, not for what a long message needs.
    const ran = withoutRoom(100, args, cwd)
    expect([ran.status, noStack.test(ran.stderr)]).toEqual([1, false])
    expect(ran.stderr).toMatch(/the record of echo cannot be written; it stands still \(.*(disk|room)/)
    const again = await theater(args, { cwd })
    expect(again.code).toBe(0)
    expect((await theater(['verify', 'echo'], { cwd })).code).toBe(0)
  })
})

describe('a disk without room under actors that answer requests', () => {
  it('ends the host when none of them can go on, with the reason', async ({ skip }) => {
    if (process.platform !== 'linux') return skip('no limit on the size of files here')
    const args = ['run', 'theater.toml']
    const cwd = folder({ 'theater.toml': SERVING, 'web.wasm': cGuest('web') })
    const before = new Going(start(args, { cwd }))
    expect(await count(await before.url)).toBe('1')
    expect(await before.end('SIGTERM')).toBe(0)
    const limited = `trap '' XFSZ; ulimit -f 100; exec "$0" --conditions=theater-source "$@"`
    const full = new Going(spawn('sh', ['-c', limited, process.execPath, main, ...args], { cwd }))
    const url = await full.url
    const ended = new Promise((resolve) => full.child.once('close', resolve))
    let last = 1
    for (;;) {
      const now = await count(url).catch(() => 'nobody')
      if (now !== String(last + 1)) break
      last++
    }
    expect(await ended).toBe(1)
    const lines = full.stderr.split('\n').filter((line) => line.includes('stands still'))
    // When it happens, and when the command ends.
    expect(lines).toEqual([
      expect.stringMatching(/^web.* error .*\(.*(disk|room)/),
      expect.stringMatching(/^theater: .*\(.*(disk|room)/),
    ])
    expect(full.stderr).not.toMatch(/unsettled/)
    const after = new Going(start(args, { cwd }))
    expect(await count(await after.url)).toBe(String(last + 1))
    expect(await after.end('SIGTERM')).toBe(0)
  })
})

describe('a damaged database', () => {
  it('is said to be damaged, or what is broken is, wherever the damage is', async () => {
    const cwd = folder({ 'theater.toml': ECHO })
    expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
    const data = join(cwd, '.theater', 'theater.db')
    expect(existsSync(`${data}-wal`)).toBe(false)
    const good = readFileSync(data)
    const other = join(cwd, 'other')
    const seen = new Set<number | null>()
    // The header, the root of a table, somewhere in the middle.
    for (const at of [0, 2048 + 8, Math.floor(good.length / 2)]) {
      rmSync(other, { recursive: true, force: true })
      mkdirSync(other)
      for (const file of ['host.key']) copyFileSync(join(cwd, '.theater', file), join(other, file))
      const bad = Buffer.from(good)
      bad.fill(0xa5, at, at + 512)
      writeFileSync(join(other, 'theater.db'), bad)
      const ran = await theater(['run', 'theater.toml', '--data', 'other'], { cwd })
      expect([at, ran.stderr]).toEqual([at, expect.not.stringMatching(noStack)])
      expect(ran.code === 0 || /damaged|broken|cannot|not one of Theater/.test(ran.stderr)).toBe(true)
      seen.add(ran.code)
    }
    expect(seen).toContain(6)
  })
})
