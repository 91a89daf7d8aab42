// What recording adds to a call of a TypeScript actor, and to each crossing of a compiled guest.
import { boundarySubjects } from './boundary.ts'
import { interleaved } from './measure.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'
import { compiledThree, typescriptThree } from './workloads.ts'

/** At most so much is to be added: to the TypeScript call, of what it takes, and to a crossing, in microseconds. */
const AIMS = { typescript: 0.15, crossing: 2 }

/** Times calls that are recorded in memory, against the same with the handlers called directly. */
export async function recordingRows({ rounds, seconds }: Budget, report: Report): Promise<Summary> {
  report.text(
    `\n${'recording in memory, against none: µs per call'.padEnd(56)}${['none', 'recorded', 'adds', 'aim'].map((head) => head.padStart(10)).join('')}`,
  )
  const budget = { rounds, seconds: seconds / 2 }
  const compiled = compiledThree().workload
  const typescript = (await typescriptThree()).workload
  const summary: Record<string, number> = {}
  for (const workload of [typescript, compiled]) {
    const subjects = await boundarySubjects(workload)
    const compared = subjects.filter(({ name }) => name === 'direct' || name === 'recorded in memory')
    const { figures, n } = await interleaved(compared, budget)
    const [baseline_us = NaN, ours_us = NaN] = figures.map(({ median }) => median)
    for (const subject of subjects) await subject.close?.()
    const added = ours_us - baseline_us
    const [name, adds, aim, text] =
      workload === typescript
        ? ['recording adds to the TypeScript call, of it', added / baseline_us, AIMS.typescript, percent]
        : [
            'recording adds to a crossing of a compiled guest, µs',
            added / workload.crossings,
            AIMS.crossing,
            microseconds,
          ]
    report.row(
      { name, baseline_us, ours_us, adds, aim, n },
      `${name.padEnd(56)}${[baseline_us, ours_us].map((us) => us.toFixed(2).padStart(10)).join('')}${text(adds).padStart(10)}${text(aim).padStart(10)}`,
    )
    summary[name] = adds
  }
  return summary
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`
const microseconds = (us: number): string => us.toFixed(2)
