import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cGuest, watSource } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import { assemble } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import { folder, objects, theater } from './support/theater.ts'
import type { Ran } from './support/theater.ts'

/** A folder with a command that is a C program. */
const place = (): string => folder({ 'tool.wasm': cGuest('tool') })

const run = (cwd: string, args: readonly string[], input?: string): Promise<Ran> =>
  theater(['run', 'tool.wasm', ...args], { cwd, ...(input !== undefined && { input }) })

/** The same in a process of its own, whose streams are pipes. */
const piped = (cwd: string, args: readonly string[], input?: string): Promise<Ran> =>
  theater(['run', 'tool.wasm', ...args], { cwd, apart: true, ...(input !== undefined && { input }) })

async function verdicts(cwd: string): Promise<unknown[]> {
  const actors = objects(await theater(['ps', '--json'], { cwd })).map(({ actor }) => actor)
  return objects(await theater(['verify', ...actors, '--json'], { cwd })).map(({ verdict }) => verdict)
}

async function grantsOf(cwd: string, actor: string): Promise<any> {
  const [genesis] = objects(await theater(['chain', actor, '--to', '0', '--json'], { cwd }))
  return genesis.detail.grants
}

describe('arguments', () => {
  it('are those after the file, and after -- those that begin with -', async () => {
    const cwd = place()
    const plain = await run(cwd, ['--stdout', 'args', 'a', 'b c'])
    expect(plain).toEqual({ code: 0, stdout: 'tool.wasm\na\nb c\n', stderr: '' })
    const dashed = await run(cwd, ['--stdout', '--', 'args', '--json', '-x', ''])
    expect(dashed).toEqual({ code: 0, stdout: 'tool.wasm\n--json\n-x\n\n', stderr: '' })
    const unknown = await run(cwd, ['args', '--verbose'])
    expect(unknown.stderr).toContain("unknown option '--verbose'")
    expect(unknown.stderr).toContain('after --')
    expect(unknown.code).toBe(2)
    expect(await verdicts(cwd)).toEqual(['verified', 'verified'])
  })

  it('are recorded with the grants', async () => {
    const cwd = place()
    await run(cwd, ['args', 'x'])
    expect(await grantsOf(cwd, 'tool')).toEqual({ cli: { args: ['tool.wasm', 'args', 'x'] } })
  })
})

