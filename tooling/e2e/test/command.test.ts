import { memoryStore } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { cli } from '@theater/handler-cli'
import type { CliGrant, Connection } from '@theater/handler-cli'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { exitCode, linesOf, verify } from './support/files.ts'

interface Ran {
  readonly code: number | 'trapped'
  readonly out: readonly string[]
}

/** Runs `tooling/guests/wat/hello.wat` under a grant, or under none, and its record again. */
async function run(cliGrant?: CliGrant, connect?: Connection): Promise<Ran> {
  const store = memoryStore()
  const lines: LogLine[] = []
  await using theater = await Theater.open({
    store,
    handlers: [cli(connect && { connect: () => connect })],
    cache,
    log: (line) => lines.push(line),
  })
  const grants = cliGrant === undefined ? {} : { cli: cliGrant }
  const { chain } = await theater.spawn({ id: 'hello', component: guest('hello'), grants })
  const code = await exitCode(theater, 'hello').catch((error: { code: 'trapped' }) => error.code)
  expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  return { code, out: linesOf(lines, 'stdout') }
}

describe('a wasi:cli command', () => {
  it('without a grant runs with no arguments and prints to the log', async () => {
    expect(await run()).toEqual({ code: 0, out: ['hello'] })
  })

  it('gets its arguments from its grant, and ends as it likes', async () => {
    expect(await run({ args: ['hello', 'e'] })).toEqual({ code: 1, out: [] })
    expect(await run({ args: ['hello', 'x7'] })).toEqual({ code: 7, out: [] })
    expect(await run({ args: ['hello', 't'] })).toEqual({ code: 'trapped', out: [] })
  })

  it('reads the text that it was granted', async () => {
    expect(await run({ args: ['hello', 'c'], stdin: { text: 'one\ntwo\n' } })).toEqual({
      code: 0,
      out: ['one', 'two'],
    })
  })

  it('is connected to nothing that is not in its grant, whatever the embedder offers', async () => {
    const fail = (): never => {
      throw new Error('the stream was used')
    }
    const stdout = { checkWrite: fail, write: fail, flush: fail, blockingFlush: fail, pollable: {} as never }
    expect(await run({}, { stdout })).toEqual({ code: 0, out: ['hello'] })
  })
})
