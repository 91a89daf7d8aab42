import { boundarySubjects } from './boundary.ts'
import { interleaved } from './measure.ts'
import type { Budget, Subject } from './measure.ts'
import type { Report, Summary } from './report.ts'
import { stockJco } from './stock.ts'
import { compiledThree, typescriptThree } from './workloads.ts'

interface Row {
  readonly name: string
  readonly baseline_us: number
  readonly ours_us: number
  readonly added_us: number
  readonly ratio: number
  readonly n: number
  readonly spread: readonly [number, number]
}

/** What crossings and their recording cost, over the same component with nothing between. */
export async function boundaryBench({ rounds, seconds }: Budget, report: Report): Promise<Summary> {
  const compiled = compiledThree()
  const typescript = await typescriptThree()
  const rows: Row[] = []
  const show = (row: Row): void => {
    rows.push(row)
    const { name, baseline_us: base, ours_us: ours, added_us: added, ratio, spread } = row
    const cells = [base, ours, added].map((us) => us.toFixed(2).padStart(9))
    report.row(
      { ...row },
      `${name.padEnd(52)}${cells.join('')}${ratio.toFixed(2).padStart(8)}   ${spread.map((us) => us.toFixed(2)).join('–')}`,
    )
  }
  report.text(`${'µs per call, median of rounds'.padEnd(52)} baseline     ours    added   ratio   spread`)

  const workloads = [
    {
      workload: compiled.workload,
      stock: () =>
        stockJco(
          compiled.workload.bytes,
          { 'test:three/host': compiled.host },
          (guest: { call(n: number): number }) => guest.call(1),
        ),
    },
    {
      workload: typescript.workload,
      stock: () =>
        stockJco(
          typescript.workload.bytes,
          { 'theater:actor/log': typescript.host },
          (actor: Record<string, { handleRequest(...args: readonly unknown[]): unknown }>) => {
            actor[typescript.responder]?.handleRequest(...typescript.workload.args)
          },
        ),
    },
  ] as const

  for (const { workload, stock } of workloads) {
    const subjects: Subject[] = [...(await boundarySubjects(workload)), await stock()]
    const { figures, n } = await interleaved(subjects, { rounds, seconds: seconds / workloads.length })
    const [baseline, ...others] = figures
    for (const ours of others) {
      const base = baseline?.median ?? NaN
      show({
        name: `${workload.name}: ${ours.name}`,
        baseline_us: base,
        ours_us: ours.median,
        added_us: ours.median - base,
        ratio: ours.median / base,
        n,
        spread: [ours.min, ours.max],
      })
    }
    for (const subject of subjects) await subject.close?.()
  }
  const summary = {
    rounds,
    compiled_added_us_per_crossing: (rows[0]?.added_us ?? NaN) / compiled.workload.crossings,
    typescript_ratio: rows.find(({ name }) => name.startsWith('TypeScript'))?.ratio,
  }
  report.text(
    `recording in memory adds ${summary.compiled_added_us_per_crossing.toFixed(2)} µs per crossing to the compiled guest, ` +
      `${(((summary.typescript_ratio ?? NaN) - 1) * 100).toFixed(0)} % to the TypeScript call`,
  )
  return summary
}
