// `pnpm soak [--only SLUG] [--calls N] [--samples N] [--json] [--write FILE.md]`
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { build } from '@theater/actor/build'
import { page, chart } from './report.ts'
import type { Soaked } from './report.ts'
import { committed, scenarios, slugOf } from './scenarios.ts'
import type { Scenario } from './scenarios.ts'
import type { Sample } from './worker.ts'

const help = `pnpm soak [--only SLUG] [--calls N] [--samples N] [--json] [--write FOLDER]

  --only SLUG     one scenario, or several times --only:
                  ${scenarios.map(slugOf).join('\n                  ')}
  --calls N       calls of each scenario (default 500000)
  --samples N     how often memory is looked at (default 20: every 5 %)
  --from FILE     measures nothing: takes what --json printed before, in one file
  --write FOLDER  writes soak.svg there, and the figures in soak.md
  --json          one object a line, the last {"summary": …}
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    calls: { type: 'string', default: '500000' },
    samples: { type: 'string', default: '20' },
    from: { type: 'string' },
    write: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const calls = Number(values.calls)
const samples = Number(values.samples)
const unknown = values.only.filter((slug) => !scenarios.some((one) => slugOf(one) === slug))
const whole = (n: number): boolean => Number.isSafeInteger(n) && n > 0
if (values.help || !whole(calls) || !whole(samples) || samples > calls || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`there is no scenario ${unknown.join(', ')}\n`)
  ;(values.help ? process.stdout : process.stderr).write(help)
  process.exit(values.help ? 0 : 2)
}

const folder = mkdtempSync(join(tmpdir(), 'theater-soak-'))
const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain')
  response.end('a short answer')
})
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve)
})
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** A path as whoever called meant it: pnpm starts this in the folder of the package. */
function placed(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path)
}

/** The component of a scenario, in a file. */
async function component({ actor }: Scenario): Promise<string> {
  const name = 'source' in actor ? actor.source.replace('.ts', '') : actor.guest
  const out = join(folder, `${name}.wasm`)
  if ('guest' in actor) writeFileSync(out, committed(actor.guest))
  else {
    process.stderr.write(`building ${actor.source} …\n`)
    await build({ entry: new URL(`../actors/${actor.source}`, import.meta.url).pathname, out })
  }
  return out
}

/** Runs a scenario in a process of its own, so that nothing of another is in its figures. */
async function soak(scenario: Scenario, file: string): Promise<readonly Sample[]> {
  const place = join(folder, slugOf(scenario))
  mkdirSync(place)
  writeFileSync(join(place, 'small.txt'), 'a line of text\n'.repeat(20))
  const worker = new URL('worker.ts', import.meta.url).pathname
  const options = ['--conditions=theater-source', '--expose-gc', '--disable-warning=ExperimentalWarning']
  const args = [slugOf(scenario), String(calls), String(samples), file, place, origin]
  const child = spawn(process.execPath, [...options, worker, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve)
  })
  const found: Sample[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const sample = JSON.parse(line) as Sample
    found.push(sample)
    show(scenario, sample)
  }
  const code = await ended
  rmSync(place, { recursive: true })
  if (code !== 0) throw new Error(`${slugOf(scenario)} ended with ${code}`)
  return found
}

function show(scenario: Scenario, { calls: done, rss, heap, external, guest, us }: Sample): void {
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ scenario: slugOf(scenario), calls: done, rss, heap, external, guest, us })}\n`,
    )
    return
  }
  const cells = [
    done.toLocaleString('en'),
    ...[rss, heap, external, guest].map((mb) => mb.toFixed(1)),
    String(us),
  ]
  process.stdout.write(`  ${cells.map((cell) => cell.padStart(10)).join('')}\n`)
}

/** What an earlier run printed, by scenario. */
function recorded(file: string): Soaked[] {
  const found = new Map<string, Sample[]>()
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue
    const { scenario, ...sample } = JSON.parse(line) as Partial<Sample> & { scenario?: string }
    if (scenario === undefined) continue
    // A scenario that began again counts from there.
    if (sample.calls === 0 || !found.has(scenario)) found.set(scenario, [])
    found.get(scenario)?.push(sample as Sample)
  }
  return scenarios.flatMap((one) => {
    const { name, engine, mode } = one
    const of = found.get(slugOf(one))
    return of === undefined ? [] : [{ name, engine, mode, samples: of }]
  })
}

async function measured(): Promise<Soaked[]> {
  const soaked: Soaked[] = []
  for (const scenario of scenarios) {
    if (values.only.length > 0 && !values.only.includes(slugOf(scenario))) continue
    const file = await component(scenario)
    if (!values.json) {
      const heads = ['calls', 'RSS', 'heap', 'external', 'guest', 'µs/call'].map((head) => head.padStart(10))
      process.stdout.write(
        `${scenario.engine}, ${scenario.name}, ${scenario.mode}; MB\n  ${heads.join('')}\n`,
      )
    }
    const { name, engine, mode } = scenario
    soaked.push({ name, engine, mode, samples: await soak(scenario, file) })
  }
  return soaked
}

let soaked: readonly Soaked[]
try {
  soaked = values.from === undefined ? await measured() : recorded(placed(values.from))
} finally {
  server.close()
  rmSync(folder, { recursive: true, force: true })
}
if (values.write !== undefined) {
  const docs = placed(values.write)
  writeFileSync(join(docs, 'soak.svg'), chart(soaked))
  const file = join(docs, 'soak.md')
  writeFileSync(file, page(readFileSync(file, 'utf8'), soaked))
}
if (values.json) {
  const rows = soaked.map(({ name, mode, samples: found }) => ({ name, mode, last: found.at(-1) }))
  process.stdout.write(`${JSON.stringify({ summary: { calls, scenarios: rows } })}\n`)
}
