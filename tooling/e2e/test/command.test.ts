import { readFileSync } from 'node:fs'
import { memoryStore } from '@theater/event-chain'
import { guest, watSource } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { cli } from '@theater/handler-cli'
import type { CliGrant, Connection } from '@theater/handler-cli'
import { Theater } from '@theater/runtime'
import type { Limits, LogLine } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { exitCode, linesOf, verify } from './support/files.ts'

interface Ran {
  readonly code: number | 'trapped'
  readonly out: readonly string[]
}

/** Runs `tooling/guests/wat/hello.wat` under a grant, or under none, and its record again. */
async function run(
  cliGrant?: CliGrant,
  connect?: Connection,
  component: Uint8Array = guest('hello'),
  limits: Partial<Limits> = {},
): Promise<Ran> {
  const store = memoryStore()
  const lines: LogLine[] = []
  await using theater = await Theater.open({
    store,
    handlers: [cli(connect && { connect: () => connect })],
    cache,
    log: (line) => lines.push(line),
  })
  const grants = cliGrant === undefined ? {} : { cli: cliGrant }
  const { chain } = await theater.spawn({ id: 'hello', component, grants, limits })
  const code = await exitCode(theater, 'hello').catch((error: { code: 'trapped' }) => error.code)
  expect(await verify(store, chain)).toMatchObject({ verdict: 'verified' })
  const left = lines.filter(({ fields }) => fields.some(([, value]) => value === 'log-rate'))
  return { code, out: [...linesOf(lines, 'stdout'), ...left.map(({ message }) => message)] }
}

/** The patch version of WASI 0.2 that is vendored, the newest there is. */
const newest = Number(
  /^package wasi:cli@0\.2\.(\d+);/m.exec(
    readFileSync(new URL('../../../wit/wasi/cli.wit', import.meta.url), 'utf8'),
  )?.[1],
)

/** `hello` as it is for another version of WASI. */
const helloOf = (version: string): Promise<Uint8Array> =>
  assemble(watSource('hello').replaceAll('@0.2.3', `@${version}`))

describe('a wasi:cli command of WASI', () => {
  it('is of any 0.2: each that there is, and the next', async () => {
    expect(newest).toBeGreaterThan(10)
    for (let patch = 0; patch <= newest + 1; patch++) {
      const component = await helloOf(`0.2.${patch}`)
      expect([
        patch,
        await run({ args: ['hello', 'c'], stdin: { text: 'to and fro\n' } }, undefined, component),
      ]).toEqual([patch, { code: 0, out: ['to and fro'] }])
    }
  })

  it('is of no 0.3: that is refused by its name', async () => {
    const refused = run(undefined, undefined, await helloOf('0.3.0'))
    await expect(refused).rejects.toMatchObject({
      code: 'unmet-import',
      message: expect.stringMatching(/`wasi:io\/streams@0\.3\.0`.*It is of WASI 0\.3/),
    })
    // What a component of 0.3 itself has: a function that gives a stream.
    const own = assemble(`(component
  (import "wasi:cli/stdin@0.3.0" (instance (export "read-via-stream" (func (result (stream u8)))))))`)
    await expect(run(undefined, undefined, await own)).rejects.toMatchObject({
      code: 'bad-component',
      message: expect.stringContaining('stream'),
    })
  })
})

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

  it('writes to its log as much as its limit lets it, which says what it left out', async () => {
    const grant = { args: ['hello', 'c'], stdin: { text: 'one\ntwo\nthree\nfour\n' } }
    expect(await run(grant, undefined, guest('hello'), { logLines: 2 })).toEqual({
      code: 0,
      out: ['one', 'two', '2 lines of 33 bytes left out: more than 2 lines a second, the limit "logLines"'],
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
