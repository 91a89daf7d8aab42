import { durableBench } from './durable-bench.ts'
import { appending, verifying } from './chain-append.ts'
import { killed, TURNS } from './chain-killed.ts'
import { recordingRows } from './chain-recording.ts'
import { steps } from './chain-steps.ts'
import { interleaved } from './measure.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'

/** Events of the record whose structure is verified; a million where there are minutes for it. */
const LONG = { quick: 100_000, whole: 1_000_000 }

/** What the chain costs, as ratios to what the machine does in the same run. */
export async function chainBench({ rounds, seconds }: Budget, report: Report): Promise<Summary> {
  await using stack = new AsyncDisposableStack()
  const summary: Record<string, number> = { rounds }
  const head = (what: string): void =>
    report.text(`${what.padEnd(56)}${'a second'.padStart(12)}${'ratio'.padStart(9)}${'aim'.padStart(10)}`)
  const show = (
    name: string,
    figures: { readonly rate: number; readonly ratio: number; readonly aim?: number; readonly n: number },
  ): void => {
    const { rate, ratio, aim } = figures
    const cells = [
      rate.toFixed(0).padStart(12),
      ratio.toFixed(3).padStart(9),
      (aim?.toString() ?? '').padStart(10),
    ]
    report.row({ name, ...figures }, `${name.padEnd(56)}${cells.join('')}`)
    summary[name] = rate
  }

  head('events appended, against four sha-256 alone')
  const { subjects, bytesPerEvent } = await appending(stack)
  const aims: Readonly<Record<string, number>> = {
    'memory, tree': 100_000,
    'SQLite, 64 actors at once, tree': 60_000,
  }
  const appended = await interleaved(subjects, { rounds, seconds: seconds / 3, least: 10_000 })
  const limit = appended.figures[0]?.median ?? NaN
  for (const { name, median } of appended.figures) {
    const aim = aims[name]
    show(name, {
      rate: 1e6 / median,
      ratio: limit / median,
      n: appended.n,
      ...(aim !== undefined && { aim }),
    })
  }

  const events = seconds >= 60 ? LONG.whole : LONG.quick
  head(`events of ${events} verified by structure`)
  const verified = await interleaved(await verifying(stack, events), { rounds, seconds: seconds / 4 })
  for (const { name, median } of verified.figures)
    show(name, { rate: 1e6 / median, ratio: limit / median, aim: 150_000, n: verified.n })

  head('steps, against two commits each in plain Node')
  const walked = await interleaved(await steps(stack), { rounds, seconds: seconds / 8, least: 2000 })
  const plain = walked.figures[0]?.median ?? NaN
  for (const [i, { name, median }] of walked.figures.entries()) {
    const figures = { rate: 1e6 / median, ratio: plain / median, n: walked.n }
    show(name, i === 0 ? figures : { ...figures, aim: 15_000 })
  }

  const recording = await recordingRows({ rounds, seconds: seconds / 6 }, report)

  report.text('')
  const durable = await durableBench({ rounds, seconds: seconds / 4 }, report)

  const { nodeMs, firstAnswerMs, uncachedMs } = await killed(Math.min(rounds, 7))
  const ratio = firstAnswerMs / nodeMs
  report.row(
    { name: 'kill -9 to first answer', turns: TURNS, nodeMs, firstAnswerMs, uncachedMs, ratio, aim: 150 },
    `\nkill -9 to the first answer of an actor with ${TURNS} turns: ${firstAnswerMs.toFixed(0)} ms (aim 150), without Node's compile cache ${uncachedMs.toFixed(0)}; of a line by Node alone: ${nodeMs.toFixed(0)} ms`,
  )

  const bytes = bytesPerEvent()
  report.row({ name: 'bytes per event, SQLite', bytes }, `${bytes.toFixed(0)} bytes an event in SQLite`)
  return {
    ...summary,
    ...recording,
    ...durable,
    'kill -9 to first answer, ms': firstAnswerMs,
    'bytes per event': bytes,
  }
}
