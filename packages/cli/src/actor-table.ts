import type { Store } from '@theater/event-chain'
import { printable } from '@theater/handler-log'
import type { Output, Style } from './output.ts'
import { actorRow, rowJson } from './records.ts'
import type { ActorRow, RecordedState } from './records.ts'
import type { Memory } from './residency.ts'
import { count, table } from './table.ts'

const looks: Readonly<Record<RecordedState, Style>> = {
  idle: 'green',
  running: 'cyan',
  unfinished: 'yellow',
  stopped: 'dim',
  failed: 'red',
  imported: 'dim',
}

/**
 * Prints every actor of a store: a table, or with --json an object a line.
 *
 * @param hosted whether a process runs them now
 * @param places where the actors are that it runs, or that it does not say; left out where that is not asked
 */
export async function printActors(
  store: Store,
  output: Output,
  hosted: boolean,
  ...places: [] | [ReadonlyMap<string, Memory> | undefined]
): Promise<void> {
  const rows: (ActorRow & { readonly memory?: Memory | null })[] = []
  for (const info of await store.list()) {
    const row = await actorRow(store, info, hosted)
    const placed = places.length === 0 ? row : { ...row, memory: memoryOf(row, places[0]) }
    if (output.json) await output.result(rowJson(placed), () => '')
    else rows.push(placed)
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
    ...(places.length > 0 ? [{ title: 'MEMORY' }] : []),
    { title: 'EVENTS', align: 'right' },
    { title: 'HEAD' },
    { title: 'COMPONENT' },
  ] as const
  const cells = rows.map(({ actor, parent, state, memory, events, head, component }) => [
    output.style('bold', printable(actor)),
    ...(family ? [printable(parent ?? '–')] : []),
    output.style(looks[state], state),
    ...(places.length > 0 ? [memory ?? '–'] : []),
    count(events),
    short(head),
    component === null ? 'withheld' : short(component.slice('sha256:'.length)),
  ])
  await output.text(table(columns, cells, (text) => output.style('dim', text)))
  for (const { actor, failure } of rows) {
    if (failure !== null) await output.text(`${output.style('bold', printable(actor))}: ${failure}`)
  }
}

/** Where an actor is; null for one that nobody goes on with, and where the process that runs it does not say. */
export function memoryOf(
  { actor, state }: ActorRow,
  places: ReadonlyMap<string, Memory> | undefined,
): Memory | null {
  const goesOn = state === 'idle' || state === 'running' || state === 'unfinished'
  if (!goesOn || places === undefined) return null
  return places.get(actor) ?? 'not-opened'
}

/** The beginning of a digest: enough to tell two apart at a glance. */
export function short(digest: string): string {
  return digest.slice(0, 12)
}
