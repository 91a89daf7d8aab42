import type { ChainInfo, LoggedStore } from '@theater/event-chain'
import { tombstonesOf } from '@theater/event-chain/log'
import { keptSnapshot, whyNoSnapshot } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import { recordedTimers } from '@theater/runtime'
import type { TimerInfo } from '@theater/runtime'
import { memoryOf } from './actor-table.ts'
import { dataPaths, findActor, readChains } from './data-folder.ts'
import { exits } from './exits.ts'
import { isLocked } from './lock.ts'
import type { Output } from './output.ts'
import { actorRow, rowJson } from './records.ts'
import type { ActorRow, RecordedState } from './records.ts'
import { askResidency } from './residency.ts'
import type { Memory } from './residency.ts'
import { count, counted, table } from './table.ts'
import { rowOf, timerTable } from './timers.ts'

/** The snapshot of an actor, or why there is none: what `theater inspect --json` prints of it. */
interface SnapshotView {
  /** Of how many events it is, and how many bytes it takes; null for none. */
  readonly snapshot: { readonly events: number; readonly bytes: number } | null
  /** Why there is none, or none of more events; null where nothing hindered it. */
  readonly noSnapshot: { readonly code: NoSnapshot; readonly message: string } | null
}

/**
 * Why there is no snapshot.
 *
 * - `imported`, `ended`: nobody goes on with the actor.
 * - `redacted`: a body of its record was erased, and a snapshot could have what it said.
 * - `refused`: something about the instance cannot be kept, and the message says what.
 * - `not-yet`: it is not time for one.
 */
type NoSnapshot = 'imported' | 'ended' | 'redacted' | 'refused' | 'not-yet'

/**
 * `theater inspect ACTOR`: how durable an actor is, which events are in files, from where it is brought back, and the timers that it has. Nothing is run, and whoever
 * runs it now is not disturbed.
 */
export async function inspectActor(
  id: string,
  { data }: { readonly data: string },
  output: Output,
): Promise<number> {
  await using store = await readChains(data)
  const info = await findActor(store, id, data)
  const paths = dataPaths(data)
  const hosted = isLocked(paths.lock)
  const row = await actorRow(store, info, hosted)
  const memory = memoryOf(row, hosted ? await askResidency(paths) : new Map())
  const view = await snapshotView(store, info, row.state)
  const timers = (await recordedTimers(store, info.label)).toSorted((a, b) => a.due - b.due)
  const json = {
    ...(rowJson(row) as ActorRow),
    memory,
    durability: info.durability ?? null,
    archived: (info.archived?.parts ?? []).map(({ from, to, file }) => ({ from, to, file })),
    snapshot: view.snapshot,
    noSnapshot: view.noSnapshot,
    timers: timers.map(rowOf),
  }
  await output.result(json, () => describe({ ...row, memory }, info, view, timers, output))
  return exits.done
}

async function snapshotView(
  store: LoggedStore,
  info: ChainInfo,
  state: RecordedState,
): Promise<SnapshotView> {
  const kept = await keptSnapshot(store.caches, info.chain)
  const refused = await whyNoSnapshot(store.caches, info.chain)
  const snapshot = kept === undefined ? null : { events: kept.size, bytes: kept.kept }
  const none = (code: NoSnapshot, message: string): SnapshotView => ({
    snapshot,
    noSnapshot: { code, message },
  })
  if (refused !== undefined && refused.size > (kept?.size ?? 0)) return none('refused', refused.why)
  if (kept !== undefined) return { snapshot, noSnapshot: null }
  if (state === 'imported') return none('imported', 'nobody here goes on with it')
  if (state === 'stopped' || state === 'failed') return none('ended', 'it has ended')
  if ((await tombstonesOf(store, info.chain)).length > 0)
    return none('redacted', 'a body of its record was erased, and a snapshot could have what it said')
  return none('not-yet', `none was taken of ${counted(info.size, 'event')} so far`)
}

function describe(
  { actor, state, memory, events, component, failure }: ActorRow & { readonly memory: Memory | null },
  { durability, archived }: ChainInfo,
  { snapshot, noSnapshot }: SnapshotView,
  timers: readonly TimerInfo[],
  output: Output,
): string {
  const gone = state === 'stopped' || state === 'failed' || state === 'imported'
  const after = snapshot === null ? events : events - snapshot.events
  const taken =
    snapshot === null ? 'none' : `of ${counted(snapshot.events, 'event')}, ${count(snapshot.bytes)} bytes`
  const rows = [
    ['state', failure === null ? state : `${state}: ${printable(failure)}`],
    [
      'events',
      gone ? count(events) : `${count(events)}, of which ${count(after)} are re-run to bring it back`,
    ],
    ...(gone ? [] : [['memory', memory ?? 'not known']]),
    ['durability', durability ?? 'as its host says'],
    ...(archived?.parts ?? []).map(({ from, to, file }) => [
      'archived',
      `${count(from)} to ${count(to - 1)}, in ${printable(file)}`,
    ]),
    ['snapshot', noSnapshot === null ? taken : `${taken}: ${printable(noSnapshot.message)}`],
  ]
  return [
    `${output.style('bold', printable(actor))}  ${component ?? 'withheld'}`,
    table([{ title: 'ACTOR' }, { title: 'WHAT' }], rows, (text) => output.style('dim', text)),
    '',
    timers.length === 0 ? 'no timers' : timerTable(timers, output),
  ].join('\n')
}
