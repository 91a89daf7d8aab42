import { plainCounters, theaterCounters } from './counters.ts'
import { durableRows } from './durable.ts'
import type { Budget } from './measure.ts'
import { peersInstalled, restateCounters, workerdCounters } from './peers.ts'
import type { Report, Summary } from './report.ts'

/** The same durable counter on Theater and on others, over one in plain Node. */
export async function peersBench(budget: Budget, report: Report): Promise<Summary> {
  if (!peersInstalled()) {
    process.stderr.write('what is compared with is not installed: use pnpm bench:peers\n')
    process.exit(2)
  }
  report.text(`${''.padEnd(72)} baseline      ours    ratio`)
  const makes = [
    plainCounters,
    (stack: AsyncDisposableStack, folder: string) => theaterCounters(stack, folder, 'disk'),
    restateCounters,
    workerdCounters,
  ]
  return durableRows(makes, budget, (row) => {
    const { name, baseline, ours, ratio } = row
    const cells = [baseline, ours].map((figure) => figure.toFixed(2).padStart(10))
    report.row({ ...row }, `${name.padEnd(71)}${cells.join('')}${ratio.toFixed(2).padStart(9)}`)
  })
}
