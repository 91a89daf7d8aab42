/**
 * `pnpm crash [--kills N] [--seed N] [--lives mixed|process|power] [--json]`: kills hosts, and says what is lost, doubled or unproven. Exit code 0
 * only if nothing is.
 */
import { parseArgs } from 'node:util'
import { crash } from './crash.ts'
import type { CrashOptions, CrashReport } from './crash.ts'

const usage = `usage: pnpm crash [--kills N] [--seed N] [--lives LIVES] [--together N] [--json]

  --kills N      how many hosts are killed (50)
  --seed N       where, and what of it (1)
  --lives LIVES  process: hosts are killed; power: their machines lose power too, with what was not synced;
                 mixed: two of the first for one of the second (mixed)
  --together N   how many lives there are at once (2)
  --json         {"kills","lost","twice","unintended","unverified"} on one line; progress and findings go to stderr
`

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

function readArguments(): CrashOptions & { readonly json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        kills: { type: 'string', default: '50' },
        seed: { type: 'string', default: '1' },
        lives: { type: 'string', default: 'mixed' },
        together: { type: 'string', default: '2' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const [kills, seed, together] = [values.kills, values.seed, values.together].map(Number) as [
      number,
      number,
      number,
    ]
    const { lives, json } = values
    if (![kills, seed, together].every(Number.isSafeInteger) || kills < 1 || together < 1) return fail(usage)
    if (lives !== 'mixed' && lives !== 'process' && lives !== 'power') return fail(usage)
    return { kills, seed, together, lives, json }
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

function words({ kills, lost, twice, unintended, unverified }: CrashReport): string {
  return `${kills} hosts were killed: ${lost} lost, ${twice} twice, ${unintended} unintended, ${unverified} unverified\n`
}

const { json, ...options } = readArguments()
const report = await crash({
  ...options,
  progress: (line) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`),
  found: (finding) => process.stderr.write(`${JSON.stringify(finding)}\n`),
})
if (process.stderr.isTTY) process.stderr.write('\n')
process.stdout.write(json ? `${JSON.stringify(report)}\n` : words(report))
const { kills: _, ...wrong } = report
process.exitCode = Object.values(wrong).every((n) => n === 0) ? 0 : 1
