import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { chart, page } from '../src/report.ts'
import { scenarios, slugOf } from '../src/scenarios.ts'

const main = new URL('../src/main.ts', import.meta.url).pathname
const run = promisify(execFile)
const soak = (...args: string[]) => run(process.execPath, ['--conditions=theater-source', main, ...args])

const sample = (calls: number, guest: number) => ({ calls, rss: 100, heap: 10, external: 5, guest, us: 50 })
const soaked = [
  { name: 'a', engine: 'compiled', mode: 'sync', samples: [sample(0, 1), sample(50, 2), sample(100, 3)] },
]

describe('pnpm soak', () => {
  it('looks at memory as often as it is told, while the calls of a scenario are recorded', async () => {
    const { stdout } = await soak('--json', '--calls', '40', '--samples', '4', '--only', '3-imports-sync')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line))
    expect(lines.map(({ calls }) => calls)).toEqual([0, 10, 20, 30, 40, undefined])
    for (const { rss, heap, guest } of lines.slice(0, -1)) {
      expect(Math.min(Number(rss), Number(heap), Number(guest))).toBeGreaterThan(0)
    }
    expect(lines.at(-1)).toMatchObject({ summary: { calls: 40 } })
  })

  it('says what there is to choose from', async () => {
    await expect(soak('--only', 'nothing')).rejects.toMatchObject({ code: 2, stderr: /no scenario nothing/ })
    const { stdout } = await soak('--help')
    for (const one of scenarios) expect(stdout).toContain(slugOf(one))
    expect(new Set(scenarios.map(slugOf)).size).toBe(scenarios.length)
  })
})

describe('the page', () => {
  const marked =
    'before\n<!-- figures: written by pnpm soak --write docs -->\nold\n<!-- end of figures -->\nafter'

  it('gets its figures between the marks, and nothing else of it changes', () => {
    const written = page(marked, soaked)
    expect(written).toContain('| a; compiled, sync | 100 | 2.0, 2.0, 3.0 |')
    expect(written.startsWith('before\n')).toBe(true)
    expect(written.endsWith('<!-- end of figures -->\nafter')).toBe(true)
    expect(written).not.toContain('old')
    expect(page(written, soaked)).toBe(written)
    expect(() => page('no marks', soaked)).toThrow('the page has no')
  })

  it('has a chart with a line for each kind of memory', () => {
    expect(chart(soaked).match(/<polyline/g)).toHaveLength(3)
  })
})
