// `pnpm bench [--only NAME] [--rounds N] [--seconds N] [--json]`
import { parseArgs } from 'node:util'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'

/** The benchmarks by name; each is loaded when it is asked for. */
const benchmarks: Readonly<Record<string, (budget: Budget, report: Report) => Promise<Summary>>> = {
  boundary: async (...given) => (await import('./boundary-bench.ts')).boundaryBench(...given),
  meter: async (...given) => (await import('./meter-bench.ts')).meterBench(...given),
  http: async (...given) => (await import('./http-bench.ts')).httpBench(...given),
  handlers: async (...given) => (await import('./handlers-bench.ts')).handlersBench(...given),
  chain: async (...given) => (await import('./chain-bench.ts')).chainBench(...given),
  durable: async (...given) => (await import('./durable-bench.ts')).durableBench(...given),
  idle: async (...given) => (await import('./idle-bench.ts')).idleBench(...given),
  loopers: async (...given) => (await import('./loopers-bench.ts')).loopersBench(...given),
  peers: async (...given) => (await import('./peers-bench.ts')).peersBench(...given),
  thread: async (...given) => (await import('./thread-bench.ts')).threadBench(...given),
}

const names = Object.keys(benchmarks)
const help = `pnpm bench [--only NAME] [--rounds N] [--seconds N] [--json]

  --only NAME   one benchmark: ${names.join(', ')} (default boundary)
  --rounds N    interleaved rounds, 7 at least for a figure that is quoted (default 7)
  --seconds N   how long to measure, builds and starts not counted (default 30)
  --json        one object a line, the last {"summary": …}
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'boundary' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const run = Object.hasOwn(benchmarks, values.only) ? benchmarks[values.only] : undefined
if (values.help || run === undefined || !Number.isInteger(rounds) || rounds < 1 || !(seconds > 0)) {
  process.stdout.write(help)
  process.exit(values.help ? 0 : 2)
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const summary = await run(
  { rounds, seconds },
  {
    row: (row, text) => say(values.json ? JSON.stringify(row) : text),
    text: (line) => {
      if (!values.json) say(line)
    },
  },
)
if (values.json) say(JSON.stringify({ summary }))
process.exit(0)
