/**
 * `pnpm types:matrix [--json] [--seconds N] [--random N] [--seed N] [--only TEXT]`: proves, type by type, that what
 * crosses the boundary is recorded and comes back. Exit code 0 only if every line holds.
 */
import { parseArgs } from 'node:util'
import { holds, matrix } from './matrix.ts'
import type { Line } from './matrix.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '30' },
    random: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})
const started = performance.now()
const seconds = Number(values.seconds)
const options = {
  random: Number(values.random),
  seed: Number(values.seed),
  // What is begun must also end within the time.
  deadline: started + seconds * 950,
  only: values.only,
}
const summary = { lines: 0, hold: 0, types: 0, refused: 0, seed: options.seed, random: options.random }
const types = new Set<string>()

/** For people: what does not hold, and not the same of one type again and again. */
let said = ''

function print(line: Line): void {
  const { type, direction, nesting, detail = 'no' } = line
  if (values.json) console.log(JSON.stringify(line))
  else if (!holds(line) && said !== type + detail) console.log(`${type} ${direction} ${nesting}: ${detail}`)
  if (!holds(line)) said = type + detail
}

for await (const line of matrix(options)) {
  summary.lines++
  if (holds(line)) summary.hold++
  if (line.refused === true) summary.refused++
  types.add(line.type)
  print(line)
}
summary.types = types.size
const ms = Math.round(performance.now() - started)
if (values.json) console.log(JSON.stringify({ summary: { ...summary, ms } }))
else console.log(`${summary.hold} of ${summary.lines} hold, ${summary.types} types, ${ms} ms`)
process.exitCode = summary.lines > 0 && summary.hold === summary.lines ? 0 : 1