describe('environment', () => {
  it('is what was given, and nothing of this process', async () => {
    const cwd = place()
    expect(await run(cwd, ['--stdout', 'env'])).toEqual({ code: 0, stdout: '', stderr: '' })
    const flags = ['--env', 'B=2=3', '--env', 'A=1', '--env', 'THEATER_TEST', '--stdout']
    const env = { THEATER_TEST: 'from here' }
    const given = await theater(['run', 'tool.wasm', ...flags, 'env'], { cwd, env })
    expect(given.stdout).toBe('A=1\nB=2=3\nTHEATER_TEST=from here\n')
    expect(await verdicts(cwd)).toEqual(['verified', 'verified'])
  })

  it('is joined with that of a grant', async () => {
    const cwd = place()
    const grant = 'cli={"env":{"A":"1","B":"1"},"args":["name"]}'
    const ran = await run(cwd, ['--grant', grant, '--env', 'B=2', '--stdout', 'env'])
    expect(ran.stdout).toBe('A=1\nB=2\n')
    expect((await run(cwd, ['--grant', grant, '--stdout', 'args', 'x'])).stdout).toBe('name\nx\n')
  })

  it.each([
    [['--env', '=x'], 'there is no name'],
    [['--env', 'THEATER_NOBODY_SETS_THIS'], 'there is no such variable here'],
  ])('takes no %j', async (flags, message) => {
    const { code, stderr } = await run(place(), [...flags, 'env'])
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})

describe('streams', () => {
  it('are not connected unless somebody asks: what it writes is in its log, what it reads is at its end', async () => {
    const cwd = place()
    const ran = await piped(cwd, ['both'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toBe('')
    expect(ran.stderr.trimEnd().split('\n').toSorted()).toEqual([
      'tool info  half a line stream=stdout',
      'tool info  to stdout stream=stdout',
      'tool warn  half an error stream=stderr',
      'tool warn  to stderr stream=stderr',
    ])
    expect(await piped(cwd, ['--stdout', 'wc'], 'not for it')).toEqual({
      code: 0,
      stdout: '0 0 0\n',
      stderr: '',
    })
    const logs = objects(await theater(['logs', 'tool', '--json'], { cwd }))
    expect(logs.map(({ source, message }) => `${source} ${message}`).toSorted()).toEqual([
      'stderr half an error',
      'stderr to stderr',
      'stdout half a line',
      'stdout to stdout',
    ])
    expect(await verdicts(cwd)).toEqual(['verified', 'verified'])
  })

  it('are connected one by one', async () => {
    const cwd = place()
    const out = await piped(cwd, ['--stdout', 'both'])
    expect(out.stdout).toBe('to stdout\nhalf a line')
    expect(out.stderr).toBe('tool warn  to stderr stream=stderr\ntool warn  half an error stream=stderr\n')
    const err = await piped(cwd, ['--stderr', 'both'])
    expect(err.stdout).toBe('')
    expect(err.stderr).toContain('to stderr\nhalf an error')
    expect(err.stderr).toContain('tool-2 info  to stdout stream=stdout\n')
    const all = await piped(cwd, ['--stdio', 'both'])
    expect(all).toEqual({ code: 0, stdout: 'to stdout\nhalf a line', stderr: 'to stderr\nhalf an error' })
  })

  it('hand on every byte, and what was read is in the record', async () => {
    const cwd = place()
    const input = 'all\nof it\u0000\u001b[31m ä\n'.repeat(2000)
    expect(await piped(cwd, ['--stdio', 'cat'], input)).toEqual({ code: 0, stdout: input, stderr: '' })
    expect(await piped(cwd, ['--stdin', '--stdout', 'wc'], 'a b\nc')).toMatchObject({ stdout: '1 3 5\n' })
    expect(await verdicts(cwd)).toEqual(['verified', 'verified'])
    await theater(['export', 'tool-2', '-o', 'a.car'], { cwd })
    expect(readFileSync(join(cwd, 'a.car'), 'latin1')).toContain('a b\nc')
  })

  it('what it writes to its log cannot steer a terminal', async () => {
    const { stderr } = await piped(place(), ['args', '\u001b[31mred'])
    expect(stderr).toContain(String.raw`\x1b[31mred`)
    expect(stderr).not.toContain('\u001b')
  })

  it('are no terminal', async () => {
    const { stdout } = await piped(place(), ['--stdio', 'tty'])
    expect(stdout).toBe('stdin no terminal\nstdout no terminal\nstderr no terminal\n')
  })

  it('stdin can be given by a grant', async () => {
    const cwd = place()
    const ran = await piped(cwd, ['--grant', 'cli={"stdin":{"text":"a b c"}}', '--stdout', 'wc'], 'not this')
    expect(ran.stdout).toBe('0 3 5\n')
  })

  it('with --json stdout is of this command alone', async () => {
    const ran = await piped(place(), ['--stdio', '--json', 'both'])
    expect(objects(ran)).toMatchObject([{ actor: 'tool', state: 'stopped' }])
    expect(ran.stderr).toContain('to stdout\n')
    expect(ran.stderr).toContain('half a line')
  })
})

describe('versions', () => {
  it('are any of 0.2, and those of one component may differ', async () => {
    const source = watSource('hello')
    const used = source.match(/@0\.2\.3/g) ?? []
    expect(used.length).toBeGreaterThan(4)
    const cwd = folder()
    for (const first of [0, 3, 6]) {
      let patch = first
      const mixed = source.replaceAll('@0.2.3', () => `@0.2.${patch++ % 7}`)
      writeFileSync(join(cwd, 'mixed.wasm'), await assemble(mixed))
      const ran = await theater(['run', 'mixed.wasm', '--stdio', 'copy'], { cwd, input: 'to and fro' })
      expect(ran).toEqual({ code: 0, stdout: 'to and fro', stderr: '' })
    }
    expect(await verdicts(cwd)).toEqual(['verified', 'verified', 'verified'])
  })
})

describe('exit codes', () => {
  it('are those of the guest', async () => {
    const cwd = folder()
    const hello = (...args: string[]): Promise<Ran> =>
      theater(['run', 'hello.wasm', '--stdio', ...args], { cwd, apart: true })
    expect(await hello()).toEqual({ code: 0, stdout: 'hello\n', stderr: '' })
    expect(await hello('err')).toEqual({ code: 1, stdout: '', stderr: '' })
    expect(await hello('x7')).toEqual({ code: 7, stdout: '', stderr: '' })
    const trapped = await hello('t')
    expect(trapped).toEqual({ code: 4, stdout: '', stderr: 'theater: hello-4 trapped (guest)\n' })
    const rows = objects(await theater(['ps', '--json'], { cwd }))
    expect(rows.map(({ actor, state }) => `${actor} ${state}`)).toEqual(
      ['hello', 'hello-2', 'hello-3', 'hello-4'].map((id) => `${id} stopped`),
    )
    expect(await verdicts(cwd)).toEqual(rows.map(() => 'verified'))
  })

  it('of a C program are 0 and 1: that is all that wasi:cli/exit says', async () => {
    const cwd = place()
    expect((await run(cwd, ['exit', '0'])).code).toBe(0)
    expect((await run(cwd, ['exit', '3'])).code).toBe(1)
    expect((await run(cwd, ['get', 'NOTHING'])).code).toBe(1)
    const aborted = await run(cwd, ['abort', '--json'])
    expect(aborted.code).toBe(4)
    expect(JSON.parse(aborted.stderr.trimEnd().split('\n').at(-1) ?? '')).toEqual({
      error: { code: 'guest-failed', message: 'tool-4 trapped (guest)', exit: 4 },
    })
    expect(await verdicts(cwd)).toEqual(['verified', 'verified', 'verified', 'verified'])
  })
})

describe('grants', () => {
  const files = (): string => {
    const cwd = folder({ 'files.wasm': cGuest('files'), 'probe.wasm': cGuest('fetcher') })
    mkdirSync(join(cwd, 'data'))
    writeFileSync(join(cwd, 'data/note.txt'), 'a note\n')
    return cwd
  }

  it('come from flags: without one there is no directory', async () => {
    const cwd = files()
    const bare = await theater(['run', 'files.wasm', '--stdio', 'cat', '/data/note.txt'], { cwd })
    expect(bare.code).toBe(1)
    expect(bare.stderr).toContain('files: cat: /data/note.txt: errno')
    const fs = 'fs={"mounts":{"/data":{"host":"data","rights":"r"}}}'
    const granted = await theater(['run', 'files.wasm', '--grant', fs, '--stdio', 'cat', '/data/note.txt'], {
      cwd,
    })
    expect(granted).toEqual({ code: 0, stdout: 'a note\n', stderr: '' })
    expect((await grantsOf(cwd, 'files-2')).fs.mounts).toEqual({
      '/data': { host: join(cwd, 'data'), rights: 'r' },
    })
    expect(await verdicts(cwd)).toEqual(['verified', 'verified'])
  })

  it('come from an actor of a manifest, with its limits and its arguments', async () => {
    const cwd = files()
    writeFileSync(
      join(cwd, 'theater.toml'),
      `[actor.reader]
component = "files.wasm"
[actor.reader.grants.cli]
args = ["reader", "cat", "/data/note.txt"]
[actor.reader.grants.fs.mounts."/data"]
host = "data"
rights = "r"
[actor.reader.limits]
memory = 4194304
`,
    )
    const flags = ['--manifest', 'theater.toml', '--actor', 'reader', '--stdout']
    const ran = await theater(['run', 'files.wasm', ...flags], { cwd })
    expect(ran).toEqual({ code: 0, stdout: 'a note\n', stderr: '' })
    const [genesis] = objects(await theater(['chain', 'reader', '--to', '0', '--json'], { cwd }))
    expect(genesis.detail.limits.memory).toBe(4194304)
    // A command of a manifest is an actor, and runs once under its name.
    expect((await theater(['run', 'files.wasm', ...flags], { cwd })).code).toBe(2)
    const both = await theater(['run', 'files.wasm', ...flags, '--grant', 'log'], { cwd })
    expect(both.stderr).toContain('leave --grant out, or --manifest')
    expect(both.code).toBe(2)
  })

  it('of a manifest that makes a command do not run it: it says what does', async () => {
    const cwd = folder({
      'theater.toml': '[actor.hello]\ncomponent = "hello.wasm"\n[actor.echo]\ncomponent = "echo.wasm"\n',
    })
    const { code, stderr } = await theater(['run', 'theater.toml'], { cwd })
    expect(stderr.split('\n').filter((line) => line.includes('is a command'))).toEqual([
      `hello is a command, and was not called: \`theater run ${join(cwd, 'hello.wasm')} --manifest theater.toml --actor hello\` runs one, with another data folder or --fresh`,
    ])
    expect(code).toBe(0)
    const ran = await theater(
      ['run', 'hello.wasm', '--manifest', 'theater.toml', '--stdout', '--data', 'own'],
      { cwd },
    )
    expect(ran).toEqual({ code: 0, stdout: 'hello\n', stderr: '' })
  })

  it.each([
    [['--grant', 'fs={'], 2, 'is not JSON'],
    [['--grant', 'cli={"stdn":"none"}'], 3, 'unknown key "stdn"'],
    [['--grant', 'cli=3', '--stdout'], 3, 'the grant "cli" is not valid'],
    [['--grant', 'nobody'], 3, 'there is no handler "nobody"'],
    [['--grant', 'fs={"mounts":{"/d":{"host":"nowhere","rights":"r"}}}'], 3, 'nowhere'],
  ] as const)('%j are refused', async (flags, code, message) => {
    const ran = await run(place(), [...flags, 'args'])
    expect(ran.stderr).toContain(message)
    expect(ran.code).toBe(code)
  })

  it('that are missing are named as flags', async () => {
    const cwd = folder({ 'sender.wasm': relayGuest('messaging') })
    const { code, stderr } = await theater(['run', 'sender.wasm'], { cwd })
    expect(stderr).toMatch(
      /sender\.wasm imports `theater:messaging\/client@0\.1\.0`, which it was not granted\. Add --grant 'messaging=\{/,
    )
    expect(code).toBe(3)
  })

  it('of http are there with nothing in them: what imports it runs, and each request is refused and recorded', async () => {
    const cwd = files()
    expect((await theater(['run', 'probe.wasm'], { cwd })).code).toBe(0)
    expect(await grantsOf(cwd, 'probe')).toEqual({ http: {} })
    const called = await theater(['call', 'probe', 'get', '"127.0.0.1:9"', '"/"'], { cwd })
    expect([called.code, called.stdout]).toEqual([4, '{"err":null}\n'])
    const events = objects(await theater(['chain', 'probe', '--json'], { cwd }))
    expect(events.filter(({ detail }) => detail?.denied === true)).toMatchObject([
      {
        result: { err: 'HTTP-request-denied' },
        ask: { method: 'GET', origin: 'http://127.0.0.1:9', path: '/' },
      },
    ])
    expect(await verdicts(cwd)).toEqual(['verified'])
  })

  it('there are none of sockets', async () => {
    const cwd = folder({
      'net.wasm': await assemble(`(component
  (import "wasi:sockets/network@0.2.3" (instance $network (export "network" (type (sub resource)))))
  (alias export $network "network" (type $network))
  (import "wasi:sockets/instance-network@0.2.3" (instance
    (alias outer 1 $network (type $network'))
    (export "network" (type $network (eq $network')))
    (export "instance-network" (func (result (own $network)))))))`),
      'theater.toml': '[actor.net]\ncomponent = "net.wasm"\n',
    })
    for (const file of ['net.wasm', 'theater.toml']) {
      const { code, stderr } = await theater(['run', file], { cwd })
      expect(stderr).toContain('wasi:sockets/instance-network@0.2.3')
      expect(stderr).toContain('what it may reach over HTTP is granted as http')
      expect(code).toBe(3)
    }
  })

  it.each(['--grant=log', '--manifest=x.toml', '--env=A=b', '--stdin', '--stdout', '--stderr', '--stdio'])(
    'of a manifest stand in it: no %s',
    async (flag) => {
      const cwd = folder({ 'theater.toml': '[actor.echo]\ncomponent = "echo.wasm"\n' })
      const { code, stderr } = await theater(['run', 'theater.toml', flag], { cwd })
      expect(stderr).toContain('is for a component')
      expect(code).toBe(2)
    },
  )
})
