import { httpRows } from './http.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'

/** What an actor that answers, and one that asks, costs over a plain server and a plain fetch. */
export async function httpBench(budget: Budget, report: Report): Promise<Summary> {
  report.text(`${''.padEnd(66)} baseline      ours    ratio`)
  return httpRows(budget, (row) => {
    const { name, baseline, ours, ratio } = row
    const cells = [baseline, ours].map((figure) => figure.toFixed(2).padStart(10))
    report.row({ ...row }, `${name.padEnd(65)}${cells.join('')}${ratio.toFixed(2).padStart(9)}`)
  })
}
