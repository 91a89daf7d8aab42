import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, objects, theater } from './support/theater.ts'

const commands = [
  'build',
  'types',
  'dev',
  'inspect',
  'run',
  'serve',
  'call',
  'ps',
  'dead',
  'chain',
  'logs',
  'replay',
  'certify',
  'export',
  'import',
  'archive',
  'redact',
  'verify',
]

describe('help', () => {
  it('names every command and every exit code', async () => {
    const { code, stdout, stderr } = await theater(['--help'], { cwd: folder() })
    expect(code).toBe(0)
    expect(stderr).toBe('')
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    for (let exit = 0; exit <= 7; exit++) expect(stdout).toMatch(new RegExp(`^  ${exit}  `, 'm'))
  })

  it.for(commands)('%s has help of its own, with --json', async (name) => {
    const { code, stdout, stderr } = await theater([name, '--help'], { cwd: folder() })
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toContain(`Usage: theater ${name}`)
    expect(stdout).toContain('--json')
    expect(stdout).toMatch(new RegExp(`^Examples?:\n  theater ${name}`, 'm'))
    // A pipe is taken for a terminal of 80 columns; what somebody could copy is never broken.
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('prints the version', async () => {
    const { code, stdout } = await theater(['--version'], { cwd: folder() })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('usage', () => {
  it.for([
    [[], 'Usage: theater COMMAND'],
    [['nope'], "unknown command 'nope'"],
    [['rnu'], 'Did you mean run?'],
    [['run'], "missing required argument 'MANIFEST|FILE.wasm'"],
    [['build', 'a.ts'], "required option '-o, --out <OUT.wasm>' not specified"],
    [['ps', '--dta', 'x'], 'Did you mean --data?'],
    [['serve', 'echo.wasm', '--instances', '0'], 'whole number from 1 to 1000'],
    [['serve', 'nowhere.wasm'], 'there is no file nowhere.wasm'],
    [['ps', 'extra'], 'too many arguments'],
    [['chain', 'a', '--from', '-1'], 'whole number'],
    [['verify', 'a', '--max-events', '1e3'], 'whole number'],
    [['call', 'a', 'b', '--timeout', 'x'], 'number above 0'],
    [['call', 'a'], 'Usage: theater call [options] <ACTOR> <EXPORT> [JSON...]'],
    [['call', 'a'], '`theater call --help` says more'],
    [['inspect', 'echo.wasm', '--toml', '--json'], "'--toml' cannot be used with option '--json'"],
    [['build', '.', '-o', 'x.wasm'], '. is not a file'],
    [['build', 'echo.wasm', '-o', 'x.wasm'], 'is not the source of an actor'],
    [['build', 'echo.wasm', '-o', '.'], 'is not the source of an actor'],
    [['export', 'a', '-o', '.'], '. is a folder'],
    [['verify', './'], './ is not a file'],
    [['run', 'nowhere.toml'], 'there is no file nowhere.toml'],
    [['run', '.'], 'is not a file'],
    [['run', 'echo.wasm', '--actor', 'NO WAY'], "is not an actor's id"],
    [['inspect', 'nowhere.wasm'], 'there is no file nowhere.wasm'],
    [['inspect', '.'], 'is not a file'],
    [['build', 'nowhere.ts', '-o', 'x.wasm'], 'there is no file nowhere.ts'],
    [['ps'], 'there are no actors in .theater'],
    [['chain', 'a'], 'there are no actors'],
    [['export', 'a', '-o', 'a.car'], 'there are no actors'],
    [['call', 'a', 'b'], 'there are no actors'],
    [['verify', 'a'], 'there are no actors'],
    [['verify', 'a.car'], 'there is no file a.car'],
    [['replay', 'a.car'], 'there is no file a.car'],
    [['replay', 'a', '--until', 'x'], 'whole number'],
    [['certify', 'nowhere.wasm'], 'there is no file nowhere.wasm'],
    [['logs', 'a', '-f'], 'there are no actors'],
    [['verify', 'a', '--component', 'none.wasm'], 'there is no file none.wasm'],
    [['ps', '--data', 'echo.wasm'], 'there are no actors'],
    [['run', 'echo.wasm', '--data', 'hello.wasm'], 'is not a folder'],
    [['run', 'echo.wasm', '--data', 'hello.wasm/x'], 'is not a folder'],
  ] as const)('%j is exit code 2 and says %s', async ([args, message]) => {
    const { code, stdout, stderr } = await theater(args, { cwd: folder() })
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  // Whoever is root may read everything.
  it.skipIf(process.getuid?.() === 0)('a file that may not be read is exit code 2, too', async () => {
    const cwd = folder({ 'theater.toml': '[actor.a]\n' })
    for (const name of ['theater.toml', 'echo.wasm']) {
      chmodSync(join(cwd, name), 0)
      const { code, stderr } = await theater(['run', name], { cwd })
      expect(stderr).toContain(`${name} cannot be read (EACCES)`)
      expect(code).toBe(2)
    }
  })

  it('gives a machine the same on stderr, and nothing on stdout', async () => {
    const { code, stdout, stderr } = await theater(['run', 'nowhere.toml', '--json'], { cwd: folder() })
    expect(code).toBe(2)
    expect(stdout).toBe('')
    const last = stderr.trimEnd().split('\n').at(-1) ?? ''
    expect(JSON.parse(last)).toEqual({
      error: { code: 'usage', message: expect.stringContaining('nowhere.toml'), exit: 2 },
    })
  })

  it('is one line of JSON a result, whatever the command', async () => {
    const cwd = folder()
    await theater(['run', 'echo.wasm'], { cwd })
    for (const args of [
      ['ps'],
      ['inspect', 'echo.wasm'],
      ['chain', 'echo'],
      ['verify', 'echo'],
      ['call', 'echo', 'divide', '4', '2'],
    ]) {
      const ran = await theater([...args, '--json'], { cwd })
      expect([args[0], ran.code]).toEqual([args[0], 0])
      expect(objects(ran)).not.toEqual([])
    }
  })
})
