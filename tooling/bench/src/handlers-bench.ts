import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filesRows } from './files.ts'
import { httpRows } from './http.ts'
import { interleaved } from './measure.ts'
import type { Budget } from './measure.ts'
import { messagePairs } from './messages.ts'
import type { Report, Summary } from './report.ts'
import { storePairs } from './store.ts'

/** One line of the outcome: so many in a second. */
interface Row {
  readonly name: string
  readonly baseline: number
  readonly ours: number
  readonly ratio: number
  readonly n: number
}

/** What the handlers cost over the same work in plain Node: files, http, blobs, messages. */
export async function handlersBench({ rounds, seconds }: Budget, report: Report): Promise<Summary> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const show = (row: Row): void => {
    const cells = [row.baseline, row.ours].map((figure) => figure.toFixed(1).padStart(12))
    report.row({ ...row }, `${row.name.padEnd(66)}${cells.join('')}${row.ratio.toFixed(3).padStart(9)}`)
  }
  const head = (what: string): void =>
    report.text(`${what.padEnd(66)}${'baseline'.padStart(12)}${'ours'.padStart(12)}${'ratio'.padStart(9)}`)
  const budget = { rounds, seconds: seconds / 4 }

  head('MiB per second')
  const files = await filesRows(budget, show)
  head('http')
  const http = await httpRows(budget, (row) => show({ ...row, name: `http ${row.name}` }))
  head('a second')
  const pairs = [...(await storePairs(stack, folder)), ...(await messagePairs(stack, folder))]
  const others: Record<string, number> = {}
  for (const { name, pair } of pairs) {
    const { figures, n } = await interleaved(pair, { rounds, seconds: seconds / 2 / pairs.length })
    const [baseline = NaN, ours = NaN] = figures.map(({ median }) => 1e6 / median)
    show({ name, baseline, ours, ratio: ours / baseline, n })
    others[name] = ours / baseline
  }
  const served = Object.entries(http).filter(([name]) => name !== 'rounds')
  return {
    ...files,
    ...Object.fromEntries(served.map(([name, ratio]) => [`http ${name}`, ratio])),
    ...others,
  }
}
