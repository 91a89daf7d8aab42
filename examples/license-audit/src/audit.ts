import { printable } from '@theater/handler-log'
import type { Finding } from '../actors/finding.ts'
import { kinds } from '../actors/finding.ts'
import type { Summary } from '../actors/protocol.ts'
import { clock, counted } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import type { Stage } from './stage.ts'
import type { Status, Watch } from './watch.ts'

const looks = {
  none: 'red',
  'strong copyleft': 'red',
  'weak copyleft': 'yellow',
  unclear: 'magenta',
  permissive: 'green',
} as const

/** Waits until the audit is over. */
export async function audit(stage: Stage, watch: Watch, screen: Screen): Promise<Status> {
  const time = clock()
  await stage.idle()
  const status = (await stage.ask('auditor', 'status')) as Status
  if (status.report === null) {
    throw new Error(`the audit ended with ${status.left} packages left. --fresh begins a new one.`)
  }
  if (watch.audited > 0) screen.line(`${counted(watch.audited, 'package')} read, one turn each, in ${time()}`)
  return status
}

/** Prints what was found. */
export async function show(stage: Stage, { flagged }: Status, screen: Screen): Promise<void> {
  const summary = (await stage.ask('reporter', 'summary')) as Summary
  screen.line()
  const licences = Object.entries(summary.licences).toSorted(
    ([a, one], [b, other]) => other - one || (a < b ? -1 : 1),
  )
  const most = licences[0]?.[1] ?? 1
  const rows = licences.slice(0, 20).map(([licence, count]) => {
    return [short(licence), String(count), screen.style('cyan', '▇'.repeat(Math.ceil((count / most) * 40)))]
  })
  screen.table(['LICENCE', 'PACKAGES>', ''], rows)
  if (licences.length > 20) screen.line(`and ${licences.length - 20} more`)
  screen.line()
  const counts = kinds
    .map((kind) => ({ kind, count: summary.kinds[kind] ?? 0 }))
    .filter(({ count }) => count > 0)
  const parts = counts.map(({ kind, count }) =>
    screen.style(looks[kind], `${count} ${kind === 'none' ? 'without a licence' : kind}`),
  )
  screen.line(`${screen.style('bold', counted(summary.packages, 'package'))}: ${parts.join(', ')}`)
  if (flagged.length > 0) {
    screen.line()
    screen.table(['TO LOOK AT', 'LICENCE', 'KIND', ''], sorted(flagged).slice(0, 30).map(row(screen)))
    if (flagged.length > 30) screen.line(`and ${flagged.length - 30} more, in the report`)
  }
}

function sorted(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ kind, name }: Finding): string => `${kinds.indexOf(kind)} ${name}`
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

function row(screen: Screen): (finding: Finding) => readonly string[] {
  return ({ name, version, licence, kind, note }) => {
    const found = licence === '' ? '–' : short(licence)
    const words = screen.style('dim', printable(note))
    return [short(`${name} ${version}`), found, screen.style(looks[kind], kind), words]
  }
}

/** A package's words, so that they fit into a column and no terminal obeys them. */
function short(text: string): string {
  const safe = printable(text)
  return safe.length > 44 ? `${safe.slice(0, 43)}…` : safe
}
