import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { carOf, spineChain } from './chain.ts'

const main = new URL('../src/main.ts', import.meta.url).pathname

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const options = { maxBuffer: 64 * 1024 * 1024 }
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--conditions=theater-source', main, ...args],
      options,
    )
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

describe('pnpm tamper', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'theater-tamper-'))
    const car = await carOf(await spineChain(1))
    await writeFile(join(folder, 'good.car'), car)
    const damaged = car.slice()
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    await writeFile(join(folder, 'bad.car'), damaged)
    await writeFile(join(folder, 'none.car'), 'not a CAR file')
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('tries every class within its time, one JSON object a line, the summary last', async () => {
    const { code, stdout } = await run(join(folder, 'good.car'), '--json', '--seconds', '1')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as { class?: string; ok?: boolean; summary?: { ok: boolean; tried: number } },
      )
    const last = lines.pop()
    expect(last?.summary).toMatchObject({ ok: true, tried: lines.length, error: null })
    expect(new Set(lines.map((line) => line.class)).size).toBe(18)
    expect(lines.every(({ ok }) => ok)).toBe(true)
    expect(code).toBe(0)
  })

  it('fails on a file that is not verified as it is', async () => {
    const { code, stdout } = await run(join(folder, 'bad.car'))
    expect(stdout).toContain('broken')
    expect(code).toBe(1)
  })

  it('fails on what is no such file', async () => {
    expect(await run(join(folder, 'none.car'), '--json')).toMatchObject({ code: 1 })
    expect(await run(join(folder, 'gone.car'))).toMatchObject({ code: 2, stdout: '' })
    expect(await run()).toMatchObject({ code: 2, stdout: '' })
  })
})
