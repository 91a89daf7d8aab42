import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeActor } from '@theater/handler-conformance'
import { WitError } from '@theater/handler'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { process as programs } from '../src/index.ts'
import type { Output, ProcessGrant, ProcessOptions, ProgramGrant } from '../src/index.ts'

const PROGRAMS = 'theater:process/programs@0.1'
const any = { more: { prefix: '' } }
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'theater-process-test-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program in JavaScript, run by the Node that runs this. */
function script(name: string, source: string): ProgramGrant {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, source)
  return { path: process.execPath, args: [{ begin: [file], more: { prefix: '' } }] }
}

const plain = (path: string): ProgramGrant => ({ path, args: [{}] })

interface Bound {
  readonly run: (program: string, args?: readonly string[], stdin?: Uint8Array) => Promise<Output>
  readonly actor: ReturnType<typeof fakeActor>
}

async function bound(
  list: ProcessGrant['programs'],
  grant = {},
  options: ProcessOptions = {},
): Promise<Bound> {
  const actor = fakeActor()
  const { imports } = await programs(options).bind(actor, { programs: list, ...grant })
  return {
    actor,
    run: (program, args = [], stdin = new Uint8Array()) => {
      const first = list[program]?.args?.[0]
      const file =
        first !== undefined && 'begin' in first ? (first.begin[0] as string | undefined) : undefined
      return imports[PROGRAMS].run(program, file === undefined ? args : [file, ...args], stdin)
    },
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (from: string): Uint8Array => new TextEncoder().encode(from)

async function payload(promise: Promise<unknown>): Promise<unknown> {
  const caught: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!WitError.is(caught)) throw caught ?? new Error('it answered')
  return caught.payload
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // One that has ended and that nobody has asked about is none that runs.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

describe('a program', () => {
  test('gets its arguments as they are, its input and its end, and gives what it wrote', async () => {
    const echo = script(
      'echo',
      `import { text } from 'node:stream/consumers'
      const input = await text(process.stdin)
      process.stdout.write(JSON.stringify([process.argv.slice(2), input]))
      process.stderr.write('warned')
      process.exitCode = 7`,
    )
    const { run } = await bound({ echo })
    const args = ['a b', '$(id)', ';ls', '*', 'ü', '']
    const { exitCode, stdout, stderr } = await run('echo', args, bytes('in\n'))
    expect([exitCode, JSON.parse(text(stdout)), text(stderr)]).toEqual([7, [args, 'in\n'], 'warned'])
  })

  test('has the environment of its grant and no other', async () => {
    const env = script('env', `process.stdout.write(JSON.stringify(process.env))`)
    expect(JSON.parse(text((await (await bound({ env })).run('env')).stdout))).toEqual({})
    const { run } = await bound({ env: { ...env, env: { LANG: 'C', __proto__x: '1' } } })
    expect(JSON.parse(text((await run('env')).stdout))).toEqual({ LANG: 'C', __proto__x: '1' })
  })

  test('runs in the folder of its grant, else in an empty one that goes away', async () => {
    const where = script(
      'where',
      `import { readdirSync, writeFileSync } from 'node:fs'
      const found = readdirSync('.')
      writeFileSync('left', '')
      process.stdout.write(JSON.stringify([process.cwd(), found.length]))`,
    )
    const [own, found] = JSON.parse(text((await (await bound({ where })).run('where')).stdout)) as [
      string,
      number,
    ]
    expect([existsSync(own), found]).toEqual([false, 0])
    const { run } = await bound({ where: { ...where, cwd: folder } })
    expect(JSON.parse(text((await run('where')).stdout))[0]).toBe(folder)
  })

  test('that a signal ends has no exit code', async () => {
    const dies = script('dies', `process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)`)
    expect((await (await bound({ dies })).run('dies')).exitCode).toBeUndefined()
  })

  test('need not read its input', async () => {
    const deaf = script('deaf', `process.stdin.destroy()`)
    const { run } = await bound({ deaf })
    expect((await run('deaf', [], new Uint8Array(1024 * 1024))).exitCode).toBe(0)
  })
})

describe('is refused, and nothing runs:', () => {
  test('what cannot be started', async () => {
    const file = join(folder, 'plain')
    writeFileSync(file, 'no program', { mode: 0o644 })
    const { run } = await bound({
      none: plain('/nowhere/at/all'),
      file: plain(file),
      folder: plain(folder),
    })
    for (const name of ['none', 'file', 'folder'])
      expect(await payload(run(name))).toEqual({ tag: 'not-startable' })
  })

  test('a name that is none of the grant, also one that every object has', async () => {
    const { run } = await bound({})
    for (const name of ['constructor', '__proto__', '/bin/sh', ''])
      expect(await payload(run(name))).toEqual({ tag: 'denied' })
  })

  test('a NUL in an argument', async () => {
    const { run } = await bound({ a: { path: '/bin/sh', args: [any] } })
    expect(await payload(run('a', ['x\0y']))).toEqual({ tag: 'bad-argument' })
  })

  test('more than the host gives', async () => {
    const { run } = await bound(
      { a: { path: '/bin/sh', args: [any] } },
      {},
      { maxArgumentBytes: 10, maxInputBytes: 3 },
    )
    expect(await payload(run('a', ['12345', '1234']))).toEqual({ tag: 'too-large', val: 10n })
    expect(await payload(run('a', [], new Uint8Array(4)))).toEqual({ tag: 'too-large', val: 3n })
  })

  test('more at once than the host runs', async () => {
    const waits = script('waits', `process.stdin.resume()\nsetInterval(() => {}, 1000)`)
    const { run, actor } = await bound({ waits }, {}, { maxRunning: 1 })
    const first = run('waits')
    expect(await payload(run('waits'))).toEqual({ tag: 'busy' })
    actor.end(new Error('stopped'))
    await expect(first).rejects.toThrow('stopped')
  })
})

describe('is ended, with all that it started:', () => {
  // It starts a child in a group of its own, which starts another; each writes its number.
  const family = script(
    'family',
    `import { spawn } from 'node:child_process'
    const [, file, depth = '2'] = process.argv
    process.stdout.write(process.pid + '\\n')
    if (depth !== '0') spawn(process.execPath, [file, String(depth - 1)], { stdio: ['ignore', 'inherit', 'ignore'], detached: depth === '2' })
    setInterval(() => {}, 1000)`,
  )
  const pidsIn = (path: string): number[] =>
    existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').filter(Boolean).map(Number) : []

  async function begun(
    grant = {},
  ): Promise<{ ended: Promise<unknown>; pids: number[]; actor: Bound['actor'] }> {
    const log = join(folder, `pids-${Math.random()}`)
    const source = readFileSync(join(folder, 'family.mjs'), 'utf8').replace(
      `process.stdout.write(process.pid + '\\n')`,
      `;(await import('node:fs')).appendFileSync(${JSON.stringify(log)}, process.pid + '\\n')`,
    )
    const { run, actor } = await bound({ family: script(`family-${Math.random()}`, source) }, grant)
    const ended = run('family')
    ended.catch(() => undefined)
    await vi.waitFor(() => expect(pidsIn(log)).toHaveLength(3), { timeout: 60_000, interval: 50 })
    return { ended, pids: pidsIn(log), actor }
  }

  test('by a stop of the actor', async () => {
    expect(family.path).toBe(process.execPath)
    const { ended, pids, actor } = await begun()
    expect(pids.map(alive)).toEqual([true, true, true])
    actor.end(new Error('stopped'))
    await expect(ended).rejects.toThrow('stopped')
    await vi.waitFor(() => expect(pids.map(alive)).toEqual([false, false, false]), { timeout: 60_000 })
  })

  test('by its time', async () => {
    const stuck = script('stuck', `setInterval(() => {}, 1000)`)
    const { run } = await bound({ stuck }, { timeoutMs: 1 })
    expect(await payload(run('stuck'))).toEqual({ tag: 'timeout', val: 1n })
  })

  test('by what it writes, to both streams together', async () => {
    const loud = script(
      'loud',
      `const more = () => process.stdout.write('x'.repeat(1000), more)\nprocess.stderr.write('y')\nmore()`,
    )
    const { run } = await bound({ loud }, { maxOutputBytes: 5000 })
    expect(await payload(run('loud'))).toEqual({ tag: 'output-too-large', val: 5000n })
  })

  test('what it leaves behind in its group, when it has ended itself', async () => {
    const leaves = script(
      'leaves',
      `import { spawn } from 'node:child_process'
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: ['ignore', 'inherit', 'ignore'] })
      process.stdout.write(String(child.pid), () => process.exit(0))`,
    )
    const { run } = await bound({ leaves })
    const { exitCode, stdout } = await run('leaves')
    expect(exitCode).toBe(0)
    await vi.waitFor(() => expect(alive(Number(text(stdout)))).toBe(false), { timeout: 60_000 })
  })
})

describe('a grant', () => {
  const handler = programs()
  const git = (args: ProgramGrant['args']): ProcessGrant => ({
    programs: { git: { path: '/usr/bin/git', args } },
  })
  const may = (args: ProgramGrant['args'], ...given: string[]): boolean =>
    handler.authorize(git(args), { program: 'git', args: given }) === true

  test('with an empty list is for no call, and one with an empty pattern for none with arguments', () => {
    expect([may([{}]), may([{}], 'status')]).toEqual([true, false])
    expect([may([]), may([], 'status')]).toEqual([false, false])
  })

  test('a text is that text, and each argument counts', () => {
    const args = [{ begin: ['status'] }, { begin: ['log', '-n', { prefix: '' }] }]
    expect([may(args, 'status'), may(args, 'log', '-n', '5')]).toEqual([true, true])
    expect([may(args), may(args, 'stat'), may(args, 'status', 'x'), may(args, 'log', '-n')]).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  test('a prefix covers no option, unless it is one', () => {
    expect([may([{ begin: [{ prefix: '' }] }], '--exec=x'), may([{ begin: [{ prefix: '' }] }], '-')]).toEqual(
      [false, false],
    )
    expect([
      may([{ begin: [{ prefix: '--since=' }] }], '--since=1d'),
      may([{ begin: [{ prefix: '--since=' }] }], '--exec'),
    ]).toEqual([true, false])
  })

  test('more is for any number behind', () => {
    const args = [{ begin: ['add'], more: { prefix: 'src/' } }]
    expect([may(args, 'add'), may(args, 'add', 'src/a', 'src/b')]).toEqual([true, true])
    expect([may(args), may(args, 'add', 'src/a', '-f'), may(args, 'rm', 'src/a')]).toEqual([
      false,
      false,
      false,
    ])
  })

  test.for([
    ['another path', { programs: { git: { path: '/tmp/git', args: [] } } }, 'not /tmp/git'],
    ['another program', { programs: { sh: { path: '/bin/sh', args: [] } } }, 'not a program of the parent'],
    [
      'another environment',
      { programs: { git: { path: '/usr/bin/git', args: [], env: { GIT_DIR: '/' } } } },
      'environment',
    ],
    ['another folder', { programs: { git: { path: '/usr/bin/git', args: [], cwd: '/' } } }, 'folder'],
    ['more arguments', git([{ begin: ['status'] }, { begin: ['push'] }]), 'push'],
    ['more time', { ...git([{ begin: ['status'] }]), timeoutMs: 10_001 }, 'timeoutMs'],
  ] as const)('of a child is not within its parent with %s', ([, child, said]) => {
    expect(handler.within(child, git([{ begin: ['status'] }]))).toMatchObject({
      refused: expect.stringContaining(said),
    })
  })
})
