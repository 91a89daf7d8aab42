/**
 * `pnpm escapes [--json] [--seconds N] [--disarm GUARD] [--only ID|CLASS]`: tries every escape of the catalogue, and says what
 * stopped it. With `--disarm` that guard is off, and what it stops has to get through: so the attempt is a real one.
 * Exit code 0 only if all is as the catalogue says.
 */
import { parseArgs } from 'node:util'
import { catalogue } from './catalogue.ts'
import type { Escape } from './escape.ts'
import { ENGINE, GUARDS } from './guards.ts'
import { type Finding, Runner } from './run.ts'

const usage = 'usage: pnpm escapes [--json] [--seconds N] [--disarm GUARD] [--only ID|CLASS]   (N: 30)'

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

interface Arguments {
  readonly json: boolean
  readonly seconds: number
  readonly disarm: string | undefined
  readonly only: string | undefined
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '30' },
        disarm: { type: 'string' },
        only: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) {
      process.stdout.write(`${usage}\n`)
      process.exit(0)
    }
    const { json, disarm, only } = values
    const seconds = Number(values.seconds)
    if (!(seconds > 0)) return fail(usage)
    if (disarm !== undefined && ENGINE.has(disarm))
      return fail(`${disarm} is a guard of the engine or of jco: it cannot be turned off`)
    if (disarm !== undefined && !Object.hasOwn(GUARDS, disarm))
      return fail(`there is no guard ${disarm}. Guards: ${Object.keys(GUARDS).join(', ')}`)
    return { json, seconds, disarm, only }
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

function told({ ok, id, guard, stopped, code }: Finding): string {
  return `${ok ? 'ok    ' : 'FAILED'}  ${id}: ${stopped ? `stopped by ${guard} (${code})` : `got through ${guard} (${code})`}\n`
}

const { json, seconds, disarm, only } = readArguments()
const started = performance.now()
const elapsed = (): number => (performance.now() - started) / 1000
const all = await catalogue()
const chosen = all.filter(
  ({ id, guard }: Escape) =>
    (only === undefined || id === only || id.startsWith(`${only}/`)) &&
    (disarm === undefined || guard === disarm),
)
if (chosen.length === 0) fail(only === undefined ? `no attempt names ${disarm}` : `there is no ${only}`)
const findings: Finding[] = []
const waiting = chosen.values()

/** Tries what is left, one after another: as many do at once as a small machine has cores. */
async function work(): Promise<void> {
  await using runner = new Runner(disarm)
  for (const escape of waiting) {
    const left = seconds - elapsed()
    if (left <= 0) return
    const limit = disarm !== undefined && escape.success === 'hang' ? Math.min(3, left) : left + 10
    const finding = await runner.run(escape, limit * 1000)
    findings.push(finding)
    const { id, class: of, guard, stopped, code } = finding
    process.stdout.write(
      json ? `${JSON.stringify({ id, class: of, guard, stopped, code })}\n` : told(finding),
    )
  }
}

await Promise.all([work(), work()])
const summary = {
  ok: findings.length === chosen.length && findings.every(({ ok }) => ok),
  attempts: chosen.length,
  tried: findings.length,
  stopped: findings.filter(({ stopped }) => stopped).length,
  failed: findings.filter(({ ok }) => !ok).map(({ id }) => id),
  guards: new Set(findings.map(({ guard }) => guard)).size,
  disarmed: disarm ?? null,
  seconds: Math.round(elapsed() * 1000) / 1000,
}
process.stdout.write(
  json
    ? `${JSON.stringify({ summary })}\n`
    : `${summary.stopped} of ${summary.tried} stopped${disarm === undefined ? '' : ` with ${disarm} off`}, ${chosen.length - summary.tried} not tried, ${summary.seconds} s\n`,
)
process.exitCode = summary.ok ? 0 : 1
