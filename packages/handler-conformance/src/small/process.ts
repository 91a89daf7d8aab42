import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import { bytes, errorOf, payloadOf } from '../outcome.ts'
import { withPart } from './part.ts'
import type { InterfaceLaw, Part } from './part.ts'

const PROGRAMS = 'theater:process/programs@0.1'
const RUN = `${PROGRAMS}#run`

/** What a grant lets an actor run: one program under a name, with these as its first arguments and any behind them. */
export interface ProcessMay {
  readonly name: string
  readonly path: string
  readonly begin: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly timeoutMs?: number
  readonly maxOutputBytes?: number
}

/** A handler of `theater:process` in one configuration. */
export interface ProcessSubject {
  /** For titles. */
  readonly name: string
  /** Makes the handler, with these as the most bytes of all arguments and of standard input. */
  readonly make: (maxArgumentBytes: number, maxInputBytes: number) => AnyHandler
  /** The grant of this, and of nothing else. */
  readonly grant: (may: ProcessMay) => Json
  /** Milliseconds that something which has been ended may still be seen. @default 60000 */
  readonly patienceMs?: number
}

interface Output {
  readonly exitCode: number | undefined
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

interface Stage extends Part {
  /** Runs the program with these behind its first arguments. */
  readonly start: (args?: readonly string[], stdin?: Uint8Array) => Promise<Output>
}

/** Which every POSIX system has, and which starts at once. */
const SHELL = '/bin/sh'

/** A program: a script that the system's shell runs, or another file. */
async function staged(
  { make, grant }: ProcessSubject,
  source: string,
  more: Partial<ProcessMay>,
  run: (stage: Stage) => Promise<void>,
): Promise<void> {
  const may: ProcessMay = { name: 'program', path: SHELL, begin: ['-c', source, 'sh'], ...more }
  await withPart(make(10_000, 1000), grant(may), (part) => {
    const start: Stage['start'] = (args = [], stdin = bytes('')) =>
      part.fn(PROGRAMS, 'run')(may.name, [...may.begin, ...args], stdin) as Promise<Output>
    return run({ ...part, start })
  })
}

const text = (chunk: Uint8Array): string => new TextDecoder().decode(chunk)

/** Starts a program that goes on for long, and says who that is. */
const CHILD = 'sleep 100000 > /dev/null 2>&1 & echo $! > "$1.part"; mv "$1.part" "$1"'

/** Resolves when a program has ended that was started in a file's name. */
async function over(file: string, { patienceMs = 60_000 }: ProcessSubject): Promise<void> {
  const pid = await said(file)
  for (let waited = 0; waited < patienceMs && lives(pid); waited += 10) await setTimeout(10)
  assert.ok(!lives(pid), 'what a program started goes on')
}

async function said(file: string): Promise<number> {
  for (let n = 0; n < 6000 && !existsSync(file); n++) await setTimeout(10)
  return Number(readFileSync(file, 'utf8'))
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that has ended and that nobody has asked about is none that runs.
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'theater-laws-')))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What `theater:process` says must be so. They run programs of this machine, which has to be one of POSIX. */
export const processLaws: readonly InterfaceLaw<ProcessSubject>[] = [
  {
    name: 'a program gets its arguments as they are and its input with its end, and gives what it wrote',
    async run(subject) {
      const source = `printf '%s|' "$@"; cat; printf warned >&2`
      await staged(subject, source, {}, async ({ start }) => {
        const args = ['a b', '$(id)', ';ls', '*', 'ü', '']
        const { exitCode, stdout, stderr } = await start(args, bytes('in'))
        assert.equal(text(stdout), `${args.map((arg) => `${arg}|`).join('')}in`)
        assert.deepEqual([exitCode, text(stderr)], [0, 'warned'])
      })
    },
  },
  {
    name: 'a program has the environment and the folder of the grant, and nothing else',
    async run(subject) {
      await inFolder(async (cwd) => {
        // A shell has variables of its own.
        for (const [path, said] of [
          ['/usr/bin/env', 'A=1\nB=2 3\n'],
          ['/bin/pwd', `${cwd}\n`],
        ] as const)
          await staged(
            subject,
            '',
            { path, begin: [], env: { A: '1', B: '2 3' }, cwd },
            async ({ start }) => {
              assert.equal(text((await start()).stdout), said)
            },
          )
      })
    },
  },
  {
    name: 'a program says what it ended with, or that a signal ended it',
    async run(subject) {
      const source = `[ "$1" = signal ] && kill -9 $$; exit 7`
      await staged(subject, source, {}, async ({ start }) => {
        assert.equal((await start()).exitCode, 7)
        assert.equal((await start(['signal'])).exitCode, undefined)
      })
    },
  },
  {
    name: 'a program is a name of the grant, and never a path',
    async run(subject) {
      await staged(subject, '', {}, async ({ fn }) => {
        for (const name of [SHELL, 'other', 'constructor', ''])
          assert.equal(
            await errorOf(() => fn(PROGRAMS, 'run')(name, ['-c', '', 'sh'], bytes(''))),
            'denied',
            `${name} is run`,
          )
      })
    },
  },
  {
    name: 'a program that cannot be started is not-startable',
    async run(subject) {
      await inFolder(async (folder) => {
        for (const path of [join(folder, 'nothing'), folder])
          await staged(subject, '', { path }, async ({ start }) => {
            assert.equal(await errorOf(() => start()), 'not-startable')
          })
      })
    },
  },
  {
    name: 'an argument with a NUL is a bad one',
    async run(subject) {
      await staged(subject, '', {}, async ({ start }) => {
        assert.equal(await errorOf(() => start(['a\u0000b'])), 'bad-argument')
      })
    },
  },
  {
    name: 'more than a program is given is too large, by the limit',
    async run(subject) {
      await staged(subject, '', {}, async ({ start }) => {
        const argument = await payloadOf(() => start(['x'.repeat(10_000)]))
        assert.deepEqual(argument, { tag: 'too-large', val: 10_000n })
        const input = await payloadOf(() => start([], new Uint8Array(1001)))
        assert.deepEqual(input, { tag: 'too-large', val: 1000n })
      })
    },
  },
  {
    name: 'a program that writes more than it may is ended, by the limit',
    async run(subject) {
      const source = 'while :; do echo 0123456789; done'
      await staged(subject, source, { maxOutputBytes: 5000 }, async ({ start }) => {
        assert.deepEqual(await payloadOf(() => start()), { tag: 'output-too-large', val: 5000n })
      })
    },
  },
  {
    name: 'a program that takes longer than it may is ended, by the limit',
    async run(subject) {
      await staged(subject, 'sleep 100000', { timeoutMs: 50 }, async ({ start }) => {
        assert.deepEqual(await payloadOf(() => start()), { tag: 'timeout', val: 50n })
      })
    },
  },
  {
    name: 'what a program started ends with it',
    async run(subject) {
      await inFolder(async (folder) => {
        const file = join(folder, 'pid')
        await staged(subject, CHILD, {}, async ({ start }) => {
          assert.equal((await start([file])).exitCode, 0)
          await over(file, subject)
        })
      })
    },
  },
  {
    name: 'a stop of the actor ends a program, with what it started',
    async run(subject) {
      await inFolder(async (folder) => {
        const file = join(folder, 'pid')
        await staged(subject, `${CHILD}; wait`, { timeoutMs: 600_000 }, async ({ actor, start }) => {
          const running = start([file])
          running.catch(() => undefined)
          await said(file)
          actor.end(new Error('stopped by a law'))
          await assert.rejects(running, /stopped by a law/)
          await over(file, subject)
        })
      })
    },
  },
  {
    name: 'a program is started at most once for each call, also where the host crashes',
    async run(subject) {
      await staged(subject, '', {}, async ({ binding }) => {
        assert.equal(subject.make(10_000, 1000).functions[RUN]?.effect, 'once')
        const intent = { fn: RUN, args: ['program', ['-c', '', 'sh'], bytes('')] }
        const settled = (await binding.reconcile?.(intent as never)) ?? 'unknown'
        assert.ok(settled === 'unknown' || (typeof settled === 'object' && 'failed' in settled))
      })
    },
  },
]
