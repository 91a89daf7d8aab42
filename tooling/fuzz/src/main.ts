/**
 * `pnpm fuzz --target component|manifest|value|chain|log|meter --seed N [--seconds N] [--json]`: makes inputs from what is real, changes
 * them, and looks at what has to hold whatever came in. Exit code 0 only if it all did.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from './random.ts'
import { type Counts, type Find, fuzz } from './run.ts'
import { TARGETS, type TargetName } from './target.ts'
import { targetOf } from './targets.ts'

const usage = `usage: pnpm fuzz --target ${TARGETS.join('|')} --seed N [--seconds N] [--keep FOLDER] [--json]   (N: 1; 30 seconds)`

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

interface Arguments {
  readonly target: TargetName
  readonly seed: number
  readonly seconds: number
  /** Where inputs go for which something did not hold. */
  readonly keep: string | undefined
  readonly json: boolean
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        target: { type: 'string' },
        seed: { type: 'string', default: '1' },
        seconds: { type: 'string', default: '30' },
        keep: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) {
      process.stdout.write(`${usage}\n`)
      process.exit(0)
    }
    const target = TARGETS.find((name) => name === values.target)
    const seed = Number(values.seed)
    const seconds = Number(values.seconds)
    if (target === undefined || !Number.isSafeInteger(seed) || !(seconds > 0)) return fail(usage)
    return { target, seed, seconds, keep: values.keep, json: values.json }
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

const { target, seed, seconds, keep, json } = readArguments()
const started = performance.now()

async function save({ at }: Find, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${target}-${seed}-${at}`)
  writeFileSync(path, await (await targetOf(target)).input(new Random(seed, at)))
  return path
}

let printed = started
const progress = ({ inputs, accepted, finds }: Counts): void => {
  if (!json || performance.now() - printed < 2000) return
  printed = performance.now()
  process.stdout.write(`${JSON.stringify({ inputs, accepted, finds: finds.length })}\n`)
}

const { inputs, accepted, finds, marks } = await fuzz({
  target,
  seed,
  seconds,
  onTried: progress,
  onFind: (find) =>
    process.stdout.write(
      json ? `${JSON.stringify({ find })}\n` : `FOUND  ${target} ${seed} ${find.at}: ${find.what}\n`,
    ),
})
if (keep !== undefined) for (const find of finds) await save(find, keep)
const summary = {
  ok: finds.length === 0 && inputs > 0,
  target,
  seed,
  inputs,
  accepted,
  finds: finds.length,
  marks: Object.fromEntries(Object.entries(marks).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  seconds: Math.round(performance.now() - started) / 1000,
}
const share = (n: number): string => `${n} (${inputs === 0 ? 0 : Math.round((n / inputs) * 1000) / 10} %)`
process.stdout.write(
  json
    ? `${JSON.stringify({ summary })}\n`
    : `${[
        `${target}, seed ${seed}: ${inputs} inputs in ${summary.seconds} s, ${share(accepted)} accepted, ${finds.length} finds`,
        ...Object.entries(summary.marks).map(([mark, n]) => `  ${mark}: ${share(n)}`),
      ].join('\n')}\n`,
)
process.exitCode = summary.ok ? 0 : 1
