import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { altered, processLaws, violated } from '@theater/handler-conformance'
import type { Alteration, ProcessSubject } from '@theater/handler-conformance'
import { processConformance } from '@theater/handler-conformance/vitest'
import { WitError } from '@theater/handler'
import { afterAll, describe, expect, test } from 'vitest'
import { process as programs } from '../src/index.ts'

const right: ProcessSubject = {
  name: 'process',
  make: (maxArgumentBytes, maxInputBytes) =>
    programs({ maxArgumentBytes, maxInputBytes, timeoutMs: 120_000 }),
  grant: ({ name, path, begin, env, cwd, timeoutMs, maxOutputBytes }) => ({
    programs: {
      [name]: {
        path,
        args: [{ begin: [...begin], more: { prefix: '' } }],
        ...(env && { env }),
        ...(cwd !== undefined && { cwd }),
      },
    },
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxOutputBytes !== undefined && { maxOutputBytes }),
  }),
}

processConformance(right)

type Args = readonly [name: string, args: readonly string[], stdin: Uint8Array]

const run = (change: (self: (...args: Args) => Promise<any>, args: Args) => unknown): Alteration => ({
  calls: { 'programs#run': (self, args) => change(self as never, args as unknown as Args) },
})

/** With another error in the place of one. */
const instead = (tag: string, other: object): Alteration =>
  run((self, args) =>
    self(...args).catch((error: unknown) => {
      throw WitError.is(error) && (error.payload as { tag: string }).tag === tag ? new WitError(other) : error
    }),
  )

/** Started by those who do not end what they started. */
const left: ChildProcess[] = []
afterAll(() => {
  for (const { pid } of left) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
})

function leave([, args]: Args): ChildProcess {
  const child = spawn('/bin/sh', args, { detached: true, stdio: 'ignore' })
  left.push(child)
  return child
}

/** Whether it is the program of that law. */
const unrefs = ([, [, source = '']]: Args): boolean =>
  source.includes('sleep') && source.endsWith('mv "$1.part" "$1"')
const spawns = ([, [, source = '']]: Args): boolean => source.endsWith('; wait')

/** One broken handler for each law. */
const broken: Readonly<Record<string, Alteration>> = {
  'a program gets its arguments as they are and its input with its end, and gives what it wrote': run(
    (self, [name, args, stdin]) =>
      self(name, stdin.length === 2 ? args.filter((arg) => arg !== '') : args, stdin),
  ),
  'a program has the environment and the folder of the grant, and nothing else': {
    handler: (good) => ({
      ...good,
      bind(actor, grant) {
        const { programs: all } = grant as any
        const more = Object.entries<any>(all).map(([name, one]) => [
          name,
          { ...one, env: { ...one.env, B: '2' } },
        ])
        return good.bind(actor, { ...(grant as object), programs: Object.fromEntries(more) } as never)
      },
    }),
  },
  'a program says what it ended with, or that a signal ended it': run(async (self, args) => {
    const output = await self(...args)
    return { ...output, exitCode: output.exitCode ?? 137 }
  }),
  'a program is a name of the grant, and never a path': run((self, [name, args, stdin]) =>
    self(name === '/bin/sh' ? 'program' : name, args, stdin),
  ),
  'a program that cannot be started is not-startable': instead('not-startable', { tag: 'denied' }),
  'an argument with a NUL is a bad one': run((self, [name, args, stdin]) =>
    self(
      name,
      args.map((arg) => arg.replaceAll('\0', '')),
      stdin,
    ),
  ),
  'more than a program is given is too large, by the limit': instead('too-large', {
    tag: 'too-large',
    val: 1n,
  }),
  'a program that writes more than it may is ended, by the limit': instead('output-too-large', {
    tag: 'timeout',
    val: 5000n,
  }),
  'a program that takes longer than it may is ended, by the limit': instead('timeout', {
    tag: 'output-too-large',
    val: 50n,
  }),
  'what a program started ends with it': run(async (self, args) => {
    if (!unrefs(args)) return self(...args)
    const [exitCode] = await once(leave(args), 'exit')
    return { exitCode, stdout: new Uint8Array(), stderr: new Uint8Array() }
  }),
  'a stop of the actor ends a program, with what it started': {
    handler: (good) => ({
      ...good,
      async bind(actor, grant) {
        const binding = await good.bind(actor, grant)
        const { promise, reject } = Promise.withResolvers<never>()
        promise.catch(() => undefined)
        actor.signal.addEventListener('abort', () => reject(actor.signal.reason))
        const [[track, { run: self }]] = Object.entries(binding.imports) as any
        const other = (...args: any[]) =>
          spawns(args as any) ? (leave(args as any), promise) : self(...args)
        return { ...binding, imports: { [track]: { run: other } } }
      },
    }),
  },
  'a program is started at most once for each call, also where the host crashes': {
    binding: (good) => ({ ...good, reconcile: async () => 'not-done' as const }),
  },
}

describe('a broken handler of programs', () => {
  test.each(processLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const make: ProcessSubject['make'] = (...limits) => altered(right.make(...limits), broken[name]!)
    // What is not ended is there for good; what is ended may be there for long.
    const laws = processLaws.map((law) => ({
      name: law.name,
      run: (of: ProcessSubject) => law.run({ ...of, ...(law.name === name && { patienceMs: 100 }) }),
    }))
    expect(await violated(laws, { ...right, make })).toEqual([name])
  })
})
