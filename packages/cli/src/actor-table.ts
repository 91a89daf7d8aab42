import type { Store } from '@theater/event-chain'
import { printable } from '@theater/handler-log'
import type { Output, Style } from './output.ts'
import { actorRow, rowJson } from './records.ts'
import type { ActorRow, RecordedState } from './records.ts'
import { count, table } from './table.ts'

const looks: Readonly<Record<RecordedState, Style>> = {
  idle: 'green',
  running: 'cyan',
  unfinished: 'yellow',
  stopped: 'dim',
  failed: 'red',
  imported: 'dim',
}

/** Prints every actor of a store: a table, or with --json an object a line. @param hosted whether a process runs them now */
export async function printActors(store: Store, output: Output, hosted: boolean): Promise<void> {
  const rows: ActorRow[] = []
  for (const info of await store.list()) {
    const row = await actorRow(store, info, hosted)
    if (output.json) await output.result(rowJson(row), () => '')
    else rows.push(row)
  }
  if (output.json) return
  if (rows.length === 0) {
    output.note('no actors')
    return
  }
  const family = rows.some(({ parent }) => parent !== null)
  const columns = [
    { title: 'ACTOR' },
    ...(family ? [{ title: 'PARENT' }] : []),
    { title: 'STATE' },
    { title: 'EVENTS', align: 'right' },
    { title: 'HEAD' },
    { title: 'COMPONENT' },
  ] as const
  const cells = rows.map(({ actor, parent, state, events, head, component }) => [
    output.style('bold', printable(actor)),
    ...(family ? [printable(parent ?? '–')] : []),
    output.style(looks[state], state),
    count(events),
    short(head),
    component === null ? 'withheld' : short(component.slice('sha256:'.length)),
  ])
  await output.text(table(columns, cells, (text) => output.style('dim', text)))
  for (const { actor, failure } of rows) {
    if (failure !== null) await output.text(`${output.style('bold', printable(actor))}: ${failure}`)
  }
}

/** The beginning of a digest: enough to tell two apart at a glance. */
export function short(digest: string): string {
  return digest.slice(0, 12)
}
