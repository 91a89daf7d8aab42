import { filesRows } from './files.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'

/** What the handlers cost over the same work in plain Node. */
export async function handlersBench(budget: Budget, report: Report): Promise<Summary> {
  report.text(`${'MiB per second'.padEnd(46)}  baseline      ours    ratio`)
  return filesRows(budget, (row) => {
    const { name, baseline, ours, ratio } = row
    const cells = [baseline, ours].map((figure) => figure.toFixed(1).padStart(10))
    report.row({ ...row }, `${name.padEnd(46)}${cells.join('')}${ratio.toFixed(3).padStart(9)}`)
  })
}
