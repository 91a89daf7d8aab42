/**
 * The typed boundary of a component: live it authorises, performs and records every crossing; on a re-run it answers
 * from the record and compares.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { Boundary, DERIVE_VERSION, resolveImports, segments } from '@theater/boundary'
 * import type { TheaterEvent } from '@theater/boundary'
 * import { loadComponent } from '@theater/component/node'
 * import { ChainWriter, encodeContent, FORMAT, memoryStore, readEvents } from '@theater/event-chain'
 * import { saltPool } from '@theater/event-chain/node'
 * import { defineHandler } from '@theater/handler'
 * import { cidOf, encodeModel, sha256 } from '@theater/values'
 *
 * const track = 'test:spine/host'
 * const binding = {
 *   imports: {
 *     [track]: {
 *       add: async (a: number, b: number) => a + b,
 *       '[constructor]counter': (value: number) => ({ bump: (by: number) => (value += by) }),
 *     },
 *   },
 * }
 * const handler = defineHandler({
 *   name: 'spine',
 *   interfaces: [track],
 *   grant: { type: 'object', additionalProperties: false },
 *   functions: {
 *     [`${track}#add`]: { mode: 'async', effect: 'idempotent', ask: ({ args }) => ({ add: Number(args[1]) }) },
 *     [`${track}#[constructor]counter`]: { mode: 'sync', effect: 'none' },
 *     [`${track}#[method]counter.bump`]: { mode: 'sync', effect: 'read' },
 *   },
 *   within: () => true,
 *   authorize: () => true,
 *   bind: () => binding,
 * })
 *
 * // Which imports wait is up to the handlers; what is compiled depends on it.
 * const file = new URL('../../../tooling/guests/wat/spine.wasm', import.meta.url)
 * const component = await loadComponent(await readFile(file))
 * const { asyncImports } = resolveImports(component.model, [handler], { spine: {} })
 * const actor = { id: 'spine', parent: null }
 * const time = Date.now()
 * const seed = crypto.getRandomValues(new Uint8Array(32))
 *
 * const store = memoryStore()
 * const genesis = encodeContent('genesis', {
 *   actor: actor.id,
 *   cause: null,
 *   component: cidOf('raw', component.digest),
 *   derive: DERIVE_VERSION,
 *   format: FORMAT,
 *   grants: { spine: {} },
 *   jco: component.jco,
 *   limits: {},
 *   meter: null,
 *   nan: 'canonical',
 *   params: null,
 *   parent: actor.parent,
 *   theater: '0.1.0',
 *   time,
 *   wit: cidOf('dag-cbor', sha256(encodeModel(component.model))),
 * })
 * const recorder = ChainWriter.create({ store, salts: saltPool(), label: actor.id, genesis })
 * recorder.append('seed', encodeContent('seed', { seed }))
 *
 * const live = new Boundary({
 *   component,
 *   prepared: await component.prepare({ mode: 'jspi', asyncImports }),
 *   actor,
 *   time,
 *   seed,
 *   live: {
 *     recorder,
 *     links: new Map([[track, { handler, binding, grant: {} }]]),
 *     now: () => Date.now(),
 *     leave: () => {},
 *     callTimeoutMs: 30_000,
 *     signal: new AbortController().signal,
 *   },
 * })
 * await live.instantiate([])
 * for (const args of [[3], [2]]) {
 *   const end = await live.turn({ fn: 'run', args, sender: null, cause: null })
 *   if (end.tag === 'return') console.log(`run(${args.join()}) = ${String(end.value)}`)
 * }
 * await recorder.flush()
 *
 * const events: TheaterEvent[] = []
 * for await (const event of readEvents(store, recorder.chain)) if (event.content !== null) events.push(event)
 * console.log(events.map(({ kind }) => kind).join(' '))
 *
 * // Again, with nobody there, and on the sync plan: the record answers, and is held against what the component does.
 * const prepared = await component.prepare({ mode: 'sync' })
 * const again = new Boundary({ component, prepared, actor, time, seed })
 * for await (const segment of segments(events)) {
 *   if (segment.kind === 'start') again.instantiateSync(segment.events, segment)
 *   if (segment.kind === 'turn') console.log('again:', again.rerunSync(segment.turn, segment.events).tag)
 * }
 * ```
 *
 * @module
 */
export { Boundary } from './boundary.ts'
export type { Allowance } from './fuel.ts'
export { meteredAlike, meteringOf, meterName } from './metering.ts'
export type { BoundaryOptions, InstantiateOptions } from './boundary.ts'
export { functionsOf } from './functions.ts'
export type { Functions, FunctionsParts } from './functions.ts'
export { BoundaryError } from './errors.ts'
export type { BoundaryErrorCode } from './errors.ts'
export type { Ended } from './state.ts'
export { DERIVE_VERSION } from './clock.ts'
export { misfits } from './contract.ts'
export type { Misfit } from './contract.ts'
export { resolveImports } from './resolve.ts'
export type { Resolution, Served, Unmet } from './resolve.ts'
export { isLive, liveHandler } from './live-rules.ts'
export { isOutside, otherEnd, queueRule } from './rules.ts'
export type {
  ChannelStep,
  HandedRule,
  MessageRule,
  QueueRule,
  Said,
  SetTimer,
  SubscriptionRule,
  TimerRule,
  TimerStep,
} from './rules.ts'
export { trackName, trackOf } from './track.ts'
export { depart } from './turn-rules.ts'
export type { Way } from './turn-rules.ts'
export type {
  Actual,
  Departed,
  Departure,
  Divergence,
  EventRef,
  GuestHandle,
  Handed,
  HostHandle,
  Link,
  Live,
  Recorder,
  Stage,
  Subscribed,
  TheaterEvent,
  TimerChanged,
  TurnEnd,
  TurnRequest,
} from './types.ts'
export { segments } from './segments.ts'
export { decodeSnapshot, encodeSnapshot, largestSnapshot, snapshotPieces } from './snapshot-bytes.ts'
export type { SnapshotParts, SnapshotPieces } from './snapshot-bytes.ts'
export type { FirstMemory, NoSnapshot, NoSnapshotCode, Snapshot, SnapshotKey } from './snapshot.ts'
export type { GuestImage, HandleImage, HandlesImage } from './handles.ts'
export type { ClockImage } from './clock.ts'
export type { Segment } from './segments.ts'
