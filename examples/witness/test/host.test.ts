import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VerifierKey } from '@theater/event-chain/log'
import { guest } from '@theater/guests'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { witnessKey } from '../src/key.ts'
import { Ledger } from '../src/ledger.ts'
import { serve } from '../src/serve.ts'
import type { Serving } from '../src/serve.ts'
import { Witness } from '../src/witness.ts'

const main = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname

/** A host with a manifest in a folder, and a witness that listens where the manifest says. */
let cwd: string
let serving: Serving
let witness: VerifierKey
let host: string

async function theater(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { FORCE_COLOR: _force, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=theater-source', main, ...args], { cwd, env })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stdout, stderr }
}

const json = async (...args: string[]): Promise<any> => JSON.parse((await theater(...args, '--json')).stdout)

const actor = '[actor.echo]\ncomponent = "echo.wasm"\n\n[actor.echo.grants.log]\n'

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'witnessed-'))
  writeFileSync(join(cwd, 'echo.wasm'), guest('echo'))
  writeFileSync(join(cwd, 'theater.toml'), actor)
  await theater('run', 'theater.toml')
  host = (await json('key')).key
  const key = await witnessKey(cwd, 'witness.example/w1')
  witness = key.verifier
  const one = new Witness({ key, logs: [await VerifierKey.parse(host)], ledger: new Ledger(cwd) })
  serving = await serve(one, { host: '127.0.0.1', port: 0 })
  const cosigned = `\n[[host.witnesses]]\nkey = "${witness.toString()}"\nurl = "${serving.url}"\n`
  writeFileSync(join(cwd, 'theater.toml'), actor + cosigned)
})

afterAll(async () => {
  await serving[Symbol.asyncDispose]()
  rmSync(cwd, { recursive: true })
})

const verify = (...args: string[]): Promise<any> =>
  json('verify', ...args, '--key', host, '--witness', witness.toString())

describe('a host whose witness is this one', () => {
  it('has cosigned what it exports, and is found out where its store was put back', async () => {
    await theater('export', 'echo', '-o', 'before.car')
    expect(await verify('before.car')).toMatchObject({
      verdict: 'inconclusive',
      code: 'unwitnessed',
      levels: { structure: 'pass', signature: 'none', execution: 'pass' },
    })
    const ran = await theater('run', 'theater.toml')
    expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining('witness')])
    const first = await json('checkpoint', '-o', 'kept.checkpoint')
    expect(first.witnesses).toMatchObject([{ name: 'witness.example/w1', size: first.size, fault: null }])
    cpSync(join(cwd, '.theater'), join(cwd, 'backup'), { recursive: true })

    // Every command that runs the actors goes on with it.
    await theater('call', 'echo', 'log', '"seen"')
    await theater('export', 'echo', '-o', 'after.car')
    const after = await verify('after.car')
    expect(after).toMatchObject({ verdict: 'verified', levels: { signature: 'pass' } })
    expect(after.witnessed).toMatchObject([{ name: 'witness.example/w1', time: expect.any(Number) }])
    await theater('proof', '--since', 'kept.checkpoint', '-o', 'now.tlog-consistency')
    const since = ['--since', 'kept.checkpoint']
    const proven = await verify('now.tlog-consistency', ...since)
    expect(proven).toMatchObject({ since: first.size, size: first.size + 1 })
    expect(proven.witnessed).toMatchObject([{ name: 'witness.example/w1' }])
    await theater('proof', 'echo', '0', '-o', 'one.tlog-proof')
    expect((await verify('one.tlog-proof')).witnessed).toHaveLength(1)

    // The records of one call are taken away, by putting back what there was before it.
    rmSync(join(cwd, '.theater'), { recursive: true })
    cpSync(join(cwd, 'backup'), join(cwd, '.theater'), { recursive: true })
    const forked = await theater('call', 'echo', 'log', '"instead"')
    expect(forked).toMatchObject({ code: 0 })
    expect(forked.stderr).toContain('the witness witness.example/w1 did not cosign')
    expect(forked.stderr).toMatch(/cut back or written anew/)
    const shown = await theater('checkpoint')
    expect(shown.stderr).toContain('other-log')
    await theater('export', 'echo', '-o', 'forked.car')
    expect(await verify('forked.car')).toMatchObject({ verdict: 'inconclusive', code: 'unwitnessed' })
    await theater('export', 'echo', '-o', 'older.car', '--witnessed')
    expect(await verify('older.car')).toMatchObject({ verdict: 'inconclusive', code: 'unsigned' })
  })
})
