import type { Counters } from './counters.ts'
import { plainCounters, theaterCounters } from './counters.ts'
import { durableRows } from './durable.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'

/** Requests to durable TypeScript counters, against one transaction each in plain Node. */
export async function durableBench(budget: Budget, report: Report): Promise<Summary> {
  report.text(`${'durable HTTP requests, against plain Node'.padEnd(58)} baseline      ours    ratio`)
  const onDisk = (stack: AsyncDisposableStack, folder: string): Promise<Counters> =>
    theaterCounters(stack, folder, 'disk')
  return durableRows([plainCounters, onDisk], budget, (row) => {
    const { name, baseline, ours, ratio } = row
    const cells = [baseline, ours].map((figure) => figure.toFixed(2).padStart(10))
    report.row({ ...row }, `${name.padEnd(57)}${cells.join('')}${ratio.toFixed(2).padStart(9)}`)
  })
}
