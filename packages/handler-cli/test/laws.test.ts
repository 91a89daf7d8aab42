import { altered, cliLaws, violated } from '@theater/handler-conformance'
import type { Alteration, CliSubject } from '@theater/handler-conformance'
import { cliConformance } from '@theater/handler-conformance/vitest'
import type { InputStream } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { cli } from '../src/index.ts'

const right: CliSubject = {
  name: 'cli',
  make: ({ stdin, output }) => cli({ connect: () => ({ stdin, stdout: output, stderr: output }) }),
  grant: ({ env, args, stdin, output }) => ({
    ...(env && { env }),
    ...(args && { args }),
    ...(stdin && { stdin: stdin === 'connected' ? 'inherit' : stdin }),
    ...(output && { stdout: 'inherit', stderr: 'inherit' }),
  }),
}

cliConformance(right)

/** One broken handler for each law. */
const broken: Readonly<Record<string, Alteration>> = {
  'the environment is that of the grant, and none without one': {
    calls: { 'environment#getEnvironment': (self) => (self() as unknown[]).slice(1) },
  },
  'the arguments are those of the grant, in their order, and none without one': {
    calls: { 'environment#getArguments': (self) => [...new Set(self() as string[])] },
  },
  'no folder of the host shows, and no terminal': {
    calls: { 'environment#initialCwd': () => process.cwd() },
  },
  'standard input is what the grant says: nothing, a text, or what is connected': {
    calls: {
      'stdin#getStdin': (self) => {
        const stdin = self() as InputStream
        return { ...stdin, read: (length: number) => stdin.read(length).fill(0x20) }
      },
    },
  },
  'what is written goes to what is connected where that is granted, and else to the log': {
    calls: { 'stderr#getStderr': (self) => ({ ...(self() as object), write: () => undefined }) },
  },
  'exit ends the actor: 0 for ok, 1 for an error, or the number that it says': {
    calls: { 'exit#exitWithCode': (self) => self(0) },
  },
}

describe('a broken handler of commands', () => {
  test.each(cliLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const make: CliSubject['make'] = (streams) => altered(right.make(streams), broken[name]!)
    expect(await violated(cliLaws, { ...right, make })).toEqual([name])
  })
})
