import { defineActor, ProgramError } from '@theater/actor'
import type { TheaterProcessPrograms } from '@theater/wit'
import { expect, test } from 'vitest'
import words from './sources/words.ts'
import { err, FakeHost, Served } from './fake-host.ts'

type Output = TheaterProcessPrograms.Output

/** A host whose programs answer so. */
function running(answer: () => Output) {
  const calls: unknown[] = []
  const run = (...args: unknown[]): Output => {
    calls.push(args)
    return answer()
  }
  return { calls, host: { ...new FakeHost().all(), programs: { run } } }
}

const output = (stdout: string, exitCode?: number): Output => ({
  exitCode,
  stdout: new TextEncoder().encode(stdout),
  stderr: new Uint8Array(),
})

test('a program gets its arguments and its input, and an exit code is an answer', async () => {
  const good = running(() => output('2\n', 0))
  expect(await new Served(words, good.host).request('words', 'one two')).toBe(2)
  expect(good.calls).toEqual([['count', ['-w'], new TextEncoder().encode('one two')]])
  for (const [code, said] of [
    [3, 'wc ended with 3'],
    [undefined, 'wc ended with null'],
  ] as const) {
    const actor = new Served(words, running(() => output('', code)).host)
    expect(await actor.request('words', '')).toMatchObject({ code: 'count', message: said })
  }
})

test('without arguments and input it gets none', async () => {
  const { calls, host } = running(() => output('', 0))
  const actor = new Served(
    defineActor({ uses: ['process'], messages: { go: (ctx) => ctx.run('it').stdout } }),
    host,
  )
  expect(await actor.request('go')).toEqual(new Uint8Array())
  expect(calls).toEqual([['it', [], new Uint8Array()]])
})

test.for([
  ['denied', { tag: 'denied' }, null],
  ['timeout', { tag: 'timeout', val: 5n }, 5],
  ['outcome-unknown', { tag: 'outcome-unknown' }, null],
] as const)('what the host says of it is the code: %s', async ([code, error, limit]) => {
  const { host } = running(() => {
    throw err(error)
  })
  const actor = new Served(
    defineActor({
      uses: ['process'],
      messages: {
        go(ctx) {
          try {
            return ctx.run('it').exitCode
          } catch (thrown) {
            if (!ProgramError.is(thrown)) throw thrown
            return [thrown.code, thrown.limit ?? null]
          }
        },
      },
    }),
    host,
  )
  expect(await actor.request('go')).toEqual([code, limit])
})

test('an actor without the capability is told what to add', async () => {
  const actor = new Served(
    defineActor({ messages: { go: (ctx: object) => (ctx as { run: (name: string) => string }).run('it') } }),
    new FakeHost().log(),
  )
  expect(await actor.request('go')).toMatchObject({
    message: expect.stringContaining("add 'process' to uses"),
  })
})
