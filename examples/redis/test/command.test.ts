import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { component } from '@theater/example-kit/components'
import { expect, onTestFinished, test } from 'vitest'
import given from '../src/index.ts'
import { absent, sharedServer } from './server.ts'

const home = join(import.meta.dirname, '..')
const main = join(home, '../../packages/cli/src/main.ts')
const server = sharedServer()

/** What a test calls of what an actor imports. */
interface Bound {
  add(key: string, by: number): Promise<bigint>
}

test('the theater command takes it as a module', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'theater-redis-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  writeFileSync(join(cwd, 'visits.wasm'), (await component(home, 'visits', ['cache.wit'])).bytes)
  writeFileSync(
    join(cwd, 'theater.toml'),
    `[actor.visits]
component = "visits.wasm"

[actor.visits.grants.cache]
prefix = "visits/"
rights = "rw"
`,
  )
  const options = absent === undefined ? await server() : {}
  const handler = `${join(home, 'src/index.ts')}=${JSON.stringify(options)}`
  const theater = async (...args: string[]): Promise<unknown[]> => {
    const child = spawn(process.execPath, ['--conditions=theater-source', main, ...args, '--json'], { cwd })
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    if (out === '') throw new Error(err)
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  }
  expect(await theater('run', 'theater.toml', '--handler', handler)).toMatchObject([{ actor: 'visits' }])
  const visit = ['call', 'visits', 'visit', '{"page":"index","at":"10:00"}']
  expect(await theater(...visit, '--handler', handler)).toEqual([{ ok: 1 }])
  // The record needs neither the module nor the server.
  expect(await theater('verify', 'visits')).toMatchObject([{ verdict: 'verified' }])
})

test.skipIf(absent !== undefined)(
  `what it is called with says which server${absent === undefined ? '' : ` (${absent})`}`,
  async () => {
    const { url, namespace } = await server()
    const grant = { prefix: '', rights: 'rw' } as const
    const seen: unknown[] = []
    for (const space of [namespace, namespace, `${namespace}other:`]) {
      const handler = await given({ url, namespace: space })
      const signal = new AbortController().signal
      const { imports } = await handler.bind({ signal } as never, grant)
      const bound = (imports as Readonly<Record<string, Bound>>)['example:cache/cache@0.1']
      seen.push(await bound?.add('n', 1))
      await handler[Symbol.asyncDispose]?.()
    }
    expect(seen).toEqual([1n, 2n, 1n])
  },
)
