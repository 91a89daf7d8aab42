import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { crash } from '../src/index.ts'

const main = new URL('../src/main.ts', import.meta.url).pathname

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const node = ['--conditions=theater-source', main, ...args]
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, node)) }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

const nothing = { lost: 0, twice: 0, unintended: 0, unverified: 0 }

describe('hosts that are killed', () => {
  it('leave nothing lost, nothing doubled, nothing that nobody meant, and nothing unproven', async () => {
    const found: unknown[] = []
    const report = await crash({ kills: 46, seed: 1, found: (one) => found.push(one) })
    expect(found).toEqual([])
    expect(report).toEqual({ kills: 46, ...nothing })
  })

  it('lose what was answered, where the system says that it has synced and has not', async () => {
    const { lost } = await crash({ kills: 2, seed: 1, lives: 'power', honest: false })
    expect(lost).toBeGreaterThan(0)
  })
})

describe('pnpm crash', () => {
  it('says what it found on one line', async () => {
    const { code, stdout, stderr } = await run('--kills', '2', '--seed', '7', '--json')
    expect(JSON.parse(stdout)).toEqual({ kills: 2, ...nothing })
    expect([code, stderr.includes('2 of 2 kills')]).toEqual([0, true])
  })

  it('says how it is used', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--kills N') })
    expect(await run('--kills', 'many')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('usage'),
    })
  })
})
