/**
 * `pnpm tamper FILE.car [--json] [--seconds N]`: changes every chain of a file in every way at every event, and says
 * what verification finds. Exit code 0 only if each chain is verified as it is and each change is found where it has to be.
 */
import { statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { FindingLine, Summary, Told } from './report.ts'

const usage = 'usage: pnpm tamper FILE.car [--json] [--seconds N]   (N: 30)'
/** Beyond its time it is not slow but stuck: an input was changed so that a component never ends. */
const graceMs = 30_000

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

function readArguments(): { readonly path: string; readonly json: boolean; readonly seconds: number } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '30' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) {
      process.stdout.write(`${usage}\n`)
      process.exit(0)
    }
    const [path] = positionals
    const seconds = Number(values.seconds)
    if (path === undefined || positionals.length > 1 || !(seconds > 0)) return fail(usage)
    if (!statSync(path).isFile()) return fail(`${path} is not a file`)
    return { path, json: values.json, seconds }
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

function run(path: string, seconds: number, onFinding: (line: FindingLine) => void): Promise<Summary> {
  const seen = { tried: 0, held: 0, last: '' }
  const started = performance.now()
  const ended = (error: string): Summary => ({
    ok: false,
    chains: [],
    tried: seen.tried,
    held: seen.held,
    left: 0,
    classes: [],
    seconds: Math.round(performance.now() - started) / 1000,
    error,
  })
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { path, seconds } })
    const timer = setTimeout(
      () => {
        void worker.terminate()
        resolve(ended(`stuck after ${seen.last}: without a meter nothing ends a component that does not`))
      },
      seconds * 1000 + graceMs,
    )
    const done = (summary: Summary): void => {
      clearTimeout(timer)
      resolve(summary)
    }
    worker.on('message', (told: Told) => {
      if (told.tag === 'done') return done(told.summary)
      const { line } = told
      seen.tried++
      if (line.ok) seen.held++
      seen.last = `${line.class} (${line.what}) at ${line.at}`
      onFinding(line)
    })
    worker.on('error', (error) => done(ended(error instanceof Error ? error.message : String(error))))
  })
}

function told({ class: name, what, at, verdict, index, why, expected, ok }: FindingLine): string {
  const found = `${verdict}${index === null ? '' : ` at ${index}`}${why === null ? '' : ` (${why})`}`
  return ok
    ? `  ok      ${name} (${what}) at ${at}: ${found}`
    : `  MISSED  ${name} (${what}) at ${at}: ${found}; has to be ${expected}`
}

function table({ chains, classes, tried, held, left, seconds, error }: Summary): string {
  const lines = chains.map(
    ({ actor, chain, events, verdict }) => `${actor ?? chain}: ${verdict}, ${events} events`,
  )
  for (const one of classes) {
    const some = one.tried < one.cases ? ` of ${one.cases}` : ''
    lines.push(
      `${one.held === one.tried ? 'ok    ' : 'MISSED'}  ${one.class}: ${one.held}/${one.tried}${some}`,
    )
  }
  if (error !== null) lines.push(error)
  lines.push(`${held} of ${tried} found where they have to be, ${left} not tried, ${seconds} s`)
  return `${lines.join('\n')}\n`
}

const { path, json, seconds } = readArguments()
const summary = await run(path, seconds, (line) => {
  if (json) process.stdout.write(`${JSON.stringify(line)}\n`)
  else if (!line.ok) process.stdout.write(`${told(line)}\n`)
})
process.stdout.write(json ? `${JSON.stringify({ summary })}\n` : table(summary))
process.exitCode = summary.ok ? 0 : 1
